/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portrait - all that scloned knows of one node as JSON, for `sclone why` and
 * `sclone snapshot`:
 *
 *	{node, record {KEY: "value" as the journal has it, see record.h},
 *	 quarantine, slurm {seen state flags [..] job reason}}
 */
#ifndef SCLONE_SCLONED_PORTRAIT_H
#define SCLONE_SCLONED_PORTRAIT_H

#include "common/base/json.h"
#include "common/rules/record.h"

/* NULL when out of memory. */
struct json *portrait_of(const struct record *rec);

#endif
