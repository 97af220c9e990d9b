/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * times - all times in a record, when the clock is set back under them.
 *
 * What was noted as past would then lie in the future: each view of the node
 * would be older than the last one, a deadline too far away. So every time
 * moves back together; what was to come stays as far away, and the order of
 * things stays.
 */
#ifndef SCLONE_RULES_TIMES_H
#define SCLONE_RULES_TIMES_H

#include <stdint.h>

#include "record.h"

/* At each step: nothing of what the record has seen is later than now. */
void times_follow(struct record *rec, int64_t now);

#endif
