/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trials - the tests of sources that an admin orders (`sclone template
 * test`): the last one of each source, kept in the journal, and those under
 * way, on nodes that sclone.conf keeps for them (Test=yes).
 *
 * The order is on disk before Slurm is asked for the node; what follows is
 * the node's usual cycle, of which rules/trial says what it means. A restart
 * goes on where the record is.
 */
#ifndef SCLONE_SCLONED_TRIALS_H
#define SCLONE_SCLONED_TRIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/ipc/server.h"
#include "common/rules/trial.h"

struct daemon;
struct trials;

/* What the journal has; needs the loop and the configuration. NULL: FATAL,
 * and journal_each_meta()'s. */
struct trials *trials_create(struct daemon *daemon, struct err *err);

/* Before the server; a call that is under way in the link must not end any
 * more. Accepts NULL. */
void trials_destroy(struct trials *trials);

/* VERB_TEST of verbs.h: sees to the call's answer. */
void trials_order(struct trials *trials, struct server_call *call);

/* Slurm asks for the node, without a job: the test that waits for that, and
 * has it from now on; NULL: none. The caller commits. Borrowed until the
 * next order. */
const struct trial *trials_take(struct trials *trials, const char *node,
				const char *request);

/* A step of a node was made. */
void trials_stepped(struct trials *trials, const struct record *rec);

/* How many are under way. */
size_t trials_running(const struct trials *trials);

/* The last test of a source, or the one under way; NULL. Borrowed. */
const struct trial *trials_get(const struct trials *trials,
			       const char *source);

/* One of the source is under way, or its end is not told Slurm yet. */
bool trials_has(const struct trials *trials, const char *source);

/* The one under way on a node, or NULL. Borrowed. */
const struct trial *trials_on(const struct trials *trials, const char *node);

#endif
