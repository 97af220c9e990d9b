/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * templates - what scloned says of the templates and their sources: to
 * `sclone template` all of it, to `sclone status` a row for each source.
 */
#ifndef SCLONE_SCLONED_TEMPLATES_H
#define SCLONE_SCLONED_TEMPLATES_H

#include "common/ipc/server.h"
#include "daemon.h"

/* VERB_TEMPLATES, VERB_DRAIN and VERB_UNDRAIN of verbs.h. */
void templates_answer(struct daemon *daemon, struct server_call *call);
void templates_drain(struct daemon *daemon, struct server_call *call);
void templates_undrain(struct daemon *daemon, struct server_call *call);

/* A member of a folder was renamed, as of executor_hooks; arg: the daemon. Its
 * drain goes along, committed with what is told of the member next. */
void templates_renamed(const struct source *source, const char *former,
		       void *arg);

/* Put "sources" and "refused" of verbs.h. -1: out of memory. */
int templates_put(const struct daemon *daemon, struct json *reply);

#endif
