/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * partitions - which of our nodes Slurm's partitions give to one job alone,
 * as slurmctld has them now: rules/isolation on what scloned-slurm tells.
 *
 * A store: whoever asks slurmctld for partitions puts the answer here. timing
 * does so every minute, and intake before it takes a request, unless that was
 * done moments ago: what `scontrol` changed counts for the next request. When
 * slurmctld does not answer, what it told last counts.
 */
#ifndef SCLONE_SCLONED_PARTITIONS_H
#define SCLONE_SCLONED_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/clone/config.h"

struct partitions;

/* config is borrowed by address, since reload replaces it. NULL: FATAL. */
struct partitions *partitions_create(const struct config *const *config,
				     struct err *err);

/* Accepts NULL. */
void partitions_destroy(struct partitions *partitions);

/* Take a CONFIG, which holds for what is taken from then on. */
void partitions_take_cluster(struct partitions *partitions,
			     const struct json *config);

/* Take a list of PARTITIONs. -1, and the last one stays: PROTOCOL, FATAL. */
int partitions_take(struct partitions *partitions, const struct json *list,
		    struct err *err);

/* They could not be read: worth no other attempt for a moment. */
void partitions_missed(struct partitions *partitions);

/* The configuration was read again. */
void partitions_outdate(struct partitions *partitions);

/* A list was taken, ever; and one was asked for moments ago. */
bool partitions_known(const struct partitions *partitions);
bool partitions_fresh(const struct partitions *partitions);

/* Grows when the answers of partitions_refuse() may have changed; 0: none was
 * ever anything but NULL. */
unsigned partitions_version(const struct partitions *partitions);

/* The reasons there are, NULL after the last one; partitions_refuse() gives
 * these very pointers. */
const char *partitions_flaw(const struct partitions *partitions,
			    size_t index);

/* Why no clone may be made for the node, or NULL. Borrowed until the next
 * list is taken. */
const char *partitions_refuse(const struct partitions *partitions,
			      const char *node);

#endif
