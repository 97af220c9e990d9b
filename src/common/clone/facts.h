/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts - what the guard must know about a machine, out of what vCenter
 * tells of it. It judges nothing; what is missing stays missing.
 *
 * A disk's files have two witnesses: the device's backing and layoutEx,
 * which also shows files that no backing names (extents, and the deltas of
 * a running source, KB 67186). On top is what either shows there.
 */
#ifndef SCLONE_CLONE_FACTS_H
#define SCLONE_CLONE_FACTS_H

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/rules/guard.h"
#include "common/vim25/machine.h"

struct facts;

/* Of a machine read with MACHINE_ALL at that time. Its strings are borrowed
 * from the machine. NULL: out of memory. */
struct facts *facts_create(const struct machine *machine, int64_t read_at);

/* Accepts NULL. */
void facts_destroy(struct facts *facts);
CLEANUP_DEFINE(struct facts *, facts_destroy)
#define cleanup_facts cleanup_with(facts_destroy_cleanup_)

const struct guard_facts *facts_guard(const struct facts *facts);

/* All paths that facts_directories() needs, and those that change when what
 * it tells does, for a property_spec. */
extern const char *const facts_file_paths[];
#define FACTS_FILE_PATHS 5

/*
 * Add all directories in which the machine has files, each once and with a
 * NUL. Whether these are all: a machine that is just being made shows no
 * devices. out->failed: they do not fit.
 */
bool facts_directories(const struct machine *machine, struct buf *out);

#endif
