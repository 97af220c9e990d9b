/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collector - the server's side of a watch: a private PropertyCollector, a
 * ListView and a filter for each kind of news, the changes to them in few
 * requests, and the long poll.
 *
 * For watch.c alone, which knows what the objects are watched for.
 */
#ifndef SCLONE_VIM25_COLLECTOR_H
#define SCLONE_VIM25_COLLECTOR_H

#include "session.h"

struct collector;

enum collector_view {
	VIEW_NEWS,	/* tasks; machines' power, UUIDs and extraConfig */
	VIEW_POWER,	/* machines' power alone */
	VIEW_STATE,	/* what matters of machines, hosts, datastores */
	VIEWS
};

/* Called from the loop; each may destroy the collector. */
struct collector_ops {
	/* An ObjectUpdate element of a reply. */
	void (*update)(const struct xml_node *update, void *arg);
	/* The server does not know this object. */
	void (*missing)(const struct moref *object, void *arg);
	/* When news is expected (monotonic time), 0: any time. */
	int64_t (*expected)(void *arg);
	/* All is lost: nothing is watched until it is added again. */
	void (*lost)(void *arg);
};

/* The ops are borrowed. NULL: FATAL. */
struct collector *collector_create(struct session *session, unsigned wait_s,
				   const struct collector_ops *ops, void *arg,
				   struct err *err);

/* Accepts NULL; fine inside the ops. */
void collector_destroy(struct collector *collector);

/* FATAL when out of memory. The object must not be in a view already. */
int collector_add(struct collector *collector, enum collector_view view,
		  const struct moref *object, struct err *err);

/*
 * An object is about to be added; changes wait for it, though not for long,
 * so as to go in one request. Each collector_announce() takes one
 * collector_arrived(), after the object was added or known not to come.
 */
void collector_announce(struct collector *collector);
void collector_arrived(struct collector *collector);

/* What was added and removed need not wait for company. */
void collector_flush(struct collector *collector);

/* The object is watched no more; news of it may still come. */
void collector_remove(struct collector *collector, enum collector_view view,
		      const struct moref *object);

/*
 * How long the tasks watched take: how eagerly to ask. Additions are collected
 * for half of that, and the server is not asked before news is expected; else
 * it would answer at once with nothing but the additions.
 */
void collector_pace(struct collector *collector, int64_t task_us);

#endif
