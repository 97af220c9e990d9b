/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last part of PROVE_ABSENCE: the VM's directory is gone from its
 * datastore, where the account may browse. Whatever fails here costs this
 * part of the evidence, with the reason, and never the release; but who asks
 * before the sources were looked at is to ask again.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/vim25/datastore.h"
#include "hand.h"

#define STORES_MAX 4096
#define SEARCH_MS 15000
#define DENIED_US (600 * CLOCK_US_PER_S)	/* until it is tried again */

/* A datastore, by its name. */
struct store {
	struct moref browser;
	int64_t denied_until;	/* monotonic; 0: it was not */
	struct err why;
};

struct stores {
	struct table *by_name;
};

struct stores *stores_create(void)
{
	struct stores *stores = calloc(1, sizeof(*stores));

	if (stores)
		stores->by_name = table_create(STORES_MAX, free);
	if (!stores || !stores->by_name) {
		free(stores);
		return NULL;
	}
	return stores;
}

void stores_destroy(struct stores *stores)
{
	if (!stores)
		return;
	table_destroy(stores->by_name);
	free(stores);
}

/* --- the ends ------------------------------------------------------------ */

static void _end(struct hand *hand, const char *why, bool lagging)
{
	struct event ev = { .evidence = hand->evidence, .text = why,
			    .found_epoch = hand->sight.epoch,
			    .lagging = lagging };

	hand_end(hand, EVENT_ABSENCE_PROVEN, &ev);
}

static void _end_without(struct hand *hand, const char *why)
{
	_end(hand, why, false);
}

/* --- the search ---------------------------------------------------------- */

/* The name in "[name] directory"; NULL: none, or out of memory. */
static char *_name(const char *directory)
{
	const char *end = strstr(directory, "] ");

	if (directory[0] != '[' || !end || !end[2])
		return NULL;
	return strndup(directory + 1, (size_t) (end - directory - 1));
}

static struct store *_store(const struct hand *hand)
{
	cleanup_free char *name = _name(hand->rec.directory);

	return name ? table_get(hand->executor->stores->by_name, name) : NULL;
}

static bool _is_fault(const struct task_result *result, const char *type)
{
	return result->fault && !strcmp(result->fault->type, type);
}

/* One refusal is an answer for some time: no task for each VM. */
static void _deny(struct hand *hand, const struct err *err)
{
	struct store *store = _store(hand);

	if (!store)
		return;
	store->denied_until = clock_mono_us() + DENIED_US;
	store->why = *err;
}

static void _searched(const struct task_result *result, void *arg)
{
	struct hand *hand = arg;

	hand->task = NULL;
	if (!result->err) {
		_end(hand, "the VM's directory is still there", true);
	} else if (_is_fault(result, "FileNotFound")) {
		hand->evidence |= EVIDENCE_DATASTORE;
		_end(hand, NULL, false);
	} else {
		if (_is_fault(result, "NoPermission"))
			_deny(hand, result->err);
		_end_without(hand, result->err->text);
	}
}

static void _search(struct hand *hand, const struct store *store)
{
	struct err err = ERR_INIT;

	if (store->denied_until > clock_mono_us()) {
		_end_without(hand, store->why.text);
		return;
	}
	task_cancel(steal_ptr(&hand->task));
	hand->task = datastore_search(hand->executor->watch, &store->browser,
				      hand->rec.directory, hand->operation,
				      SEARCH_MS, _searched, hand, &err);
	if (!hand->task)
		_end_without(hand, err.text);
}

/* --- datastores not known yet -------------------------------------------- */

static int _each_store(const struct property_object *object, void *arg,
		       struct err *err)
{
	struct hand *hand = arg;
	struct datastore datastore;
	struct store *store;

	if (datastore_parse(&datastore, object, err) < 0)
		return -1;
	if (!datastore.name || !moref_is_set(&datastore.browser))
		return 0;
	store = calloc(1, sizeof(*store));
	if (!store)
		return err_nomem(err);
	store->browser = datastore.browser;
	if (table_set(hand->executor->stores->by_name, datastore.name, store,
		      err) < 0) {
		free(store);
		return -1;
	}
	return 0;
}

static void _learned(const struct err *failure, void *arg)
{
	struct hand *hand = arg;
	const struct store *store = _store(hand);

	hand->query = NULL;
	if (store)
		_search(hand, store);
	else
		_end_without(hand, failure ? failure->text
					   : "the source does not show the "
					     "VM's datastore");
}

/* The VM is gone; its source is on the same datastore. */
static void _learn(struct hand *hand)
{
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;
	const struct moref *source;

	if (hand_source(hand, &source, &err) < 0) {
		hand_fail(hand, &err);
		return;
	}
	if (!source) {
		_end_without(hand, "the VM's source is not known any more");
		return;
	}
	datastore_spec(&spec, source);
	spec.operation = hand->operation;
	hand->query = property_read(hand->executor->session, &spec,
				    _each_store, _learned, hand, &err);
	if (!hand->query)
		_end_without(hand, err.text);
}

void browse_start(struct hand *hand)
{
	cleanup_free char *name = _name(hand->rec.directory);
	const struct store *store = _store(hand);

	if (!*hand->rec.vm)
		_end_without(hand, "this cycle's VM was never seen");
	else if (!name)
		_end_without(hand, "the VM's directory was never read");
	else if (store)
		_search(hand, store);
	else
		_learn(hand);
}
