/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs - the calls of common/ipc/slurmcall.h, carried out. */
#ifndef SCLONE_SCLONED_SLURM_VERBS_H
#define SCLONE_SCLONED_SLURM_VERBS_H

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"

struct verbs;

struct verbs *verbs_create(struct err *err);
void verbs_destroy(struct verbs *verbs);	/* accepts NULL */
CLEANUP_DEFINE(struct verbs *, verbs_destroy)
#define cleanup_verbs cleanup_with(verbs_destroy_cleanup_)

/*
 * Carry out one call, blocking; the answer's members, without "id", are put
 * into answer. A call past its deadline is not begun.
 */
int verbs_run(struct verbs *verbs, const struct json *call,
	      struct json *answer, struct err *err);

#endif
