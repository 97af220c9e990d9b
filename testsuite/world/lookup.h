/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup - which machine is it? As in clone/lookup.c, without the requests
 * in between.
 */
#ifndef SCLONE_WORLD_LOOKUP_H
#define SCLONE_WORLD_LOOKUP_H

#include "common/rules/event.h"
#include "common/rules/record.h"
#include "vcenter.h"

/* The ends of acts; their strings live until the next call. */
struct event lookup_find(const struct record *rec);
struct event lookup_prove_absence(const struct record *rec);
struct event lookup_read_back(const struct record *rec);

/* The machine bears a valid owner key of our cluster. */
bool lookup_owner(const struct machine_is *vm, struct owner *owner);

/* The process knows whose that task is; a new one knows of none. */
void lookup_know(unsigned process, int node, const char *task);
void lookup_forget(void);

#endif
