/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - which faults this seed has, and how often. Each seed leaves some
 * out and has more of others, so that rare ones meet in quiet.
 */
#ifndef SCLONE_WORLD_PLAN_H
#define SCLONE_WORLD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum plan_fault {
	/* vCenter */
	FAULT_REQUEST_LOST,	/* no reply, and it never arrives */
	FAULT_REPLY_LOST,	/* no reply, but it is done */
	FAULT_LATE,		/* no reply, and it is done much later */
	FAULT_REFUSED,		/* a decoded fault */
	FAULT_TASK_FAILS,
	FAULT_TASK_FAILS_LATE,	/* an error, and yet there is a VM */
	FAULT_TASKS_LOST,	/* vCenter restarts: its tasks are forgotten */
	FAULT_AWAY,		/* vCenter does not answer for a while */
	FAULT_SOURCE,		/* a source is out of order for a while */
	FAULT_NO_OWNER,		/* vCenter drops the owner key of a clone */
	FAULT_GUEST_DEAD,
	FAULT_GUEST_FAILS,
	FAULT_GUEST_SLOW,
	FAULT_VM_DIES,		/* powered off */
	FAULT_VM_REMOVED,	/* removed from the inventory by hand */
	FAULT_UNREADABLE,	/* the guard lacks a property */
	FAULT_FOREIGN,		/* a stranger takes a node's name */
	FAULT_COPY,		/* somebody copies a clone, marks and all */
	/* Slurm */
	FAULT_CALL_LOST,	/* not done, no answer */
	FAULT_CALL_UNKNOWN,	/* done, no answer */
	FAULT_CALL_LATE,	/* no answer; done later */
	FAULT_SLURM_RESTART,
	FAULT_SLURM_FORGETS,	/* with the state of some seconds ago */
	FAULT_SLURM_CLEAN,	/* with no state: slurmctld -c */
	FAULT_SHARES,		/* the partition shares nodes for a while */
	FAULT_PROGRAM_DIES,	/* a front end, before its file is there */
	FAULT_PROGRAM_SLOW,
	FAULT_PROGRAM_TWICE,
	FAULT_NO_JSON,
	FAULT_CANCEL,		/* scancel while configuring */
	FAULT_REQUEUE,		/* scontrol requeue of a running job */
	/* people */
	FAULT_DRAIN,
	FAULT_POWER_UP,
	FAULT_POWER_DOWN,
	FAULT_HOLD,
	FAULT_PAUSE,
	FAULT_CONF,		/* sclone.conf has other nodes at a start */
	/* the machine scloned runs on */
	FAULT_CRASH,
	FAULT_DOWN_LONG,	/* it takes long until it is started again */
	FAULT_CLOCK_FORWARD,
	FAULT_CLOCK_BACK,
	FAULT_COMMIT_FAILS,
	FAULT_COMMIT_STALLS,
	FAULT_JOURNAL_LOST,
	FAULT_JOURNAL_OLD,	/* restored from an older copy */
	FAULT_COMMITS_LOST,	/* a disk that lied about its last writes */
	FAULT_RECORD_DAMAGED,	/* one cannot be read any more */
	FAULTS
};

const char *plan_fault_name(enum plan_fault fault);

/* This seed's nodes are for several jobs at a time: Isolation=shared. */
bool plan_is_shared(void);

/* Draws the seed's plan; trouble begins. */
void plan_begin(void);

/* From now on nothing goes wrong any more. */
void plan_make_peace(void);
bool plan_is_peace(void);

/* It happens just now. */
bool plan_strikes(enum plan_fault fault);

/* It happens sometimes in this seed. */
bool plan_has(enum plan_fault fault);

/* How often it happened, over all seeds. */
uint64_t plan_struck(enum plan_fault fault);

#endif
