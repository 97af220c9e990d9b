/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hand - what the executor has under way for one node; internal to it.
 *
 * An act fills the hand, hand_end() empties it with the act's one event.
 * Searches and queries of an act that is over are cancelled.
 */
#ifndef SCLONE_CLONE_HAND_H
#define SCLONE_CLONE_HAND_H

#include <sys/queue.h>

#include "common/base/buf.h"
#include "common/base/table.h"
#include "common/vim25/machine.h"
#include "common/vim25/search.h"
#include "common/vim25/vm.h"
#include "executor.h"
#include "networks.h"

#define HAND_OPERATION_SIZE 160
#define HAND_NAME_SIZE 96	/* of a machine; what is longer is cut off */

/* A machine that a look-up has seen; vm "": none. */
struct hand_sight {
	char vm[MOREF_ID_SIZE];
	char name[HAND_NAME_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];
	uint64_t epoch;
	bool powered_off;
};

/* The guard's leave for one act; NONE: none. It is used up by any act. */
struct hand_pass {
	enum action_kind act;
	uint64_t epoch;
	char vm[RECORD_MOREF_SIZE];
	int64_t read_mono;	/* when its facts were asked for */
};

struct hand {
	struct executor *executor;
	struct record rec;		/* as it was when the act began */
	struct action act;		/* ACTION_NONE: nothing under way */
	char operation[HAND_OPERATION_SIZE];	/* vCenter logs it */

	/* An act that reads. */
	struct search *search;
	struct property_query *query;
	/* What follows a search (found: NULL, nothing) or a read. */
	void (*step)(struct hand *hand, const struct moref *found);
	struct moref found;		/* by a search */
	struct hand_sight sight;
	bool foreign;			/* it is not ours */
	unsigned evidence;
	struct hand_pass pass;
	STAILQ_ENTRY(hand) batch;	/* waits for the next verdict */
	bool batched;

	/* An act that is a task. A clone's task outlives SUBMIT_CLONE. */
	struct task *task;
	uint64_t task_epoch;
	struct moref task_ref;		/* unset: not accepted, or over */
	struct watch_item *task_watch;	/* after a restart: only its id */
	bool ended;			/* before WATCH was asked for */
	struct err failure;		/* how; code NONE: vm is the clone */
	struct moref vm;

	STAILQ_ENTRY(hand) idle;	/* to be freed, if it still is */
	bool is_listed;
};

struct executor {
	struct loop *loop;
	const struct config *config;
	struct executor_hooks hooks;
	struct session *session;
	struct watch *watch;
	struct sources *sources;
	struct networks *networks;
	struct ancestry *ancestry;
	struct err forgot;		/* a source could not be kept there */
	struct table *hands;		/* by node; while an act needs one */
	STAILQ_HEAD(, hand) idle;
	struct loop_timer *idle_timer;
	struct guests *guests;
	struct buf key;			/* sclone.key */
	struct verdicts *verdicts;
	struct stores *stores;		/* datastores, as far as asked for */
};

/* The node's hand; made when it has none. Only within this turn. */
struct hand *hand_of(struct executor *executor, const char *node);

/* For the table of hands: frees one, and cancels what it has under way. */
void hand_free(void *value);

/* For the idle timer; arg is the executor. Frees the hands that are idle:
 * callers of hand_end() still hold theirs, in the next turn nobody does. */
void hands_tidy(void *arg);

/* Give the act's event; the hand is idle afterwards. kind, act, epoch are
 * set here, the rest is the caller's. */
void hand_end(struct hand *hand, enum event_kind kind, struct event *ev);

/* The act failed: EVENT_UNKNOWN or EVENT_FAILED, by the error's code. */
void hand_fail(struct hand *hand, const struct err *err);

/* The reference of rec->vm. */
struct moref hand_vm(const struct hand *hand);

/* The machine of rec->source; *vm is NULL when there is no such source (any
 * more). -1, TRANSIENT: that is not known before the sources are looked at. */
int hand_source(const struct hand *hand, const struct moref **vm,
		struct err *err);

/* The clone folder; NULL, TRANSIENT: it is not known (yet). */
const struct moref *hand_folder(const struct hand *hand, struct err *err);

/* Whose VM it is by its owner key and biosUuid. -1: not provably ours. */
int hand_owner(const struct executor *executor, const struct machine *machine,
	       struct owner *owner);

/* lookup.c: LOOK_UP and PROVE_ABSENCE. */
void lookup_start(struct hand *hand);
void lookup_prove(struct hand *hand);

/* browse.c: the end of PROVE_ABSENCE, with the evidence so far. */
void browse_start(struct hand *hand);
struct stores;
struct stores *stores_create(void);
void stores_destroy(struct stores *stores);	/* accepts NULL */

/* backend.c: SUBMIT_CLONE, WATCH. */
void backend_submit(struct hand *hand);
void backend_watch(struct hand *hand);

/* verdict.c: READ_BACK and GUARD, many at a time. */
struct verdicts;
struct verdicts *verdicts_create(struct executor *executor, struct err *err);
void verdicts_destroy(struct verdicts *verdicts);
void verdicts_add(struct hand *hand);

/* End READ_BACK with what is known: options, bios_uuid, instance_uuid. */
void verdicts_read_back(struct hand *hand, const struct machine *machine);

/* guest.c: the clones in use. */
struct guests;
struct guests *guests_create(struct executor *executor);
void guests_destroy(struct guests *guests);

/* Watch the record's VM, if it is not watched yet. */
void guests_watch(struct guests *guests, const struct record *rec);

/* The node's VM is no longer in use, or never was. */
void guests_leave(struct guests *guests, const char *node);

/* End READ_BACK with what the VM's watch is about to tell; false when there
 * is no such watch, or when it has told. */
bool guests_read_back(struct guests *guests, struct hand *hand);

#endif
