/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/table.h"
#include "collector.h"
#include "watch.h"

#define WAIT_S 30
/* At most so long we do not ask, since it would be in vain; the second one
 * while machines are watched, whose news may come at any time. */
#define HOLD_US (500 * CLOCK_US_PER_MS)
#define HOLD_MACHINES_US (100 * CLOCK_US_PER_MS)
#define TOGETHER 8	/* tasks started within such a part of their time */
#define LATE 200	/* by such a part of it we ask after their end */
#define KEY_SIZE (MOREF_TYPE_SIZE + MOREF_ID_SIZE)

struct watch_item {
	struct watch *watch;
	struct moref object;
	enum watch_what what;
	watch_fn *cb;
	void *arg;
	int64_t since_us;
	/* what has been told of a task so far; of machines, of which there
	 * are many more, nothing is kept */
	struct moref *result;
	struct fault *fault;
	int64_t queued_us, completed_us;
	bool lost;	/* in the list of those, not in the table */
	TAILQ_ENTRY(watch_item) link;	/* tasks only */
};

struct watch {
	struct session *session;
	struct collector *collector;
	struct table *items;	/* by _key() */
	TAILQ_HEAD(, watch_item) tasks;	/* in the table, oldest first */
	TAILQ_HEAD(, watch_item) lost;	/* still to be told so */
	size_t n_tasks;
	char *guest_key;
	int64_t task_us;	/* how long tasks take, by the server's word */
	unsigned busy;
	bool doomed;
};

/* --- items and their names --- */

static void _key(const struct moref *object, char *key)
{
	snprintf(key, KEY_SIZE, "%s:%s", object->type, object->id);
}

static struct watch_item *_find(const struct watch *watch,
				const struct moref *object)
{
	char key[KEY_SIZE];

	_key(object, key);
	return table_get(watch->items, key);
}

static enum collector_view _view(const struct watch_item *item)
{
	if (item->what == WATCH_STATE)
		return VIEW_STATE;
	return item->what == WATCH_POWER ? VIEW_POWER : VIEW_NEWS;
}

static void _free_item(void *arg)
{
	struct watch_item *item = arg;

	free(item->fault);
	free(item->result);
	free(item);
}

/* Take the item out of the table. */
static void _forget(struct watch_item *item)
{
	struct watch *watch = item->watch;
	char key[KEY_SIZE];

	_key(&item->object, key);
	(void) table_take(watch->items, key);
	if (item->what != WATCH_TASK)
		return;
	TAILQ_REMOVE(&watch->tasks, item, link);
	watch->n_tasks--;
}

/* The last event of an item. Its callback may destroy the watch. */
static void _end(struct watch_item *item, const struct watch_event *event)
{
	_forget(item);
	item->cb(event, item->arg);
	_free_item(item);
}

static void _end_of_kind(struct watch_item *item, enum watch_kind kind)
{
	struct watch_event event = { .kind = kind };

	_end(item, &event);
}

/* --- tasks --- */

static void _keep_fault(struct watch_item *item, const struct xml_node *val)
{
	if (!val)
		return;
	if (!item->fault)
		item->fault = malloc(sizeof(*item->fault));
	if (item->fault)
		fault_read(item->fault, val);
}

static void _keep_result(struct watch_item *item, const struct xml_node *val)
{
	struct moref result;

	if (!val || soap_ref(val, &result, NULL))
		return;
	if (!item->result)
		item->result = malloc(sizeof(*item->result));
	if (item->result)
		*item->result = result;
}

/* A time the server tells (xsd:dateTime) in microseconds, for differences
 * alone; 0 when it is none. */
static int64_t _time_us(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	int64_t us = 0, unit = CLOCK_US_PER_S;
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!p)
		return 0;
	if (*p == '.')
		while (isdigit((unsigned char) *++p) && unit >= 10) {
			unit /= 10;
			us += (*p - '0') * unit;
		}
	return timegm(&tm) * CLOCK_US_PER_S + us;
}

/*
 * Not by our own clock: how late we ask must not teach us to ask later. And
 * rather by the fast ones: asking early costs a request, asking late time.
 */
static void _learn(struct watch *watch, int64_t took_us)
{
	if (took_us <= 0 || took_us > 3600 * CLOCK_US_PER_S)
		return;
	if (!watch->task_us || took_us < watch->task_us)
		watch->task_us = took_us;
	else
		watch->task_us += (took_us - watch->task_us) / 64;
	collector_pace(watch->collector, watch->task_us);
}

static void _task_ended(struct watch_item *item, bool success)
{
	static const struct fault unknown = {
		.text = "the task failed and does not say why",
	};
	struct watch *watch = item->watch;
	struct watch_event event = { .kind = WATCH_ENDED };

	_learn(watch, item->completed_us - item->queued_us);
	collector_remove(watch->collector, VIEW_NEWS, &item->object);
	if (!success)
		event.fault = item->fault ? item->fault : &unknown;
	event.result = item->result;
	_end(item, &event);
}

static void _update_task(struct watch_item *item,
			 const struct xml_node *update)
{
	const struct xml_node *change = xml_child(update, "changeSet"), *val;
	const char *state = "", *name;

	for (; change; change = xml_next(change, "changeSet")) {
		name = xml_text(xml_child(change, "name"));
		val = xml_child(change, "val");
		if (!strcmp(name, "info.state"))
			state = xml_text(val);
		else if (!strcmp(name, "info.result"))
			_keep_result(item, val);
		else if (!strcmp(name, "info.error"))
			_keep_fault(item, val);
		else if (!strcmp(name, "info.queueTime"))
			item->queued_us = _time_us(xml_text(val));
		else if (!strcmp(name, "info.completeTime"))
			item->completed_us = _time_us(xml_text(val));
	}
	if (!strcmp(state, "success"))
		_task_ended(item, true);
	else if (!strcmp(state, "error"))
		_task_ended(item, false);
}

/* --- machines --- */

static const char *_guest_value(const struct watch *watch,
				const struct xml_node *val)
{
	const struct xml_node *option = xml_child(val, "OptionValue");
	const char *text;

	for (; option; option = xml_next(option, "OptionValue")) {
		if (strcmp(xml_text(xml_child(option, "key")),
			   watch->guest_key))
			continue;
		text = xml_text(xml_child(option, "value"));
		return strlen(text) <= WATCH_VALUE_MAX ? text : "";
	}
	return "";
}

static void _read_change(const struct watch_item *item,
			 const struct xml_node *change,
			 struct watch_event *event)
{
	const char *name = xml_child_text(change, "name");
	const struct xml_node *val = xml_child(change, "val");

	if (!name || !val)
		return;
	if (!strcmp(name, "runtime.powerState")) {
		event->power = xml_text(val);
	} else if (item->what != WATCH_GUEST) {
		return;
	} else if (!strcmp(name, "config.uuid")) {
		event->bios_uuid = xml_text(val);
	} else if (!strcmp(name, "config.instanceUuid")) {
		event->instance_uuid = xml_text(val);
	} else if (!strcmp(name, "config.extraConfig")) {
		event->options = val;
		if (item->watch->guest_key)
			event->guest = _guest_value(item->watch, val);
	}
}

static void _update_machine(struct watch_item *item,
			    const struct xml_node *update)
{
	const struct xml_node *change = xml_child(update, "changeSet");
	struct watch_event event = { .kind = WATCH_CHANGED };

	for (; change; change = xml_next(change, "changeSet"))
		_read_change(item, change, &event);
	if (event.power || event.options || event.bios_uuid ||
	    event.instance_uuid)
		item->cb(&event, item->arg);
}

static void _update_state(struct watch_item *item,
			  const struct xml_node *update)
{
	struct property_object object = { item->object, update };
	struct watch_event event = { .kind = WATCH_CHANGED,
				     .object = &object };

	item->cb(&event, item->arg);
}

/* --- what the collector tells --- */

static void _on_update(const struct xml_node *update, void *arg)
{
	struct watch *watch = arg;
	struct watch_item *item;
	struct moref object;

	if (soap_ref(xml_child(update, "obj"), &object, NULL))
		return;
	item = _find(watch, &object);
	if (!item)
		return;
	if (!strcmp(xml_text(xml_child(update, "kind")), "leave")) {
		collector_remove(watch->collector, _view(item), &object);
		_end_of_kind(item, WATCH_GONE);
	} else if (item->what == WATCH_TASK) {
		_update_task(item, update);
	} else if (item->what == WATCH_STATE) {
		_update_state(item, update);
	} else {
		_update_machine(item, update);
	}
}

static void _on_missing(const struct moref *object, void *arg)
{
	struct watch *watch = arg;
	struct watch_item *item = _find(watch, object);

	if (!item)
		return;
	collector_remove(watch->collector, _view(item), object);
	_end_of_kind(item, WATCH_GONE);
}

static void _release(struct watch *watch);

/* Machines are watched again, tasks are given up. */
static void _sort_lost(struct watch *watch)
{
	struct watch_item *item;
	size_t pos = 0;

	for (item = table_next(watch->items, &pos, NULL); item;
	     item = table_next(watch->items, &pos, NULL)) {
		if (item->what != WATCH_TASK) {
			(void) collector_add(watch->collector, _view(item),
					     &item->object, NULL);
			continue;
		}
		_forget(item);
		item->lost = true;
		TAILQ_INSERT_TAIL(&watch->lost, item, link);
	}
}

/* Each callback may add and remove others. */
static void _on_lost(void *arg)
{
	static const struct watch_event event = { .kind = WATCH_LOST };
	struct watch *watch = arg;
	struct watch_item *item;

	_sort_lost(watch);
	watch->busy++;
	while (!watch->doomed && !TAILQ_EMPTY(&watch->lost)) {
		item = TAILQ_FIRST(&watch->lost);
		TAILQ_REMOVE(&watch->lost, item, link);
		item->cb(&event, item->arg);
		_free_item(item);
	}
	if (!--watch->busy && watch->doomed)
		_release(watch);
}

/* The last of the tasks that were started with this one. */
static const struct watch_item *_last_with(const struct watch *watch,
					   const struct watch_item *first)
{
	int64_t until = first->since_us + watch->task_us / TOGETHER;
	const struct watch_item *last = first, *next;

	while ((next = TAILQ_NEXT(last, link)) && next->since_us <= until)
		last = next;
	return last;
}

/*
 * Just after the oldest task should have ended, and those started with it:
 * then one reply tells of all. Overdue tasks are awaited.
 */
static int64_t _on_expected(void *arg)
{
	struct watch *watch = arg;
	const struct watch_item *oldest = TAILQ_FIRST(&watch->tasks);
	bool alone = table_count(watch->items) == watch->n_tasks;
	int64_t hold = alone ? HOLD_US : HOLD_MACHINES_US;
	int64_t now = clock_mono_us(), at;

	if (!oldest)
		return 0;
	at = _last_with(watch, oldest)->since_us + watch->task_us +
	     watch->task_us / LATE;
	if (at <= now)
		return 0;
	return at < now + hold ? at : now + hold;
}

static const struct collector_ops ops = {
	.update = _on_update,
	.missing = _on_missing,
	.expected = _on_expected,
	.lost = _on_lost,
};

/* --- items --- */

static int _put(struct watch *watch, struct watch_item *item,
		struct err *err)
{
	char key[KEY_SIZE];

	_key(&item->object, key);
	if (table_get(watch->items, key))
		return err_set(err, ERR_EXISTS, "%s is watched already", key);
	if (table_set(watch->items, key, item, err))
		return -1;
	if (item->what == WATCH_TASK) {
		TAILQ_INSERT_TAIL(&watch->tasks, item, link);
		watch->n_tasks++;
	}
	return 0;
}

struct watch_item *watch_add(struct watch *watch, const struct moref *object,
			     enum watch_what what, watch_fn *cb, void *arg,
			     struct err *err)
{
	struct watch_item *item = calloc(1, sizeof(*item));

	if (!item) {
		err_nomem(err);
		return NULL;
	}
	*item = (struct watch_item) {
		.watch = watch, .object = *object, .what = what, .cb = cb,
		.arg = arg, .since_us = clock_mono_us(),
	};
	if (_put(watch, item, err)) {
		free(item);
		return NULL;
	}
	if (collector_add(watch->collector, _view(item), object, err)) {
		_forget(item);
		free(item);
		return NULL;
	}
	/* No task will bring it company. */
	if (what != WATCH_TASK && !watch->n_tasks)
		collector_flush(watch->collector);
	return item;
}

void watch_remove(struct watch_item *item)
{
	if (!item)
		return;
	if (item->lost) {
		TAILQ_REMOVE(&item->watch->lost, item, link);
	} else {
		collector_remove(item->watch->collector, _view(item),
				 &item->object);
		_forget(item);
	}
	_free_item(item);
}

void watch_announce(struct watch *watch)
{
	collector_announce(watch->collector);
}

void watch_arrived(struct watch *watch)
{
	collector_arrived(watch->collector);
}

size_t watch_count(const struct watch *watch)
{
	return table_count(watch->items);
}

struct session *watch_session(struct watch *watch)
{
	return watch->session;
}

/* --- the watch --- */

static int _configure(struct watch *watch, const struct watch_config *config,
		      struct err *err)
{
	watch->items = table_create(WATCH_ITEMS_MAX, _free_item);
	if (!watch->items)
		return err_nomem(err);
	if (config->guest_key) {
		watch->guest_key = strdup(config->guest_key);
		if (!watch->guest_key)
			return err_nomem(err);
	}
	watch->collector = collector_create(
		watch->session, config->wait_s ? config->wait_s : WAIT_S,
		&ops, watch, err);
	return watch->collector ? 0 : -1;
}

struct watch *watch_create(struct session *session,
			   const struct watch_config *config,
			   struct err *err)
{
	cleanup_watch struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch) {
		err_nomem(err);
		return NULL;
	}
	watch->session = session;
	TAILQ_INIT(&watch->tasks);
	TAILQ_INIT(&watch->lost);
	if (_configure(watch, config, err))
		return NULL;
	return steal_ptr(&watch);
}

static void _release(struct watch *watch)
{
	struct watch_item *item;

	collector_destroy(watch->collector);
	while (!TAILQ_EMPTY(&watch->lost)) {
		item = TAILQ_FIRST(&watch->lost);
		TAILQ_REMOVE(&watch->lost, item, link);
		_free_item(item);
	}
	table_destroy(watch->items);
	free(watch->guest_key);
	free(watch);
}

void watch_destroy(struct watch *watch)
{
	if (!watch)
		return;
	watch->doomed = true;
	if (!watch->busy)
		_release(watch);
}
