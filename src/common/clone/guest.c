/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clones in use: what their machines and their guests tell becomes events.
 * There are as many of these as nodes are up, so they are kept small.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "hand.h"

struct guest {
	struct guests *guests;
	struct watch_item *item;	/* NULL: gone */
	struct hand *reader;		/* whose READ_BACK waits for the first
					 * word, or NULL */
	uint64_t epoch;
	bool told;			/* the first word */
	char node[OWNER_NODE_SIZE];
};

struct guests {
	struct executor *executor;
	struct table *by_node;
};

static void _tell(const struct guest *guest, struct event *ev)
{
	const struct executor_hooks *hooks = &guest->guests->executor->hooks;

	ev->epoch = guest->epoch;
	hooks->event(guest->node, ev, hooks->arg);
}

static void _lost(const struct guest *guest, const char *text)
{
	struct event ev = { .kind = EVENT_VM_LOST, .text = text };

	_tell(guest, &ev);
}

/* What the guest says of itself: for timing and display, never trusted. */
static void _said(const struct guest *guest, const char *text)
{
	cleanup_json struct json *said = json_parse(text, strlen(text), NULL);
	const char *state = "", *why = "";
	struct event ev = { .text = NULL };
	int64_t epoch = 0;

	(void) json_get_str_or(said, "state", "", &state, NULL);
	(void) json_get_str_or(said, "text", "", &why, NULL);
	(void) json_get_int_or(said, "epoch", 0, INT64_MAX, 0, &epoch, NULL);
	if ((uint64_t) epoch != guest->epoch)
		return;
	if (!strcmp(state, "ready"))
		ev.kind = EVENT_IDENTIFIED;
	else if (!strcmp(state, "failed"))
		ev.kind = EVENT_GUEST_FAILED;
	else
		return;
	ev.text = why;
	_tell(guest, &ev);
}

static void _gone(struct guest *guest)
{
	static const char why[] = "the VM is gone from the inventory";
	struct hand *reader = steal_ptr(&guest->reader);
	struct event ev = { .text = why };

	guest->item = NULL;
	if (reader)
		hand_end(reader, EVENT_VM_GONE, &ev);
	else
		_lost(guest, why);
}

/* The first word has what READ_BACK wants, if all of it could be read. */
static void _end_reading(struct guest *guest, const struct watch_event *event)
{
	struct hand *reader = steal_ptr(&guest->reader);
	const struct machine machine = {
		.options = event->options,
		.bios_uuid = event->bios_uuid,
		.instance_uuid = event->instance_uuid,
	};

	if (machine.options && machine.bios_uuid && machine.instance_uuid)
		verdicts_read_back(reader, &machine);
	else
		verdicts_add(reader);
}

/* Whether it is there still: each event can end it. */
static bool _stays(const struct guests *guests, const char *node,
		   uint64_t epoch)
{
	const struct guest *guest = table_get(guests->by_node, node);

	return guest && guest->epoch == epoch;
}

static void _changed(struct guest *guest, const struct watch_event *event)
{
	const struct guests *guests = guest->guests;
	uint64_t epoch = guest->epoch;
	char node[OWNER_NODE_SIZE];

	memcpy(node, guest->node, sizeof(node));
	guest->told = true;
	if (guest->reader)
		_end_reading(guest, event);
	if (event->guest && *event->guest && _stays(guests, node, epoch))
		_said(guest, event->guest);
	if (event->power && !strcmp(event->power, "poweredOff") &&
	    _stays(guests, node, epoch))
		_lost(guest, "the VM is powered off");
}

static void _seen(const struct watch_event *event, void *arg)
{
	if (event->kind == WATCH_GONE)
		_gone(arg);
	else if (event->kind == WATCH_CHANGED)
		_changed(arg, event);
}

static void _free_guest(void *arg)
{
	struct guest *guest = arg;

	watch_remove(guest->item);
	free(guest);
}

void guests_leave(struct guests *guests, const char *node)
{
	struct guest *guest = table_take(guests->by_node, node);

	if (!guest)
		return;
	if (guest->reader)
		verdicts_add(guest->reader);
	_free_guest(guest);
}

static struct guest *_add(struct guests *guests, const struct record *rec)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest || table_set(guests->by_node, rec->node, guest, NULL) < 0)
		abort();	/* restarted by systemd; nothing is lost */
	guest->guests = guests;
	guest->epoch = rec->epoch;
	memcpy(guest->node, rec->node, sizeof(guest->node));
	return guest;
}

void guests_watch(struct guests *guests, const struct record *rec)
{
	enum watch_what what = rec->phase == PHASE_CLONED ? WATCH_GUEST
							  : WATCH_POWER;
	const struct executor_hooks *hooks = &guests->executor->hooks;
	struct guest *guest = table_get(guests->by_node, rec->node);
	bool known = guest && guest->epoch == rec->epoch;
	struct moref vm = { 0 };
	struct err err = ERR_INIT;

	if (known && guest->item)
		return;
	guests_leave(guests, rec->node);
	if (moref_set(&vm, "VirtualMachine", rec->vm, NULL) < 0)
		return;
	guest = _add(guests, rec);
	guest->item = watch_add(guests->executor->watch, &vm, what, _seen,
				guest, &err);
	if (!guest->item && !known)
		hooks->unwatched(rec, &err, hooks->arg);
}

bool guests_read_back(struct guests *guests, struct hand *hand)
{
	struct guest *guest = table_get(guests->by_node, hand->rec.node);

	if (!guest || !guest->item || guest->told ||
	    guest->epoch != hand->act.epoch)
		return false;
	guest->reader = hand;
	return true;
}

struct guests *guests_create(struct executor *executor)
{
	struct guests *guests = calloc(1, sizeof(*guests));

	if (!guests)
		return NULL;
	guests->executor = executor;
	guests->by_node = table_create(CONFIG_NODES_MAX, _free_guest);
	if (!guests->by_node) {
		free(guests);
		return NULL;
	}
	return guests;
}

void guests_destroy(struct guests *guests)
{
	if (!guests)
		return;
	table_destroy(guests->by_node);
	free(guests);
}
