/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claim - which job's prolog has let it onto a node, kept for those times in
 * which nobody can be asked: a VM serves one job, also then.
 *
 * In the spool's subdirectory "claims" each node has a symbolic link to what
 * is no file but "JOB.RUN", which is there whole or not at all. sclone-prolog
 * leaves it, sclone-suspend removes it: the VM goes. It is no record: what is
 * lost with the machine is lost, and scloned's word comes before it.
 */
#ifndef SCLONE_IPC_CLAIM_H
#define SCLONE_IPC_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct claim {
	uint32_t job;
	uint32_t run;		/* how often it was requeued before */
};

/*
 * Read the node's claim: 1 and *claim, *since being when it was made (wall,
 * us; may be NULL); 0 when there is none; -1 FATAL or PROTOCOL.
 */
int claim_read(const char *spool, const char *node, struct claim *claim,
	       int64_t *since, struct err *err);

/*
 * Claim the node. Unless it is for sure, an existing claim of another job,
 * or of another run of this one, stays: EXISTS. FATAL, CAPACITY, and NOTFOUND
 * when there is no spool.
 */
int claim_make(const char *spool, const char *node, const struct claim *claim,
	       bool for_sure, struct err *err);

/* The node's VM of that time (wall, us) goes: a claim made later is on the
 * next one, and stays, unless it was the clock that was set back. No claim is
 * fine; FATAL. */
int claim_drop(const char *spool, const char *node, int64_t until,
	       struct err *err);

#endif
