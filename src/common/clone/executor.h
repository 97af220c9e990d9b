/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * executor - carries out the engine's actions in vCenter. It decides nothing:
 * each action ends in exactly one event, and a reply that was lost is an
 * event of its own.
 *
 * For every node it keeps what is under way (a "hand"), and while a clone is
 * in use it watches the VM: the guest's word and its power state become
 * events too.
 */
#ifndef SCLONE_CLONE_EXECUTOR_H
#define SCLONE_CLONE_EXECUTOR_H

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/rules/event.h"
#include "common/rules/record.h"
#include "config.h"
#include "sources.h"

#define EXECUTOR_KEY_MAX 1024	/* bytes of sclone.key */

struct executor;

struct executor_hooks {
	/* An event for a node; its strings are borrowed for the call. */
	void (*event)(const char *node, struct event *ev, void *arg);
	/* The sources were looked at. */
	void (*sources)(void *arg);
	/* One of them was not known: to be kept for ever, and given to
	 * executor_remember() by the next process. */
	void (*source)(const char *vm, const char *instance_uuid, void *arg);
	/* As of sources.h: of the members of folders in Sources=. */
	bool (*needs)(const char *path, void *arg);
	void (*member)(const struct source *source, bool is, void *arg);
	void (*renamed)(const struct source *source, const char *former,
			void *arg);
	/* The record's VM cannot be watched: it makes no events of its own.
	 * Once for each clone. */
	void (*unwatched)(const struct record *rec, const struct err *why,
			  void *arg);
	void *arg;
};

/*
 * Reads the secrets (CONFIG when they are not as they must be) and prepares
 * the session; vCenter may be away. The config is borrowed until
 * executor_reload().
 */
struct executor *executor_create(struct loop *loop,
				 const struct config *config,
				 const struct executor_hooks *hooks,
				 struct err *err);

/* No events come. What runs in vCenter runs on. Accepts NULL. */
void executor_destroy(struct executor *executor);
CLEANUP_DEFINE(struct executor *, executor_destroy)
#define cleanup_executor cleanup_with(executor_destroy_cleanup_)

/* A source of the past, which the guard must know; before any act. */
int executor_remember(struct executor *executor, const char *vm,
		      const char *instance_uuid, struct err *err);

/* A member of a folder in Sources=, as of sources_recall(). */
int executor_recall(struct executor *executor, const char *path,
		    const char *vm, const char *instance_uuid,
		    struct err *err);

/*
 * Carry out an action that is not Slurm's and not RECORD_ABSENCE. POWER_OFF
 * and DESTROY need a GUARD_OK of their level for this VM and epoch, which
 * was the node's act before and rests on facts at most GUARD_FRESH old;
 * without it they end in FAILED.
 */
void executor_act(struct executor *executor, const struct record *rec,
		  const struct action *action);

/* A step was made: begin or end to watch the node's VM, forget a name whose
 * cycle is over. */
void executor_stepped(struct executor *executor, const struct record *rec);

/* Take a new configuration; the old one is no longer used when it returns.
 * -1: the new one cannot be used and the old one stays. */
int executor_reload(struct executor *executor, const struct config *config,
		    struct err *err);

/*
 * Power a source on that is off (start.c); failure is NULL when it is on, and
 * AUTH when the account may not. It ends within ten minutes. NULL, and no
 * call: REFUSED (it is no such source), BUSY, FATAL.
 */
struct start;
struct start *executor_start(struct executor *executor, const char *path,
			     void (*done)(const struct err *failure,
					  void *arg),
			     void *arg, struct err *err);

/* No call comes. Accepts NULL; not for one that has ended. */
void executor_start_cancel(struct start *start);

/* Log out, then call back; within seconds, whatever vCenter does. */
void executor_leave(struct executor *executor, void (*done)(void *arg),
		    void *arg);

const struct sources *executor_sources(const struct executor *executor);

/* Why vCenter cannot be used now; NULL when it can. */
const struct err *executor_problem(const struct executor *executor);

/* HTTP requests sent so far. */
uint64_t executor_requests(const struct executor *executor);

#endif
