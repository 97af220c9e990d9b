/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lineage - what the journal keeps of sources: which VMs ever were one, for
 * the guard and for ever (ancestry.h); and which are members of folders in
 * Sources=, for a start while vCenter does not tell.
 */
#ifndef SCLONE_SCLONED_LINEAGE_H
#define SCLONE_SCLONED_LINEAGE_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/clone/executor.h"
#include "common/clone/journal.h"
#include "fleet.h"

/* Give all to the executor, before any act. Members of folders that left
 * sclone.conf are forgotten. */
int lineage_load(struct journal *journal, struct executor *executor,
		 struct err *err);

/* Keep, or forget, with the fleet's next commit; a failure is logged. */
void lineage_source(struct journal *journal, struct fleet *fleet,
		    const char *vm, const char *instance_uuid);
void lineage_member(struct journal *journal, struct fleet *fleet,
		    const struct source *source, bool is);

#endif
