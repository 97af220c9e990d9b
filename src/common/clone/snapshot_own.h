/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot_own - what the snapshot's two files share: snapshot.c writes it,
 * snapshot_read.c reads it. Nobody else includes this.
 */
#ifndef SCLONE_CLONE_SNAPSHOT_OWN_H
#define SCLONE_CLONE_SNAPSHOT_OWN_H

#include "common/base/fields.h"
#include "snapshot.h"

/* All members of struct place_source, breaker and plan_rates that are not
 * pointers to others. */
extern const struct field snapshot_place_fields[];
extern const struct field snapshot_breaker_fields[];
extern const struct field snapshot_rate_fields[];

#endif
