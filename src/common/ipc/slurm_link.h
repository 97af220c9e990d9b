/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slurm_link - the caller's end of slurmcall.h, for scloned and `sclone
 * check`: owns the child scloned-slurm and makes calls through it,
 * asynchronously and each with a deadline.
 *
 * The child has one call at a time; the others wait here in order. A call
 * that is not answered in time costs the child its life, for libslurm cannot
 * be interrupted; a new one is started a tenth of a second later, and after a
 * pause that doubles up to ten seconds if it dies before its first answer.
 */
#ifndef SCLONE_IPC_SLURM_LINK_H
#define SCLONE_IPC_SLURM_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/loop.h"

struct slurm_link;

struct slurm_link_options {
	const char *program;	/* absolute path; tests put their own here */
	const char *conf;	/* slurm.conf; NULL: libslurm's default */
	size_t calls_max;	/* waiting and under way together */
	/* The child has ended, and not because it was told to: how. From the
	 * loop; may be NULL. */
	void (*died)(const char *how, void *arg);
	/* No call waits or is under way any more: what is asked for now goes
	 * out at once. From the loop; may be NULL. */
	void (*idle)(void *arg);
	void *arg;
};

/* Starts the child. The strings are copied. CONFIG when the program cannot
 * be executed, FATAL. */
struct slurm_link *slurm_link_create(struct loop *loop,
				     const struct slurm_link_options *options,
				     struct err *err);

/* Ends the child; calls not yet answered are forgotten without a callback.
 * Not from within a callback. Accepts NULL. */
void slurm_link_destroy(struct slurm_link *link);
CLEANUP_DEFINE(struct slurm_link *, slurm_link_destroy)
#define cleanup_slurm_link cleanup_with(slurm_link_destroy_cleanup_)

/*
 * Make a call. args are the members besides id, verb and deadline (taken
 * over also on failure; NULL: none). done is called exactly once, from the
 * loop and never from in here: with the answer (borrowed), or with NULL and
 * the failure. Besides Slurm's own failures that is TRANSIENT when the call
 * was not carried out or only wanted to know something, and UNKNOWN when an
 * update may have happened.
 *
 * 0, or -1 with BUSY when too many calls wait, FATAL; then done is not
 * called.
 */
int slurm_link_call(struct slurm_link *link, const char *verb,
		    struct json *args, int64_t timeout_us,
		    void (*done)(const struct json *answer,
				 const struct err *failure, void *arg),
		    void *arg, struct err *err);

/* Start a new child when the call under way is answered: libslurm reads
 * slurm.conf once in a process. */
void slurm_link_restart(struct slurm_link *link);

size_t slurm_link_waiting(const struct slurm_link *link);

/* The child's process id; 0 between two children. */
pid_t slurm_link_pid(const struct slurm_link *link);

#endif
