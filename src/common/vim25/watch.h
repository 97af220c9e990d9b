/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch - sees tasks end and virtual machines, hosts, datastores and folders
 * change, all through one PropertyCollector of its own and one long poll
 * (WaitForUpdatesEx).
 *
 * What is watched stands in a ListView; additions and removals go out
 * together, and waits are paced, so that a wave of N tasks costs a few
 * requests and not N. Objects the server does not know are reported GONE,
 * not awaited.
 *
 * A new login or a restarted vCenter takes the collector along; it is made
 * anew. Watched machines go on being watched; every watched task is reported
 * LOST, since a new vCenter may give its id to another task: look at what the
 * task was about instead.
 */
#ifndef SCLONE_VIM25_WATCH_H
#define SCLONE_VIM25_WATCH_H

#include "property.h"
#include "session.h"

#define WATCH_ITEMS_MAX 32768
#define WATCH_VALUE_MAX 16384	/* bytes of the guest's value, else unset */

struct watch;
struct watch_item;

enum watch_what {
	WATCH_TASK,	/* until it ends */
	WATCH_POWER,	/* a machine's power state */
	WATCH_GUEST,	/* the same, config.extraConfig and what identifies
			 * it: all of it at first, then what changes; each
			 * change costs the whole extraConfig */
	WATCH_STATE,	/* a machine's power, frozen state and host; a host's
			 * connection, maintenance and memory in use; a
			 * datastore's access, maintenance and free space; a
			 * folder's children */
};

enum watch_kind {
	WATCH_ENDED,	/* the task: see fault and result */
	WATCH_CHANGED,	/* see power and guest, or object */
	WATCH_GONE,	/* the object does not exist, or is not ours to see */
	WATCH_LOST,	/* the task is not watched any more */
};

struct watch_event {
	enum watch_kind kind;
	const struct fault *fault;	/* of a task that failed, or NULL */
	const struct moref *result;	/* of a task, or NULL */
	const char *power;	/* "poweredOn" ..., NULL: no news */
	const char *guest;	/* NULL: no news, "" when unset */
	const struct xml_node *options;	/* config.extraConfig, likewise */
	const char *bios_uuid, *instance_uuid;	/* likewise */
	const struct property_object *object;	/* WATCH_STATE: what is new,
					 * for property_str() and others */
};

/*
 * The event is borrowed for the callback. After ENDED, GONE and LOST the item
 * is gone and must not be removed any more.
 */
typedef void watch_fn(const struct watch_event *event, void *arg);

struct watch_config {
	unsigned wait_s;	/* of one WaitForUpdatesEx, 1..600; 0: 30 */
	const char *guest_key;	/* for WATCH_GUEST, copied; NULL: none */
};

/* The session must outlive the watch. NULL: FATAL. */
struct watch *watch_create(struct session *session,
			   const struct watch_config *config,
			   struct err *err);

/* No callbacks come, items are gone; tasks (task.h) must have been cancelled.
 * What stands on the server goes with the session. Accepts NULL; fine inside
 * a callback. */
void watch_destroy(struct watch *watch);
CLEANUP_DEFINE(struct watch *, watch_destroy)
#define cleanup_watch cleanup_with(watch_destroy_cleanup_)

/* NULL: EXISTS when the object is watched already, BUSY, FATAL. */
struct watch_item *watch_add(struct watch *watch, const struct moref *object,
			     enum watch_what what, watch_fn *cb, void *arg,
			     struct err *err);

/* Accepts NULL; fine inside a callback. */
void watch_remove(struct watch_item *item);

/*
 * A task is being submitted: what is added now waits for it, though not for
 * long. Each watch_announce() takes one watch_arrived(), after the task was
 * added or known not to come.
 */
void watch_announce(struct watch *watch);
void watch_arrived(struct watch *watch);

size_t watch_count(const struct watch *watch);

struct session *watch_session(struct watch *watch);

#endif
