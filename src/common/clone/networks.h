/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * networks - the portgroups that sclone.conf names, as vCenter has them now:
 * looked up by their inventory paths, and again every few minutes or when
 * somebody asks. Without Network= in the file nothing is ever asked.
 */
#ifndef SCLONE_CLONE_NETWORKS_H
#define SCLONE_CLONE_NETWORKS_H

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/vim25/nic.h"
#include "common/vim25/session.h"
#include "config.h"

struct networks;

/* Looks at once, when vCenter answers. Session and config are borrowed.
 * NULL: FATAL. */
struct networks *networks_create(struct loop *loop, struct session *session,
				 const struct config *config,
				 struct err *err);

/* Accepts NULL. */
void networks_destroy(struct networks *networks);

/* Look again soon. */
void networks_poke(struct networks *networks);

/*
 * The backing of a card on the network at this path of the configuration,
 * borrowed until the next look. NULL and TRANSIENT: not found, or not asked
 * yet; the text says which.
 */
const struct nic_backing *networks_backing(const struct networks *networks,
					   const char *path,
					   struct err *err);

#endif
