/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * step_log - what the log says of a node's step. Each failure is logged here,
 * once, with node and epoch; `sclone status` has its own story in the diary.
 */
#ifndef SCLONE_SCLONED_STEP_LOG_H
#define SCLONE_SCLONED_STEP_LOG_H

#include "common/rules/engine.h"

/* The record is as it is after the step. */
void step_log(const struct record *rec, const struct event *ev,
	      const struct outcome *out);

#endif
