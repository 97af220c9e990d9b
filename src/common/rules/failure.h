/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failure - why a cycle ends early, and what sclone does about it: one
 * table for the engine, the messages and the manual.
 */
#ifndef SCLONE_RULES_FAILURE_H
#define SCLONE_RULES_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* The first ones are the error codes, with the same meaning and order. */
enum cause {
	CAUSE_NONE = ERR_NONE,
	CAUSE_UNKNOWN = ERR_UNKNOWN,
	CAUSE_TRANSIENT = ERR_TRANSIENT,
	CAUSE_BUSY = ERR_BUSY,
	CAUSE_CAPACITY = ERR_CAPACITY,
	CAUSE_AUTH = ERR_AUTH,
	CAUSE_NOTFOUND = ERR_NOTFOUND,
	CAUSE_EXISTS = ERR_EXISTS,
	CAUSE_CONFIG = ERR_CONFIG,
	CAUSE_PROTOCOL = ERR_PROTOCOL,
	CAUSE_REFUSED = ERR_REFUSED,
	CAUSE_FATAL = ERR_FATAL,
	CAUSE_DEADLINE = ERR_CODES,	/* the node is not up in time */
	CAUSE_SUSPENDED,	/* Slurm gave the node back: a normal end */
	CAUSE_CANCELLED,	/* the job ended before its node was up */
	CAUSE_RESUMEFAIL,	/* Slurm gave up waiting for the node */
	CAUSE_SUPERSEDED,	/* Slurm asked for the node anew */
	CAUSE_GUEST,		/* the guest reported that it cannot start */
	CAUSE_LOST,		/* the VM is gone or powered off */
	CAUSE_FOREIGN,		/* a VM that is not ours holds the name */
	CAUSE_ORPHAN,		/* a VM of ours that no request explains */
	CAUSE_ADMIN,		/* an admin asked for the release */
	CAUSE_HOLD,		/* kept for an admin to look at */
	CAUSE_GUARD,		/* the guard does not let the VM go */
	CAUSE_UNPROVEN,		/* the old VM is not proven gone yet */
	CAUSE_ZOMBIE,		/* a slurmd answers that has no VM */
	CAUSE_SHARED,		/* a job came onto another job's VM */
	CAUSE_QUARANTINE,	/* the journal's record cannot be read */
	CAUSE_ISOLATION,	/* Slurm shares the node among jobs */
	CAUSE_TEMPLATE,		/* the job asks for what its nodes cannot be */
	CAUSE_IMAGE,		/* they became another than it asks for */
	CAUSES
};

/* What happens to the request. */
enum cure {
	CURE_NONE,	/* nothing: the request ended with the cycle */
	CURE_LOOK,	/* find out first whether the VM exists */
	CURE_ELSEWHERE,	/* again, on another source if there is one; counted */
	CURE_ROOM,	/* the same, not counted: for as long as time allows */
	CURE_WAIT,	/* again after a pause, for as long as time allows */
	CURE_FAIL,	/* tell the job, give the node back */
	CURE_REQUEUE,	/* tell the job and requeue it or, if it cannot be, end
			 * it; give the node back */
	CURE_END,	/* tell the job and end it, since another try would go
			 * the same way; give the node back */
	CURE_HUMAN	/* as FAIL, and drain the node until a human acts */
};

struct failure {
	const char *name;	/* in reasons: "sclone: (NAME) text" */
	enum cure cure;
	bool blames_source;	/* counts for the source's breaker */
	bool blames_template;	/* counts for the template's breaker */
	const char *meaning;	/* one line for the manual */
	const char *advice;	/* what the admin does */
};

/* The row of a cause; that of FATAL for a value out of range. */
const struct failure *failure_of(enum cause cause);

/* The cause that an error code stands for. */
enum cause failure_cause(enum err_code code);

/* "sclone: (NAME) text" into size bytes; text may be NULL. */
void failure_reason(enum cause cause, const char *text, char *out,
		    size_t size);

/* A node's reason was written by sclone. */
bool failure_is_ours(const char *reason);

/* It is one of those that the engine sets on a release that does not get
 * on, and takes back when it does: HOLD, GUARD, UNPROVEN; or on a node in
 * QUARANTINE, until it is cleared. */
bool failure_is_passing(const char *reason);

/* How the reason of a drain by rules/capacity begins. */
#define FAILURE_CAPACITY "sclone: (capacity)"

/* And of one that stands for a partition which shares the node. */
#define FAILURE_ISOLATION "sclone: (isolation)"

/* It is such a reason, of either kind: that alone, or more behind a blank. */
bool failure_is_capacity(const char *reason);

/* It is of the latter kind. */
bool failure_is_isolation(const char *reason);

#endif
