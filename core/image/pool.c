/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/image/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/i18n.h"

#define MOST_THREADS 16
#define STACK_BYTES  (512U << 10)

struct job {
	unsigned char *raw, *packed;
	size_t len, packed_len; /* packed_len 0: stored as it is */
	bool done;
};

struct image_pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool stop;
	bool raw; /* the image has its data uncompressed */
	struct job *jobs;
	size_t count;
	/* Jobs ever submitted, taken by a worker, released; job n is jobs[n % count]. */
	uint64_t submitted, taken, released;
	pthread_t threads[MOST_THREADS];
	struct image_codec *codecs[MOST_THREADS];
	unsigned running;
};

struct start {
	struct image_pool *pool;
	struct image_codec *codec;
};

static void *worker(void *arg)
{
	struct start start = *(struct start *)arg;
	struct image_pool *pool = start.pool;

	free(arg);
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct job *job;
		size_t n;

		while (!pool->stop && pool->taken == pool->submitted)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->stop)
			break;
		job = &pool->jobs[pool->taken++ % pool->count];
		pthread_mutex_unlock(&pool->lock);
		n = pool->raw ? 0 : image_encode(start.codec, job->raw, job->len, job->packed);
		pthread_mutex_lock(&pool->lock);
		job->packed_len = n;
		job->done = true;
		pthread_cond_signal(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned processors(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}

/* Signals are for the threads of the caller. */
static int start_one(struct image_pool *pool)
{
	struct start *start = malloc(sizeof(*start));
	pthread_attr_t attr;
	sigset_t all, old;
	int ret;

	if (!start)
		return -ENOMEM;
	*start = (struct start){pool, pool->codecs[pool->running]};
	ret = -pthread_attr_init(&attr);
	if (ret) {
		free(start);
		return ret;
	}
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&pool->threads[pool->running], &attr, worker, start);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (ret)
		free(start);
	else
		pool->running++;
	return ret;
}

static int start_all(struct image_pool *pool, const struct image *img, unsigned threads,
		     struct lm_error *err)
{
	unsigned i;
	int ret;

	for (i = 0; i < threads; i++) {
		ret = image_codec_new(img, IMAGE_ENCODE, &pool->codecs[i], err);
		if (!ret) {
			ret = start_one(pool);
			if (ret)
				lm_fail(err, ret, NULL, NULL,
					_("Starting a thread to compress in failed"));
		}
		/* Fewer threads than wished for will do as well. */
		if (ret)
			return pool->running ? 0 : ret;
	}
	return 0;
}

int image_pool_new(const struct image *img, unsigned threads, struct image_pool **pool,
		   struct lm_error *err)
{
	struct image_pool *p = calloc(1, sizeof(*p));
	size_t i;
	int ret = 0;

	*pool = NULL;
	if (!p)
		return image_no_memory(img, err);
	if (!threads)
		threads = processors();
	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	p->raw = (img->sb.flags & IMAGE_F_RAW_DATA) != 0;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	p->count = threads * 2 + 2;
	p->jobs = calloc(p->count, sizeof(*p->jobs));
	if (!p->jobs)
		p->count = 0;
	for (i = 0; i < p->count && !ret; i++) {
		p->jobs[i].raw = malloc(img->sb.block_bytes);
		p->jobs[i].packed = malloc(img->sb.block_bytes);
		if (!p->jobs[i].raw || !p->jobs[i].packed)
			ret = -ENOMEM;
	}
	if (ret || !p->jobs)
		ret = image_no_memory(img, err);
	else
		ret = start_all(p, img, threads, err);
	if (ret) {
		image_pool_free(p);
		return ret;
	}
	*pool = p;
	return 0;
}

void image_pool_free(struct image_pool *pool)
{
	size_t i;

	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->running; i++)
		pthread_join(pool->threads[i], NULL);
	for (i = 0; i < MOST_THREADS; i++)
		image_codec_free(pool->codecs[i]);
	for (i = 0; i < pool->count; i++) {
		free(pool->jobs[i].raw);
		free(pool->jobs[i].packed);
	}
	free(pool->jobs);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

unsigned char *image_pool_room(struct image_pool *pool)
{
	if (pool->submitted - pool->released == pool->count)
		return NULL;
	return pool->jobs[pool->submitted % pool->count].raw;
}

void image_pool_submit(struct image_pool *pool, size_t len)
{
	struct job *job = &pool->jobs[pool->submitted % pool->count];

	pthread_mutex_lock(&pool->lock);
	job->len = len;
	job->done = false;
	pool->submitted++;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

const unsigned char *image_pool_fetch(struct image_pool *pool, uint32_t *word)
{
	struct job *job = &pool->jobs[pool->released % pool->count];

	pthread_mutex_lock(&pool->lock);
	while (!job->done)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	*word = job->packed_len ? (uint32_t)job->packed_len : (uint32_t)job->len | IMAGE_RAW;
	return job->packed_len ? job->packed : job->raw;
}

void image_pool_release(struct image_pool *pool)
{
	pool->released++;
}
