/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asks - the engine's handling of what others want of a node: Slurm's
 * programs, the planner, reconcile and admins. Internal to the engine.
 * Each returns why the event changes nothing, or NULL.
 */
#ifndef SCLONE_RULES_ASKS_H
#define SCLONE_RULES_ASKS_H

#include "engine.h"

const char *asks_requested(const struct engine_conf *conf,
			   struct record *rec, const struct event *ev);
const char *asks_suspended(const struct engine_conf *conf,
			   struct record *rec, const struct event *ev);
const char *asks_resume_failed(const struct engine_conf *conf,
			       struct record *rec, const struct event *ev);
const char *asks_prolog(struct record *rec, const struct event *ev);
const char *asks_claim(struct record *rec, const struct event *ev);
const char *asks_misfit(const struct engine_conf *conf, struct record *rec,
			const struct event *ev);
const char *asks_admitted(struct record *rec, const struct event *ev);
const char *asks_not_admitted(const struct engine_conf *conf,
			      struct record *rec, const struct event *ev);
const char *asks_waits(struct record *rec, const struct event *ev);
const char *asks_condemn(const struct engine_conf *conf, struct record *rec,
			 const struct event *ev);
const char *asks_cleared(struct record *rec);
const char *asks_found(struct record *rec, const struct event *ev);
const char *asks_isolation(struct record *rec, bool shared);
const char *asks_hold(struct record *rec, bool hold);

#endif
