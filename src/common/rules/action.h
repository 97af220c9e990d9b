/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * action - what the engine asks the executor to do for one node. The rest
 * of what an act needs is in the record.
 *
 * Each action ends in exactly one event (event.h), also when it fails; at
 * most one on the VM and one in Slurm are under way for a node. After a
 * restart none is, and the engine asks again for what the state calls for.
 */
#ifndef SCLONE_RULES_ACTION_H
#define SCLONE_RULES_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#define ACTION_TEXT_SIZE 240

enum action_kind {
	ACTION_NONE,

	/* On the VM; all through vCenter, but RECORD_ABSENCE. */
	ACTION_SUBMIT_CLONE,	/* InstantClone_Task from rec->source, once */
	ACTION_WATCH,		/* await rec->task's end */
	ACTION_LOOK_UP,		/* who has the name, the biosUuid: LOOK_* */
	ACTION_READ_BACK,	/* instanceUuid and owner key of rec->vm */
	ACTION_SET_OWNER,	/* set the owner key, biosUuid being right */
	ACTION_GUARD,		/* facts and verdict at action.level */
	ACTION_POWER_OFF,
	ACTION_DESTROY,
	ACTION_PROVE_ABSENCE,	/* name, instanceUuid, biosUuid, directory */
	ACTION_RECORD_ABSENCE,	/* write the receipt to the journal */

	/* In Slurm; the view rules of update.h hold when it is sent. */
	ACTION_SLURM_LOOK,	/* load this node anew; does action.job, if
				 * any, hold it? */
	ACTION_SLURM_MARK,	/* POWER_DOWN while allocated: single use */
	ACTION_SLURM_NOTIFY,	/* admin_comment and notify of action.job */
	ACTION_SLURM_MOVE,	/* the same, and then it is requeued */
	ACTION_SLURM_END,	/* the same, and then its end */
	ACTION_SLURM_FORCE_DOWN,	/* POWER_DOWN_FORCE with the text */
	ACTION_SLURM_SET_DOWN,	/* DOWN with the text: the VM is gone, and no
				 * slurmd will end the node's jobs */
	ACTION_SLURM_POWER_DOWN,	/* POWER_DOWN: heals a failed resume */
	ACTION_SLURM_NODE_RESUME,	/* POWERING_DOWN is over: name free */
	ACTION_SLURM_DRAIN,	/* with the text: ours, or an admin's again */
	ACTION_SLURM_UNDRAIN,
	ACTION_SLURM_REQUEUE,	/* action.job must leave a used node */
	ACTION_SLURM_KILL,	/* it cannot be requeued: the text, then its
				 * end */
	ACTIONS
};

/* What a guard verdict must allow. */
enum guard_level {
	GUARD_POWER_OFF,
	GUARD_DESTROY
};

struct action {
	enum action_kind kind;
	uint64_t epoch;		/* give it back in the event */
	bool durable;		/* the record must be on disk before the act */
	enum guard_level level;
	uint32_t job;
	int64_t start;		/* of a look: its turn on the node */
	char text[ACTION_TEXT_SIZE];	/* reason or message */
};

/* "SUBMIT_CLONE"; static storage. */
const char *action_name(enum action_kind kind);

bool action_is_slurm(enum action_kind kind);

#endif
