/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * browser - HostDatastoreBrowser: shows what is in a datastore's directory,
 * or that there is none.
 */
#ifndef SCLONE_VCLAB_BROWSER_H
#define SCLONE_VCLAB_BROWSER_H

#include "datastore.h"

extern const struct mob_class browser_class;

/* A datastore's browser; datastore is borrowed, the lab owns what is made. */
struct mob *browser_create(struct datastore *datastore);

#endif
