/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor of the world, in place of clone/executor: the way to vCenter
 * and back, on which things get lost and come late. What is looked up, and
 * how, is as in the real one; who judges is the real guard.
 */
#ifndef SCLONE_WORLD_EXECUTOR_H
#define SCLONE_WORLD_EXECUTOR_H

#include "common/base/table.h"
#include "vcenter.h"

/* Something about a machine has changed, or about its guest. */
void executor_changed(const struct machine_is *vm);

/* A task has ended, or (NULL) all were forgotten. */
void executor_task_ended(const struct clone_task *task);

/* The sources known to the process, past and present. */
const struct table *executor_source_ids(void);
const struct table *executor_source_uuids(void);

/* A source was seen: to be remembered for ever. */
void executor_saw_source(const struct machine_is *source);

uint64_t executor_acts(void);

#endif
