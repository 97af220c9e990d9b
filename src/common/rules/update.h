/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * update - is a change in Slurm still right for the node as it is now?
 *
 * An update is derived from (node table, record) when it is sent, never
 * replayed. The engine asks before it wants one; the executor asks again
 * with the view it has when it sends, and reports SLURM_DONE without
 * sending when the answer is no.
 */
#ifndef SCLONE_RULES_UPDATE_H
#define SCLONE_RULES_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "record.h"

/* The view arrived at most max_age ago. */
bool update_fresh(const struct nodeview *view, int64_t now, int64_t max_age);

/* The view says whether the job that failed still holds the node, as far as
 * that matters; a later one may not say it any more. Of a shared node that is
 * known for two seconds: others come. */
bool update_knows_whose(const struct record *rec, int64_t now);

/* The view can tell whether Slurm still has to be told of the failure: it is
 * fresh, not of the time before, and says whether the job that failed still
 * holds the node. */
bool update_can_tell(const struct engine_conf *conf, const struct record *rec,
		     int64_t now);

/* A node is about to be taken from a job that sclone does not know, and that
 * must be told first: a look asks for it; with tell_all for the one after
 * tell_job. */
bool update_asks_who(const struct record *rec);

/* The act is still called for. LOOK, NOTIFY, REQUEUE and KILL always
 * are. */
bool update_needed(enum action_kind act, const struct record *rec,
		   const struct nodeview *view);

/*
 * Why the node must be drained by sclone now, as a whole reason text in
 * out; false when it need not be.
 */
bool update_drain_reason(const struct record *rec, int64_t now, char *out,
			 size_t size);

/* The admin's drain was lost in the power cycle and is to be set again. */
bool update_restores_drain(const struct record *rec,
			   const struct nodeview *view);

#endif
