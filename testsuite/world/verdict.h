/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict - the real guard, asked about the world's machines.
 */
#ifndef SCLONE_WORLD_VERDICT_H
#define SCLONE_WORLD_VERDICT_H

#include "common/rules/event.h"
#include "common/rules/record.h"

/* The end of GUARD. */
struct event verdict_of(const struct record *rec, enum guard_level level);

/* A PowerOff or Destroy is about to be sent: whether the verdict on which it
 * rests, which must be there, is still fresh. */
bool verdict_holds(const struct record *rec, enum action_kind act);

#endif
