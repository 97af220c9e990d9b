/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wants - which acts a record calls for, from its state alone. Internal to
 * the engine.
 */
#ifndef SCLONE_RULES_WANTS_H
#define SCLONE_RULES_WANTS_H

#include "engine.h"

/* The next act on the VM, or in Slurm, whatever is under way. */
enum action_kind wants_vm(const struct record *rec, int64_t now);
enum action_kind wants_slurm(const struct engine_conf *conf,
			     const struct record *rec, int64_t now);

/* Fill in what goes with the kind. */
void wants_fill(const struct record *rec, enum action_kind kind, int64_t now,
		struct action *out);

/* What the act in Slurm is for, to tell whether its end still matters. */
int64_t wants_token(const struct record *rec, enum action_kind kind);

/* The next time after now at which the time alone changes something. */
int64_t wants_wake(const struct record *rec, int64_t now);

#endif
