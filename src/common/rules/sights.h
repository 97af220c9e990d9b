/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sights - the engine's handling of what is observed without being asked
 * for: Slurm's view of the node, the guest, the VM. Internal to the engine.
 * Each returns why the event changes nothing, or NULL.
 */
#ifndef SCLONE_RULES_SIGHTS_H
#define SCLONE_RULES_SIGHTS_H

#include "engine.h"

const char *sights_node(const struct engine_conf *conf, struct record *rec,
			const struct event *ev);
const char *sights_identified(struct record *rec, const struct event *ev);
const char *sights_guest_failed(const struct engine_conf *conf,
				struct record *rec, const struct event *ev);
const char *sights_vm_lost(const struct engine_conf *conf,
			   struct record *rec, const struct event *ev);

#endif
