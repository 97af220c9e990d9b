/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fleet - the records of all node names, and the turn that keeps them safe:
 *
 *	event -> engine -> record -> journal -> action
 *
 * Events are applied at once; their actions wait for the end of the loop's
 * turn, when what changed is committed in one transaction, and only then are
 * handed out. Changes that no durable action waits for are committed a
 * little later, in company.
 */
#ifndef SCLONE_SCLONED_FLEET_H
#define SCLONE_SCLONED_FLEET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/clone/journal.h"
#include "common/rules/engine.h"

#define FLEET_NODES_MAX 65536

struct fleet;

struct fleet_hooks {
	/* Carry out; must end in one event, now or later. rec is borrowed. */
	void (*act)(const struct record *rec, const struct action *action,
		    void *arg);
	/* A step was made: rec is the record after it. */
	void (*stepped)(const struct record *rec, const struct event *ev,
			const struct outcome *out, void *arg);
	/* The node was forgotten: there is no record of it any more. */
	void (*forgotten)(const char *node, void *arg);
	/* The journal cannot be written (err) or can again (NULL); actions
	 * wait meanwhile. */
	void (*journal)(const struct err *err, void *arg);
	/* All that was changed so far is on disk. */
	void (*committed)(void *arg);
	void *arg;
};

/* All borrowed. NULL: FATAL, or the journal cannot be read. */
struct fleet *fleet_create(struct loop *loop, struct journal *journal,
			   const struct engine_conf *conf,
			   const struct fleet_hooks *hooks, struct err *err);

/* Commits what is left, hands out nothing more. Accepts NULL. */
void fleet_destroy(struct fleet *fleet);
CLEANUP_DEFINE(struct fleet *, fleet_destroy)
#define cleanup_fleet cleanup_with(fleet_destroy_cleanup_)

/*
 * Take a record as the journal had it; at start. The cluster may have another
 * name since: record_rename(). 1: it cannot be read, err says why: the text is
 * kept aside, and the node is in quarantine as if its record were lost, see
 * record.h. -1: FATAL, or CONFIG when no node can have that name.
 */
int fleet_load(struct fleet *fleet, const char *cluster, const char *node,
	       const char *line, struct err *err);

/* The texts kept aside, after loading: their nodes are still in
 * quarantine. */
int fleet_load_kept(struct fleet *fleet, const char *cluster,
		    struct err *err);

/* Add an absent node; it has none of the epochs of a node of that name that
 * was forgotten. */
int fleet_add(struct fleet *fleet, const char *cluster, const char *node,
	      struct err *err);

/* End a node's quarantine, for good. */
int fleet_clear(struct fleet *fleet, const char *node, struct err *err);

/* Drop an absent node that nothing is under way for. 1: it is; 0: done, or
 * there is none; -1: the journal cannot be written. The name may be in a
 * record that was lent, which is gone afterwards. */
int fleet_forget(struct fleet *fleet, const char *node, struct err *err);

/* After loading: derive what each record calls for. */
void fleet_start(struct fleet *fleet);

/* Apply an event to a node; ev->now is set here. Unknown nodes are
 * ignored. */
void fleet_event(struct fleet *fleet, const char *node, struct event *ev);

/* Make everything so far durable before returning. */
int fleet_commit(struct fleet *fleet, struct err *err);

/* Something else was put into the journal: commit it a little later, with
 * the records. Nobody but the fleet commits, since half a change could become
 * durable otherwise. */
void fleet_commit_soon(struct fleet *fleet);

/* NULL when the node is not here. Borrowed until the next event, or the next
 * call. */
const struct record *fleet_record(const struct fleet *fleet,
				  const char *node);

/* Walk in order of insertion; start with *pos = 0. Borrowed in the same way,
 * but apart from fleet_record()'s. */
const struct record *fleet_next(const struct fleet *fleet, size_t *pos);

/* The same, of the nodes in these phases alone. */
const struct record *fleet_next_in(const struct fleet *fleet, size_t *pos,
				   enum phase first, enum phase last);

size_t fleet_count(const struct fleet *fleet);

/* How many nodes are in this phase. */
size_t fleet_in_phase(const struct fleet *fleet, enum phase phase);

#endif
