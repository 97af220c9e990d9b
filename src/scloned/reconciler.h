/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconciler - now and then everything is looked at whole: the records, the
 * clone folder, Slurm's nodes. What does not fit becomes an event, by the
 * table in rules/reconcile; only the engine acts on it.
 *
 * A pass is made at the start, as soon as vCenter and Slurm answer, then
 * every 5 minutes, and sooner while something waits for its second sighting.
 * Two things are passed on: VMs of ours that no record explains (FOUND), and
 * VMs that are gone without a word (VM_LOST). A VM without a valid owner key
 * is foreign: it is counted and never touched.
 */
#ifndef SCLONE_SCLONED_RECONCILER_H
#define SCLONE_SCLONED_RECONCILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct daemon;
struct reconciler;

/* What the last whole pass has seen. */
struct reconciler_tally {
	int64_t at;		/* us since 1970; 0: there was none */
	size_t ours;
	size_t foreign;		/* in the clone folder, without owner key */
	size_t strays;		/* ours, of nodes that are not configured */
	size_t waiting;		/* to be released after a second sighting */
	bool braked;		/* too many of them at once */
};

/* All of the daemon's parts must exist and outlive it. NULL: FATAL. */
struct reconciler *reconciler_create(struct daemon *daemon, struct err *err);

/* Before the parts it uses. Accepts NULL. */
void reconciler_destroy(struct reconciler *reconciler);

const struct reconciler_tally *
reconciler_tally(const struct reconciler *reconciler);

/* Why the last pass could not be made; NULL when it was. */
const struct err *reconciler_problem(const struct reconciler *reconciler);

#endif
