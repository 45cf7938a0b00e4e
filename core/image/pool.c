/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/image/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"

#define MOST_THREADS 16
#define STACK_BYTES  (512U << 10)

/* A job, and what its worker needs for it. */
struct task {
	struct image_job job; /* first */
	size_t len;
	uint32_t old_word, new_word;
	unsigned char *old, *new; /* as they are stored; new is also where data lies unpacked */
	unsigned char *content, *fresh;
	bool done;
};

struct worker {
	struct image_pool *pool;
	pthread_t thread;
	struct image_codec *decode, *encode;
	unsigned char *a, *b;
};

struct image_pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool stop;
	bool raw; /* the image has its data uncompressed */
	const struct image *img, *new;
	const struct image_change *change;
	enum image_task task;
	struct task *tasks;
	size_t count;
	/* Tasks ever submitted, taken by a worker, released; task n is tasks[n % count]. */
	uint64_t submitted, taken, released;
	struct worker workers[MOST_THREADS];
	unsigned running;
};

/* ---- what a worker does ---- */

static bool all_zero(const unsigned char *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

bool image_all_fresh(const unsigned char *fresh, size_t len)
{
	size_t sectors = (len + IMAGE_SECTOR - 1) / IMAGE_SECTOR, i;

	for (i = 0; i < sectors / 8; i++)
		if (fresh[i] != 0xff)
			return false;
	for (i *= 8; i < sectors; i++)
		if (!(fresh[i / 8] & 1u << i % 8))
			return false;
	return true;
}

bool image_blend(const struct image_change *change, uint64_t block, unsigned char *old,
		 const unsigned char *content, const unsigned char *fresh, size_t len,
		 unsigned char *was)
{
	size_t at;

	if (was)
		memcpy(was, old, len);
	for (at = 0; at < len; at += IMAGE_SECTOR) {
		size_t i = at / IMAGE_SECTOR;

		if (fresh[i / 8] & 1u << i % 8)
			memcpy(old + at, content + at,
			       len - at < IMAGE_SECTOR ? len - at : IMAGE_SECTOR);
	}
	if (!was || memcmp(was, old, len) != 0) {
		if (change->clean)
			change->clean(change->arg, block, old, len);
		if (!was)
			return true;
		if (change->clean)
			change->clean(change->arg, block, was, len);
		return memcmp(was, old, len) != 0;
	}
	return false;
}

static bool decode(struct image_codec *codec, uint32_t word, const unsigned char *stored,
		   unsigned char *out, size_t len)
{
	size_t size = image_word_bytes(word);
	int n;

	if (!size) {
		memset(out, 0, len);
		return true;
	}
	if (word & IMAGE_RAW) {
		memcpy(out, stored, len);
		return size == len;
	}
	n = image_decode(codec, stored, size, out, len);
	return n >= 0 && (size_t)n == len;
}

/* The new content of a block. */
static enum image_made make_content(struct worker *w, struct task *t, unsigned char *out,
				    unsigned char *was)
{
	bool maybe = t->job.fate == IMAGE_MAYBE && w->pool->task != IMAGE_PROVE;

	if (t->job.fate == IMAGE_HOLE) {
		memset(out, 0, t->len);
		return IMAGE_MADE;
	}
	if (!maybe && image_all_fresh(t->fresh, t->len))
		memset(out, 0, t->len);
	else if (!decode(w->decode, t->old_word, t->old, out, t->len))
		return IMAGE_MADE_BAD_OLD;
	return image_blend(w->pool->change, t->job.block, out, t->content, t->fresh, t->len,
			   maybe ? was : NULL) ?
		       IMAGE_MADE :
		       IMAGE_MADE_SAME;
}

static enum image_made pack(struct worker *w, struct task *t)
{
	enum image_made made = make_content(w, t, t->new, w->a);
	size_t n;

	if (made != IMAGE_MADE)
		return made;
	if (all_zero(t->new, t->len))
		return IMAGE_MADE_ZERO;
	n = w->pool->raw ? 0 : image_encode(w->encode, t->new, t->len, t->old);
	t->job.data = n ? t->old : t->new;
	t->job.word = n ? (uint32_t)n : (uint32_t)t->len | IMAGE_RAW;
	return IMAGE_MADE;
}

static enum image_made prove(struct worker *w, struct task *t)
{
	enum image_made made;

	if (!decode(w->decode, t->new_word, t->new, w->b, t->len))
		return IMAGE_MADE_BAD_NEW;
	if (t->job.fate == IMAGE_KEEP)
		return IMAGE_MADE;
	made = make_content(w, t, w->a, NULL);
	return made == IMAGE_MADE && memcmp(w->a, w->b, t->len) != 0 ? IMAGE_MADE_WRONG : made;
}

static void carry_out(struct worker *w, struct task *t)
{
	switch (w->pool->task) {
	case IMAGE_PACK:
		t->job.made = pack(w, t);
		break;
	case IMAGE_COMPARE:
		t->job.made = make_content(w, t, w->a, w->b);
		break;
	default:
		t->job.made = prove(w, t);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct image_pool *pool = w->pool;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct task *t;

		while (!pool->stop && pool->taken == pool->submitted)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->stop)
			break;
		t = &pool->tasks[pool->taken++ % pool->count];
		pthread_mutex_unlock(&pool->lock);
		carry_out(w, t);
		pthread_mutex_lock(&pool->lock);
		t->done = true;
		pthread_cond_signal(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* ---- up and down ---- */

static unsigned processors(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}

/* Signals are for the threads of the caller. */
static int start_thread(struct worker *w)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int ret;

	ret = -pthread_attr_init(&attr);
	if (ret)
		return ret;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&w->thread, &attr, work, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}

static int start_one(struct image_pool *pool, struct worker *w, struct lm_error *err)
{
	int ret;

	w->pool = pool;
	w->a = malloc(pool->img->sb.block_bytes);
	w->b = malloc(pool->img->sb.block_bytes);
	if (!w->a || !w->b)
		return image_no_memory(pool->img, err);
	ret = image_codec_new(pool->img, IMAGE_DECODE, &w->decode, err);
	if (!ret && pool->task == IMAGE_PACK)
		ret = image_codec_new(pool->img, IMAGE_ENCODE, &w->encode, err);
	if (ret)
		return ret;
	ret = start_thread(w);
	return ret ? lm_fail(err, ret, NULL, NULL, _("Starting a thread to compress in failed"))
		   : 0;
}

static int start_all(struct image_pool *pool, unsigned threads, struct lm_error *err)
{
	int ret;

	while (pool->running < threads) {
		ret = start_one(pool, &pool->workers[pool->running], err);
		/* Fewer threads than wished for will do as well. */
		if (ret)
			return pool->running ? 0 : ret;
		pool->running++;
	}
	return 0;
}

static int make_tasks(struct image_pool *pool)
{
	size_t block = pool->img->sb.block_bytes, i;

	pool->tasks = calloc(pool->count, sizeof(*pool->tasks));
	if (!pool->tasks)
		return -ENOMEM;
	for (i = 0; i < pool->count; i++) {
		struct task *t = &pool->tasks[i];

		t->old = malloc(block);
		t->new = malloc(block);
		t->content = malloc(block);
		t->fresh = malloc(image_fresh_bytes(pool->img));
		if (!t->old || !t->new || !t->content || !t->fresh)
			return -ENOMEM;
	}
	return 0;
}

int image_pool_new(const struct image *img, const struct image_change *change,
		   enum image_task task, struct image_pool **pool, struct lm_error *err)
{
	struct image_pool *p = calloc(1, sizeof(*p));
	unsigned threads = change->threads ? change->threads : processors();
	int ret;

	*pool = NULL;
	if (!p)
		return image_no_memory(img, err);
	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	p->img = img;
	p->change = change;
	p->task = task;
	p->raw = (img->sb.flags & IMAGE_F_RAW_DATA) != 0;
	p->count = threads + threads / 2 + 3;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	ret = make_tasks(p) ? image_no_memory(img, err) : start_all(p, threads, err);
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
		pthread_join(pool->workers[i].thread, NULL);
	for (i = 0; i < MOST_THREADS; i++) {
		image_codec_free(pool->workers[i].decode);
		image_codec_free(pool->workers[i].encode);
		free(pool->workers[i].a);
		free(pool->workers[i].b);
	}
	for (i = 0; pool->tasks && i < pool->count; i++) {
		free(pool->tasks[i].old);
		free(pool->tasks[i].new);
		free(pool->tasks[i].content);
		free(pool->tasks[i].fresh);
	}
	free(pool->tasks);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* ---- the caller's side ---- */

bool image_pool_full(const struct image_pool *pool)
{
	return pool->submitted - pool->released == pool->count;
}

bool image_pool_idle(const struct image_pool *pool)
{
	return pool->submitted == pool->released;
}

static int read_stored(const struct image *img, uint64_t block, uint32_t *word, unsigned char *buf,
		       struct lm_error *err)
{
	*word = image_root_word(img, block);
	return image_word_bytes(*word) ? image_read(img, buf, image_word_bytes(*word),
						    image_root_place(img, block), err)
				       : 0;
}

int image_pool_give(struct image_pool *pool, uint64_t block, enum image_fate fate,
		    const struct image *new, struct lm_error *err)
{
	struct task *t = &pool->tasks[pool->submitted % pool->count];
	int ret = 0;

	t->job = (struct image_job){.block = block, .fate = fate};
	t->len = image_root_len(pool->img, block);
	t->done = false;
	pool->new = new;
	if (fate == IMAGE_CHANGE || fate == IMAGE_MAYBE) {
		memset(t->fresh, 0, image_fresh_bytes(pool->img));
		ret = pool->change->content(pool->change->arg, block, t->content, t->len, t->fresh,
					    err);
		if (!ret && (fate == IMAGE_MAYBE || !image_all_fresh(t->fresh, t->len)))
			ret = read_stored(pool->img, block, &t->old_word, t->old, err);
	}
	if (!ret && new)
		ret = read_stored(new, block, &t->new_word, t->new, err);
	if (ret)
		return ret;
	pthread_mutex_lock(&pool->lock);
	pool->submitted++;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

/* To those who read the root image the old one is a device that cannot be read there. */
static int bad_block(const struct image *img, uint64_t block, int code, struct lm_error *err)
{
	image_undecodable(img, _("Block"), block, image_root_place(img, block), err);
	if (err)
		err->code = code;
	return code;
}

int image_pool_fetch(struct image_pool *pool, const struct image_job **job, struct lm_error *err)
{
	struct task *t = &pool->tasks[pool->released % pool->count];

	pthread_mutex_lock(&pool->lock);
	while (!t->done)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	*job = &t->job;
	if (t->job.made == IMAGE_MADE_BAD_OLD)
		return bad_block(pool->img, t->job.block, -EIO, err);
	if (t->job.made == IMAGE_MADE_BAD_NEW)
		return bad_block(pool->new, t->job.block, -EBADMSG, err);
	return 0;
}

void image_pool_release(struct image_pool *pool)
{
	pool->released++;
}
