/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * livemend.h - what the core offers to front ends and tests
 *
 * This is the only header of core/ that a front end includes. The core never
 * prints and knows no terminal: it returns plain structs to be rendered, and
 * reports through the typed callbacks below.
 *
 * Conventions
 *   - Functions return 0 or a negative errno, and fill a struct lm_error that
 *     is complete enough to be shown as it is. A NULL error is allowed.
 *   - Sizes end in _bytes (bytes) or _sectors (512-byte sectors).
 *   - Every string in a struct returned here is owned by that struct and has
 *     been made printable: control characters and invalid UTF-8 that came
 *     from a stick were replaced. A string that may be absent is NULL.
 *   - Texts are marked for gettext and come back translated.
 */
#ifndef LIVEMEND_H
#define LIVEMEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------ errors -- */

/* How something ended. The values are the exit statuses of the program. */
enum lm_outcome {
	LM_DONE = 0,       /* done, or healthy */
	LM_ATTENTION = 1,  /* something needs attention */
	LM_USAGE = 2,      /* the call was wrong */
	LM_REFUSED = 3,    /* refused, nothing was changed */
	LM_UNCHANGED = 4,  /* failed, everything is as before */
	LM_RESUMABLE = 5,  /* stopped in a state that resume takes up */
	LM_CANCELLED = 130 /* cancelled by the user at a safe point */
};

/*
 * One failure, in the four parts a user needs. All parts are printable text;
 * a part that does not apply is an empty string.
 */
struct lm_error {
	int code;                /* negative errno, 0 = no error */
	enum lm_outcome outcome; /* what it means for the stick */
	char what[200];          /* what failed: "Reading the overlay's table failed" */
	char on[300];            /* on what: a path, with an offset where it matters */
	char why[300];           /* why: the system's reason, or ours */
	char help[500];          /* what the user can do */
};

/* ----------------------------------------------------------- context -- */

struct lm_ctx;

enum lm_log_level { LM_LOG_ERROR, LM_LOG_WARN, LM_LOG_INFO, LM_LOG_DEBUG };

/* Called from any thread; text is one printable line without newline. */
typedef void (*lm_log_fn)(void *arg, enum lm_log_level level, const char *text);

enum lm_engine { LM_ENGINE_AUTO, LM_ENGINE_KERNEL, LM_ENGINE_DIRECT };

/*
 * Makes a context; free it with lm_ctx_free() after everything made from it.
 * Messages of libdevmapper, libext2fs and others are routed to the log from
 * here on; without a log function they are dropped.
 */
int lm_ctx_new(struct lm_ctx **ctx, struct lm_error *err);
void lm_ctx_free(struct lm_ctx *ctx);
void lm_ctx_set_log(struct lm_ctx *ctx, lm_log_fn fn, void *arg);
void lm_ctx_set_engine(struct lm_ctx *ctx, enum lm_engine engine);
enum lm_engine lm_ctx_engine(const struct lm_ctx *ctx);

/*
 * Progress of a call that looks at a lot (doctor, usage, export).
 * total_bytes may be 0 when not known. Return non-zero to stop: the call then
 * returns -ECANCELED with nothing changed. The pointer itself may be NULL.
 */
typedef int (*lm_watch_fn)(void *arg, uint64_t done_bytes, uint64_t total_bytes, const char *text);

struct lm_watch {
	lm_watch_fn fn;
	void *arg;
};

/* ------------------------------------------------------------- stick -- */

struct lm_stick;

/*
 * Opens a stick for looking: a directory with LiveOS/ in it, a mounted stick,
 * a disk image, an .iso, a block device; path NULL is the booted live system.
 * Nothing is written, mounted or attached. Close with lm_stick_close().
 * -ENOENT / -ENODEV: there is none; -EMEDIUMTYPE: path is no live stick;
 * -EACCES: no permission.
 */
int lm_stick_open(struct lm_ctx *ctx, const char *path, struct lm_stick **stick,
		  struct lm_error *err);
void lm_stick_close(struct lm_stick *stick);

/* The path as the user gave it (or as found, for the booted system), printable. */
const char *lm_stick_path(const struct lm_stick *stick);

/*
 * Is the opened stick still there? 0, or -ENODEV: it was pulled out, unmounted
 * or removed. Asks the kernel and the names, reads nothing from the medium.
 */
int lm_stick_present(struct lm_stick *stick, struct lm_error *err);

enum lm_health { LM_HEALTHY, LM_WATCH, LM_ACT, LM_BROKEN };

/* A medium that looks like a live stick, found among the block devices. */
struct lm_found {
	char *path;   /* what to give to lm_stick_open(); NULL for the booted one */
	char *label;  /* may be NULL */
	char *model;  /* may be NULL */
	char *fstype; /* may be NULL */
	uint64_t size_bytes;
	bool booted;
	char *contents;  /* what is on it, in a few words */
	bool judged;     /* by lm_found_judge(): the next two say something */
	enum lm_health health;
	char *headline;  /* one sentence: how it stands, or why that cannot be told; NULL before */
};

/* Lists live media, the booted one first. *list is freed with lm_found_free(). */
int lm_find(struct lm_ctx *ctx, struct lm_found **list, size_t *count, struct lm_error *err);
void lm_found_free(struct lm_found *list, size_t count);

/*
 * Looks how the found stick stands, which reads its tables and may take long.
 * Negative errno, with the reason as headline and judged false, when that failed.
 */
int lm_found_judge(struct lm_ctx *ctx, struct lm_found *found, struct lm_error *err);

/*
 * Watches for media that come and go, and for mounts. By udev's events, by the
 * kernel's where no udev runs, and by looking every few seconds in any case.
 */
struct lm_monitor;
int lm_monitor_start(struct lm_ctx *ctx, struct lm_monitor **monitor, struct lm_error *err);
void lm_monitor_stop(struct lm_monitor *monitor);
/* For poll(): readable when lm_monitor_changed() should be asked. */
int lm_monitor_fd(const struct lm_monitor *monitor);
/* Never waits. True when media or mounts are not what they were at the last call. */
bool lm_monitor_changed(struct lm_monitor *monitor);

/* ------------------------------------------------------------ status -- */

enum lm_overlay_kind {
	LM_OVERLAY_NONE,
	LM_OVERLAY_DM_SNAPSHOT,
	LM_OVERLAY_OVERLAYFS,
	LM_OVERLAY_LINEAR,
	LM_OVERLAY_THIN
};

enum lm_overlay_state {
	LM_STATE_ACTIVE,       /* usable, in use */
	LM_STATE_EMPTY,        /* usable, nothing in it */
	LM_STATE_OVERFLOW,     /* the kernel says Overflow (attached) */
	LM_STATE_FULL,         /* detached, no room for one more exception */
	LM_STATE_INVALID,      /* marked invalid on disk */
	LM_STATE_MERGE_FAILED, /* the kernel says Merge failed (attached) */
	LM_STATE_DAMAGED,      /* cannot be understood or breaks the rules */
	LM_STATE_MISSING       /* the boot configuration names one, there is none */
};

/* The fixed, untranslated words of the JSON contract ("dm-snapshot", "full"). */
const char *lm_overlay_kind_word(enum lm_overlay_kind kind);
const char *lm_overlay_state_word(enum lm_overlay_state state);

struct lm_overlay {
	enum lm_overlay_kind kind;
	enum lm_overlay_state state;
	char *path; /* relative to the stick, e.g. LiveOS/overlay-LIVE-1A2B-3C4D */
	uint64_t chunk_sectors;
	uint64_t allocated_sectors; /* the three figures of `dmsetup status` */
	uint64_t total_sectors;
	uint64_t metadata_sectors;
	uint64_t exceptions;
	uint64_t dead_sectors;  /* chunks whose blocks the file system has freed */
	bool dead_known;        /* false where the file system cannot be read */
	double used_percent;    /* 100 * allocated / total, 0 when total is 0 */
	bool no_figures;        /* damaged: none of the figures above is known */
	uint64_t file_bytes;    /* length of the overlay file */
	uint64_t on_disk_bytes; /* what it occupies on the stick; less if sparse */
	bool attached;          /* the kernel uses it right now */
	char *attached_as;      /* dm name, NULL when not attached */
	char *trouble;          /* state in a sentence when it is not usable, else NULL */
};

/*
 * How far what is said of a root file system can be relied on while the running
 * system writes to it.
 */
enum lm_exact {
	LM_EXACT,      /* to the block: nobody writes to it, or the kernel was asked */
	LM_EXACT_FREE, /* what is free is; whose the rest is may be a few seconds old */
	LM_EXACT_NOT   /* all of it may be a few seconds old */
};
/* The fixed, untranslated words of JSON ("exact", "free", "about"). */
const char *lm_exact_word(enum lm_exact exact);

enum lm_fs_state { LM_FS_CLEAN, LM_FS_DIRTY, LM_FS_ERRORS, LM_FS_UNKNOWN };

struct lm_wall {
	char *what;            /* "overlay", "root-blocks", "root-inodes", "stick", "ram", "fat-4gib" */
	char *text;            /* the same in words */
	uint64_t free_bytes;   /* how much more can be written before it is hit */
	int64_t seconds_left;  /* -1: not known */
	char *basis;           /* what seconds_left rests on, NULL when not known */
};

/* health is the overall judgement, worst finding first. */
/* What the next boot will keep changes in, as the stick's boot configuration has it. */
enum lm_boot_uses {
	LM_BOOT_UNKNOWN,   /* there is no configuration, or it cannot be told */
	LM_BOOT_OVERLAY,   /* an overlay on this stick */
	LM_BOOT_TEMPORARY, /* a temporary overlay in memory */
	LM_BOOT_ELSEWHERE, /* an overlay on another partition or disk */
	LM_BOOT_IMAGE      /* no overlay: the root image itself is written */
};
/* The fixed, untranslated words of JSON ("overlay", "temporary"). */
const char *lm_boot_uses_word(enum lm_boot_uses uses);

struct lm_status {
	struct {
		char *path, *label, *uuid, *fstype, *model;
		uint64_t size_bytes, free_bytes; /* of the file system that holds LiveOS/ */
		bool booted, readonly;
	} stick;
	struct {
		char *path;        /* relative to the stick, NULL when there is none */
		char *container;   /* "squashfs", "erofs" or "none" */
		char *compression; /* NULL without container */
		char *root;        /* path of the root image inside the container, or its name */
		char *fstype;      /* of the root image */
		uint64_t size_sectors; /* of the root image */
		uint64_t file_bytes;   /* of the image file on the stick */
		uint64_t block_bytes;  /* of the container */
	} base;
	struct lm_overlay *overlays;
	size_t n_overlays;
	struct {
		bool known;
		enum lm_fs_state state;
		uint64_t size_bytes, free_bytes, inodes, inodes_free;
		bool mounted;        /* and written to; state is DIRTY then, or ERRORS */
		enum lm_exact exact; /* of the dead chunks, too */
		const char *note;    /* what that means, in a sentence or two; NULL: nothing to say */
	} root; /* the merged root file system */
	struct {
		bool present;
		char *path;
		uint64_t size_bytes, free_bytes;
		bool free_known, encrypted;
	} home;
	struct {
		bool present; /* a temporary overlay in RAM */
		uint64_t size_bytes, free_bytes;
	} ram;
	struct {
		enum lm_boot_uses uses;
		char *loader;  /* "syslinux", "grub", "entries"; NULL: no configuration */
		char *file;    /* relative to the stick */
		char *entry;   /* title of the entry that counts */
		char *overlay; /* that it names on this stick, relative to it; NULL: none */
		bool missing;  /* there is none of that name */
		bool reset;    /* it will be emptied first */
		bool readonly; /* it is read, and changes are kept in memory */
		char *device;  /* LM_BOOT_ELSEWHERE: where, as written there */
		char *text;    /* all that in one sentence; NULL without configuration */
		char **warnings; /* sentences, NULL-terminated; may be NULL */
	} boot;
	bool wall_known;
	struct lm_wall first_wall;
	enum lm_health health;
	char *headline; /* one sentence: how it stands */
	char *advice;   /* one sentence: what to do now, NULL when nothing */
	const char *advice_op; /* the command that does it: "merge"; NULL when there is none */
	bool interrupted;    /* an operation was cut off: resume takes it up */
	char *interrupted_op; /* its name, NULL otherwise */
	bool interrupted_by_other; /* ...of another version of livemend: only that takes it up */
	bool paired;         /* false: overlay and base do not belong together */
};

/*
 * Reads everything afresh. LM_STATUS_QUICK leaves dead chunks out (dead_known
 * false). LM_STATUS_KERNEL has the kernel attach an overlay that nobody uses,
 * read-only and for a moment, and takes its figures; for LM_ENGINE_KERNEL only.
 */
#define LM_STATUS_QUICK  1u
#define LM_STATUS_KERNEL 2u
int lm_status_read(struct lm_stick *stick, unsigned flags, struct lm_status **status,
		   struct lm_error *err);
void lm_status_free(struct lm_status *status);

/* ------------------------------------------------------------ layout -- */

struct lm_node {
	char *name;   /* "sdb1", "squashfs.img", "live-rw" */
	char *type;   /* "disk", "part", "file", "image", "loop", "dm", "mount", "boot" */
	char *detail; /* "vfat LIVE", "squashfs xz", "dm snapshot" */
	char *where;  /* path or mount point, NULL when none */
	uint64_t size_bytes;
	bool readonly;
	struct lm_node *child, *next;
};

int lm_layout_read(struct lm_stick *stick, struct lm_node **root, struct lm_error *err);
void lm_layout_free(struct lm_node *root);

/* ------------------------------------------------------------ doctor -- */

enum lm_severity { LM_SEV_OK, LM_SEV_NOTE, LM_SEV_WARNING, LM_SEV_ILL };

struct lm_finding {
	enum lm_severity severity;
	const char *id; /* fixed word for scripts: "store-duplicate", "pairing" */
	char *subject;  /* what was looked at */
	char *what;     /* what was found */
	char *means;    /* what it means, NULL for LM_SEV_OK */
	char *remedy;   /* what helps, NULL for LM_SEV_OK */
	const char *op; /* the command that brings the remedy: "merge"; NULL when there is none */
};

struct lm_report {
	struct lm_finding *findings; /* worst first */
	size_t count;
	bool ill; /* something is LM_SEV_ILL or LM_SEV_WARNING that asks for action */
};

/* Read-only. LM_DOCTOR_DEEP also decodes every block of the image. */
#define LM_DOCTOR_DEEP 1u
int lm_doctor(struct lm_stick *stick, unsigned flags, const struct lm_watch *watch,
	      struct lm_report **report, struct lm_error *err);
void lm_report_free(struct lm_report *report);

/* ------------------------------------------------------------- usage -- */

struct lm_usage_entry {
	char *name; /* one path component; "/" for the root */
	bool is_dir;
	uint64_t overlay_bytes; /* bytes of overlay chunks it holds, children summed */
	uint64_t files;         /* files below that hold any */
	struct lm_usage_entry *parent, *child, *next; /* children: largest first */
};

/*
 * What the overlay's data chunks hold. A chunk is counted once: live chunks
 * belong to the first file whose block lies in them, to the file system's own
 * metadata, or to its journal.
 */
struct lm_usage {
	struct lm_usage_entry *root;
	uint64_t chunk_bytes;
	uint64_t total_bytes;    /* all data chunks */
	uint64_t files_bytes;    /* live, in files and directories */
	uint64_t fsmeta_bytes;   /* live, in bitmaps, inode tables, superblocks */
	uint64_t journal_bytes;  /* live, in the journal */
	uint64_t dead_bytes;     /* blocks the file system has freed */
	uint64_t equal_bytes;    /* live, but equal to the base (not in the sums above again) */
	uint64_t tables_bytes;   /* the store's own header and tables */
	uint64_t merge_frees_bytes;   /* overlay space free after a merge, that is not now */
	uint64_t compact_frees_bytes; /* the same for compact */
	enum lm_exact exact;
	const char *note; /* what that means, in a sentence or two; NULL: nothing to say */
};

int lm_usage_read(struct lm_stick *stick, const struct lm_watch *watch, struct lm_usage **usage,
		  struct lm_error *err);
void lm_usage_free(struct lm_usage *usage);

/* -------------------------------------------------------------- plan -- */

/*
 * The operations: LM_OP_MERGE and so on, a number for each row of the table of
 * operations, core/ops/op.def. Whoever wants to know what there is asks the
 * table, by lm_op_info() for each number below LM_N_OPS.
 */
enum lm_op {
#define OP(id, word, core, shown) LM_OP_##id,
#include "core/ops/op.def"
#undef OP
	LM_N_OPS
};

/* What an operation needs, and what it does. */
enum lm_op_trait {
	LM_OP_NEEDS_STICK = 1 << 0,   /* else it is planned without one */
	LM_OP_NEEDS_IMAGE = 1 << 1,   /* a root image on the stick */
	LM_OP_NEEDS_CHANGES = 1 << 2, /* there is nothing to do with an empty overlay */
	LM_OP_NEEDS_STORE = 1 << 3,   /* an overlay in chunks, not one of files (overlayfs) */
	LM_OP_NEEDS_SOUND = 1 << 4,   /* a damaged overlay is to be recovered first */
	LM_OP_CHANGES = 1 << 5,       /* it works on the overlay: that must be there, writable, and
				       * nothing else be interrupted */
	LM_OP_MENDS = 1 << 6,         /* for what is broken only */
	LM_OP_TAKES_UP = 1 << 7,      /* for what was interrupted only */
	LM_OP_NEW_IMAGE = 1 << 8,     /* the old image is kept until the new one is proved */
	LM_OP_NEW_FILES = 1 << 9,     /* it only makes files that can be deleted again */
	LM_OP_MAKES_STICK = 1 << 10   /* at lm_options.out there is a stick afterwards */
};

/* What it takes: which fields of struct lm_options say something to it. */
enum lm_op_takes {
	LM_TAKES_FILE = 1 << 0,   /* out: a file to be made; needed */
	LM_TAKES_FOLDER = 1 << 1, /* out: a folder to be made; needed */
	LM_TAKES_SIZE = 1 << 2,   /* size_bytes */
	LM_NEEDS_SIZE = 1 << 3,   /* ...and not 0 */
	LM_TAKES_METHOD = 1 << 4,
	LM_TAKES_WORK = 1 << 5,
	LM_TAKES_DEEP = 1 << 6,
	LM_TAKES_REBOOT = 1 << 7,
	LM_TAKES_UNDO = 1 << 8,
	LM_TAKES_LESSON = 1 << 9
};

/* A row of the table as front ends see it. Texts are untranslated; all of it is static. */
struct lm_op_info {
	enum lm_op op;
	const char *word;    /* the command, and the name in journals and JSON; fixed */
	const char *topic;   /* help topic that explains it */
	const char *summary; /* of the command, in a few words */
	const char *name;    /* in the list of what can be done */
	const char *does;    /* what its key does */
	const char *key;     /* a letter that no other operation or screen has */
	const char *title;   /* heading of the page that asks for out or work; NULL: none does */
	const char *how;     /* heading over the ways to do it, or the sizes; NULL: there is one way */
	const char *out;     /* usual name for what it makes; NULL: it makes no file or folder */
	const char *out_about; /* what that is, in a sentence or two; NULL likewise */
	const char *confirm; /* word to be typed before it runs; NULL: a plain yes will do */
	unsigned traits;     /* enum lm_op_trait */
	unsigned takes;      /* enum lm_op_takes */
	/* Places: 1 to 49 come before the screens that look (usage, lessons), 50 to 99 after. */
	unsigned menu_rank;  /* among what can be done */
	unsigned keys_rank;  /* in the list of keys */
};

/* NULL when op is none. */
const struct lm_op_info *lm_op_info(enum lm_op op);
/* The operation of that name; the first one that takes all that. NULL: there is none. */
const struct lm_op_info *lm_op_find(const char *word);
const struct lm_op_info *lm_op_that_takes(unsigned takes);
const char *lm_op_word(enum lm_op op); /* "merge": the name of the command */

enum lm_method { LM_METHOD_REWRITE, LM_METHOD_MIRROR, LM_METHOD_SNAPSHOT_MERGE };

struct lm_options {
	enum lm_op op;
	enum lm_method method; /* merge */
	const char *work;      /* merge, compact: --work DIR, or NULL */
	const char *out;       /* export: OUT; practice: DIR */
	const char *lesson;    /* practice: NULL for the healthy stick */
	uint64_t size_bytes;   /* grow: the new size; recover: the size asked for, 0 = as is sensible */
	bool size_is_more;     /* grow: size_bytes is how much larger, not how large */
	bool deep;             /* merge: decode everything when verifying */
	bool reboot;           /* merge of what the running system reads: restart in a minute */
	bool undo;             /* resume: undo rather than finish, where that is possible */
};

struct lm_step {
	const char *id;   /* fixed word: "check", "build", "verify", "exchange", "reset" */
	char *title;      /* "Write the new image" */
	char *why;        /* one sentence */
	char **commands;  /* equivalent shell commands, NULL-terminated; may be empty */
	char *reads;      /* what it reads, NULL if nothing of note */
	char *writes;     /* what it writes, NULL if nothing */
	char *undo;       /* how it is undone, NULL if there is nothing to undo */
	uint64_t work_bytes; /* estimate of the bytes it moves, for the overall bar */
	bool cancellable; /* a cancel takes effect within it */
};

/* One line of the space ledger: what one file system must hold at the peak. */
struct lm_need {
	char *where;             /* "the stick", or a path */
	char *what;              /* what needs the room */
	uint64_t need_bytes;     /* expected */
	uint64_t most_bytes;     /* in the worst case */
	uint64_t free_bytes;     /* there now */
	uint64_t file_limit_bytes; /* largest file there, 0 = no limit that matters */
	bool ok;                 /* enough for need_bytes */
};

struct lm_plan {
	enum lm_op op;
	char *title;     /* "Merge the overlay into the root image" */
	char *summary;   /* two or three sentences */
	struct lm_step *steps;
	size_t n_steps;
	struct lm_need *needs;
	size_t n_needs;
	char *destroys;  /* what is lost; NULL when nothing */
	char *undo;      /* how the whole is undone or resumed */
	char **warnings; /* NULL-terminated; may be empty */
	char *confirm;   /* word to be typed before it runs, NULL: a plain yes will do */
	bool possible;   /* false: refused, and refusal says why and what would help */
	struct lm_error refusal;
	struct plan *impl; /* the core's */
};

/*
 * Looks at the stick and plans; writes nothing. stick must outlive the plan, and
 * is NULL for an operation without LM_OP_NEEDS_STICK. A plan that cannot be
 * carried out is returned all the same, with possible == false.
 */
int lm_plan_make(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		 struct lm_plan **plan, struct lm_error *err);
void lm_plan_free(struct lm_plan *plan);

/* --------------------------------------------------------------- job -- */

enum lm_job_state {
	LM_JOB_RUNNING,
	LM_JOB_CRITICAL,   /* runs, and must not be interrupted now */
	LM_JOB_CANCELLING, /* cancel was asked for, stops at the next safe point */
	LM_JOB_ASKING,     /* waits for lm_job_answer() */
	LM_JOB_ENDED
};

/* A snapshot; all by value, nothing to free. */
struct lm_progress {
	enum lm_job_state state;
	size_t step, n_steps;       /* index into plan->steps */
	uint64_t done_bytes, total_bytes; /* of this step; bytes that reached the device */
	uint64_t all_done_bytes, all_total_bytes; /* over all steps */
	double bytes_per_second;    /* recent; 0 when not known */
	int64_t eta_seconds;        /* of the whole; -1 when not known */
	double elapsed_seconds;
	bool flushing;              /* waiting for the device to take what was written */
	char message[200];          /* what is being done right now */
	char question[400];         /* LM_JOB_ASKING: a question; default is no */
	unsigned serial;            /* grows with every change */
};

/* How a job ended. */
struct lm_result {
	enum lm_outcome outcome;
	struct lm_error error;   /* code 0 when LM_DONE */
	char now[600];           /* what is now true */
	char next[400];          /* what to do next; may be empty */
	double seconds;
};

struct lm_job;

/* Runs the plan in a thread of its own. The plan must outlive the job. */
int lm_job_start(struct lm_plan *plan, struct lm_job **job, struct lm_error *err);

/* An eventfd, readable whenever the progress has changed since it was last read. */
int lm_job_fd(const struct lm_job *job);

void lm_job_progress(struct lm_job *job, struct lm_progress *progress);

/* Asks the job to stop at the next safe point; returns at once. May be repeated. */
void lm_job_cancel(struct lm_job *job);

/* Answers the pending question. */
void lm_job_answer(struct lm_job *job, bool yes);

/* Waits for the end, fills *result, and frees the job. */
void lm_job_finish(struct lm_job *job, struct lm_result *result);

/* The journal of the stick as text, newest last; *text is freed by free(). */
int lm_journal_read(struct lm_stick *stick, char **text, struct lm_error *err);

/* ----------------------------------------------------------- lessons -- */

/*
 * Names of the practice sticks that lm_options.lesson takes, NULL-terminated,
 * static: first those that come with a lesson, then those that are merely
 * broken, for a teacher.
 */
const char *const *lm_lessons(void);
/* One sentence about a lesson, or NULL when there is none of that name. */
const char *lm_lesson_text(const char *name);
/* True when the practice stick of that name comes with a lesson, step by step. */
bool lm_lesson_is_guided(const char *name);

/* What a step asks of the learner. */
enum lm_lesson_does {
	LM_DOES_ANSWER, /* to find something out, and to say it: lm_lesson_check(answer) */
	LM_DOES_CHANGE, /* to change something in the live system: lm_lesson_do() does it */
	LM_DOES_PLAN    /* to carry out an operation: options says which */
};

struct lm_lesson_step {
	const char *id;    /* fixed word: "write", "recover" */
	char *title;
	char *text;        /* what it is about; paragraphs end in an empty line */
	char *todo;        /* what is to be done, or asked */
	char *hint;        /* for those who are stuck */
	char **commands;   /* the same in the shell, NULL-terminated; may be empty */
	enum lm_lesson_does does;
	const char *look;  /* LM_DOES_ANSWER: "status", "usage", "layout" or NULL: where to look */
	struct lm_options options; /* LM_DOES_PLAN; for a stick opened at lm_lesson.dir */
	char *label;       /* LM_DOES_CHANGE: what lm_lesson_do() does; else NULL */
	bool done;
};

struct lm_lesson {
	const char *name;
	char *title, *text, *dir;
	struct lm_lesson_step *steps;
	size_t n_steps;
	size_t at; /* the step to be done now; n_steps: all are done */
	struct lesson *impl; /* the core's */
};

#define LM_VERDICT_CAP 600

/* What a check found. */
struct lm_verdict {
	bool done; /* false: not yet; the text says what is missing */
	char text[LM_VERDICT_CAP];
};

/*
 * Takes up the lesson on the practice stick in dir, where it was left. What is
 * true of the stick is noted there (lesson.txt), to be compared later on.
 * -ENOENT: that is no stick with a lesson. Free with lm_lesson_close().
 */
int lm_lesson_open(struct lm_ctx *ctx, const char *dir, struct lm_lesson **lesson,
		   struct lm_error *err);
void lm_lesson_close(struct lm_lesson *lesson);

/*
 * Does what the present step's label says (LM_DOES_CHANGE), as the running
 * system would; said gets a sentence about it. The stick must not be open for
 * an operation. Fails with -EINVAL for other steps.
 */
int lm_lesson_do(struct lm_lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err);

/*
 * Looks at the stick whether the present step has been done. answer is for
 * LM_DOES_ANSWER, else NULL. When it has, at moves on, and that is kept on the
 * stick. Returns 0 also for "not yet".
 */
int lm_lesson_check(struct lm_lesson *lesson, const char *answer, struct lm_verdict *verdict,
		    struct lm_error *err);

#endif
