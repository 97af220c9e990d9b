/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ends - the engine's handling of the events that end an act. Internal to
 * the engine, which has checked epoch and act and cleared the busy mark.
 * Each returns why the event changes nothing, or NULL.
 */
#ifndef SCLONE_RULES_ENDS_H
#define SCLONE_RULES_ENDS_H

#include "engine.h"

const char *ends_vm(const struct engine_conf *conf, struct record *rec,
		    const struct event *ev);
const char *ends_slurm(const struct engine_conf *conf, struct record *rec,
		       const struct event *ev);

/* No reply to the submit was decoded, or none was awaited any more. */
void ends_lost_submit(struct record *rec);

#endif
