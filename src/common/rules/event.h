/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event - everything that can happen to a node. The strings are borrowed
 * for the length of engine_step(). Fields that a kind does not name are 0.
 *
 * An event that ends an act carries the action's epoch; from any other
 * cycle it changes nothing. UNKNOWN is an outcome of its own.
 */
#ifndef SCLONE_RULES_EVENT_H
#define SCLONE_RULES_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "action.h"
#include "failure.h"
#include "nodeview.h"

enum event_kind {
	/* From Slurm's programs; asked = when it was spooled. */
	EVENT_REQUESTED,	/* id asked deadline template_name [source:
				 * the only one, see record.h]
				 * [job user text: what named it] */
	EVENT_SUSPENDED,	/* asked */
	EVENT_RESUME_FAILED,	/* asked */
	EVENT_PROLOG,		/* job asked: its prolog waits since then */
	EVENT_CLAIM,		/* job asked: its prolog let it onto the node
				 * then, and may not have asked us */
	EVENT_MISFIT,		/* cause text [job asked: its prolog waits
				 * since then]: the node is not what the
				 * request's job asks for */

	/* From the planner. */
	EVENT_ADMITTED,		/* source [text: what of the others] */
	EVENT_NOT_ADMITTED,	/* cause text: cannot be served in time */
	EVENT_WAITS,		/* [cause] text: why it has no lane now */

	/* From watching. */
	EVENT_NODE_STATE,	/* view; ends SLURM_LOOK when act says so */
	EVENT_IDENTIFIED,	/* epoch: the guest took its identity */
	EVENT_GUEST_FAILED,	/* epoch, text */
	EVENT_VM_LOST,		/* epoch, text: gone or powered off */
	EVENT_FOUND,		/* reconcile: found_epoch vm instance_uuid */
	EVENT_CONDEMN,		/* reconcile, admin: cause text [job] */
	EVENT_CLEARED,		/* admin: the quarantine is over */
	EVENT_ISOLATION,	/* sclone.conf: shared, for requests to
				 * come */
	EVENT_HOLD,
	EVENT_UNHOLD,
	EVENT_TICK,		/* the time that outcome.wake asked for */
	EVENT_RESTARTED,	/* nothing is under way any more */

	/* Ends of acts. */
	EVENT_SUBMITTED,	/* SUBMIT_CLONE: task */
	EVENT_CLONE_DONE,	/* WATCH: vm */
	EVENT_LOOKED_UP,	/* LOOK_UP: look ... */
	EVENT_READ_BACK,	/* READ_BACK: instance_uuid owned */
	EVENT_OWNER_SET,	/* SET_OWNER */
	EVENT_GUARD_OK,		/* GUARD: level facts_at powered_off
				 * directory */
	EVENT_GUARD_REFUSED,	/* GUARD: text powered_off
				 * (false: it is known to run) */
	EVENT_POWERED_OFF,	/* POWER_OFF */
	EVENT_DESTROYED,	/* DESTROY */
	EVENT_VM_GONE,		/* READ_BACK SET_OWNER GUARD POWER_OFF DESTROY:
				 * ManagedObjectNotFound */
	EVENT_ABSENCE_PROVEN,	/* PROVE_ABSENCE: evidence [text: why there is
				 * none of the datastore, lagging: it shows
				 * the directory still; found_epoch: of a
				 * clone of ours that has the name now] */
	EVENT_ABSENCE_UNPROVEN,	/* PROVE_ABSENCE: text; vm when it was seen */
	EVENT_RECORDED,		/* RECORD_ABSENCE [text: where] */
	EVENT_SLURM_DONE,	/* act: any SLURM_ one but LOOK */
	EVENT_FAILED,		/* act cause text: decoded, did not happen;
				 * of WATCH: the task ended in an error
				 * [unsent: Slurm was not asked, since it is
				 * not known any more whose the node is] */
	EVENT_UNKNOWN,		/* act text: no decoded reply; of WATCH: the
				 * task object is lost */
	EVENTS
};

/*
 * What a look-up found. Own biosUuid anywhere comes before the name. A VM
 * that is there while its own clone task still runs is BUSY, not OURS.
 */
enum look {
	LOOK_OURS,	/* found_epoch vm [instance_uuid powered_off] */
	LOOK_FOREIGN,	/* a VM without our mark has the name */
	LOOK_BUSY,	/* absent, but a clone task of ours is unfinished */
	LOOK_ABSENT,	/* absent, and the recent tasks are clean */
	LOOKS
};

struct event {
	enum event_kind kind;
	int64_t now;		/* wall time */
	int64_t mono;		/* the same moment, monotonic */
	uint64_t epoch;
	enum action_kind act;
	int64_t asked;
	int64_t deadline;
	const char *id;
	uint32_t job;
	const char *user;
	const char *template_name;
	const char *source;
	const char *task;
	const char *vm;
	const char *instance_uuid;
	enum look look;
	uint64_t found_epoch;
	bool owned;
	bool powered_off;
	enum guard_level level;
	int64_t facts_at;
	unsigned evidence;
	bool lagging;
	bool shared;
	bool unsent;
	const char *directory;
	enum cause cause;
	const char *text;
	const struct nodeview *view;
};

/* "CLONE_DONE"; static storage. */
const char *event_name(enum event_kind kind);

/* The act that the event ends, ACTION_NONE when it ends none; VM_GONE ends
 * whatever is under way on the VM: ev->act. */
enum action_kind event_ends(const struct event *ev);

/* No name or id in it is too long for a record. */
bool event_fits(const struct event *ev);

#endif
