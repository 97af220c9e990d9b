/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tally - what each node name of a configuration counts as for
 * rules/capacity, how many there are of each kind, and what MaxClones= has
 * room for.
 *
 * A name that Slurm does not take updates of is refused: it counts as out
 * until it is accepted again, whatever its record says. So does a free one
 * whose node Slurm gives to several jobs, see rules/isolation: it is closed
 * and opened for that alone.
 */
#ifndef SCLONE_CLONE_TALLY_H
#define SCLONE_CLONE_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/rules/capacity.h"
#include "common/rules/kind.h"
#include "common/rules/record.h"
#include "config.h"

struct tally;

/* Of names that were not counted yet: all are out. The configuration is
 * borrowed. NULL: FATAL. */
struct tally *tally_create(const struct config *config, struct err *err);

/* Accepts NULL. */
void tally_destroy(struct tally *tally);
CLEANUP_DEFINE(struct tally *, tally_destroy)
#define cleanup_tally cleanup_with(tally_destroy_cleanup_)

/* What isolation wants of a free name. */
enum tally_move {
	TALLY_STAYS,
	TALLY_CLOSES,		/* to be drained: Slurm shares the node */
	TALLY_OPENS		/* to be given back: it does not any more */
};

/* All that is about nodes which are not in the configuration does nothing. */

/* The record has changed. */
void tally_count(struct tally *tally, const struct record *rec);

/* The same without one: the node is a clone of the template. */
void tally_begin(struct tally *tally, const char *node,
		 const char *template_name);

/* Slurm would not give the node to one job alone, or would; that counts with
 * the next tally_count(). Before the first word, what is drained for that
 * stays so. */
void tally_bar(struct tally *tally, const char *node, bool barred);

/* slurmctld does not take updates of the name, or has shown it again. */
void tally_refuse(struct tally *tally, const char *node);
void tally_accept(struct tally *tally, const char *node);

/* Of the name at that place of a set; late: see capacity_is_late(). */
enum capacity_kind tally_kind(const struct tally *tally, size_t set,
			      size_t index);
bool tally_is_late(const struct tally *tally, size_t set, size_t index);

enum tally_move tally_move(const struct tally *tally, size_t set,
			   size_t index);

/* Free names of a set that are drained for isolation, or are to be; *first:
 * the place of the first one, if any. */
size_t tally_isolated(const struct tally *tally, size_t set, size_t *first);

/* Names that are late, and those that do not stay. */
size_t tally_late(const struct tally *tally);
size_t tally_moves(const struct tally *tally);

/* The index of the template that the name at that place is a clone of, or -1
 * when it is none, or of no template of the configuration. */
int tally_template(const struct tally *tally, size_t set, size_t index);

/* One for each node set and template of the configuration, in its order;
 * memos and rates are the caller's to write. */
struct capacity_set *tally_sets(struct tally *tally);
struct capacity_template *tally_templates(struct tally *tally);

/* MaxClones= for struct kind_rule: the limits that there are for a clone of
 * the node and of that template, and how many more clones one of them has room
 * for. */
unsigned tally_limits(const struct config *config, const char *node,
		      const char *template_name,
		      unsigned limits[KIND_LIMITS_EACH]);
size_t tally_room(const struct tally *tally, unsigned limit);

#endif
