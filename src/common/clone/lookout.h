/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookout - has vCenter tell of changes to a set of machines, hosts,
 * datastores and folders, as they come (watch.h, WATCH_STATE).
 */
#ifndef SCLONE_CLONE_LOOKOUT_H
#define SCLONE_CLONE_LOOKOUT_H

#include "common/base/err.h"
#include "common/vim25/watch.h"

#define LOOKOUT_MAX 8192

struct lookout;

/* object: what changed, or NULL when one of them does not exist any more,
 * and is not watched from then on. Borrowed for the call. */
typedef void lookout_fn(const struct property_object *object, void *arg);

/* The watch is borrowed, and must outlive the lookout. NULL: FATAL. */
struct lookout *lookout_create(struct watch *watch, lookout_fn *changed,
			       void *arg, struct err *err);

/* No more calls. Accepts NULL. */
void lookout_destroy(struct lookout *lookout);
CLEANUP_DEFINE(struct lookout *, lookout_destroy)
#define cleanup_lookout cleanup_with(lookout_destroy_cleanup_)

/*
 * The set is now: what is kept between lookout_begin() and lookout_end(),
 * once or more; unset references are none. An object that cannot be watched
 * for want of room is left out, and tried again the next time.
 */
void lookout_begin(struct lookout *lookout);
void lookout_keep(struct lookout *lookout, const struct moref *object);
void lookout_end(struct lookout *lookout);

#endif
