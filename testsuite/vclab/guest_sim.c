/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_sim - guests that are only a timer; see guest.h.
 *
 * A clone waits ready_ms (+ up to jitter_ms; -1: for ever), reads
 * guestinfo.sclone, marks it used and writes guestinfo.sclone.state, as
 * sclone-guest does. "mode" (or "modes": { NAME: MODE }) bends that:
 *
 *	good		as said
 *	slow		slow_ms later (default 10000)
 *	dead		never says a word
 *	lying		ready, with the epoch of somebody else
 *	failed		state failed
 *	freezing	freezes itself again in place of getting ready
 *	off		powers off in place of getting ready
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "guest.h"

#define IDENTITY "guestinfo.sclone"
#define STATE "guestinfo.sclone.state"
#define TEMPLATE "guestinfo.sclone.template"
#define MS_MAX 86400000

struct guest {
	const struct guest_lab *lab;
	struct guest_vm *vm;
	const char *mode;		/* borrowed from the inventory */
	int64_t ready_ms;
	int64_t jitter_ms;
	int64_t slow_ms;
	int64_t start_ms;
	unsigned random;
	bool on;
};

static bool _known(const char *mode)
{
	static const char *const modes[] = { "good", "slow", "dead", "lying",
					     "failed", "freezing", "off" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i], mode) == 0)
			return true;
	}
	return false;
}

static int _read(struct guest *guest, const struct json *params,
		 struct err *err)
{
	const struct json *modes = json_get(params, "modes");
	const char *general;

	if (json_get_str_or(params, "mode", "good", &general, err) < 0 ||
	    json_get_int_or(params, "ready_ms", -1, MS_MAX, 0,
			    &guest->ready_ms, err) < 0 ||
	    json_get_int_or(params, "jitter_ms", 0, MS_MAX, 0,
			    &guest->jitter_ms, err) < 0 ||
	    json_get_int_or(params, "slow_ms", 0, MS_MAX, 10000,
			    &guest->slow_ms, err) < 0 ||
	    json_get_int_or(params, "start_ms", 0, MS_MAX, 0,
			    &guest->start_ms, err) < 0)
		return -1;
	guest->mode = general;
	if (modes && json_get_str_or(modes, guest->vm->name, general,
				     &guest->mode, err) < 0)
		return -1;
	if (!_known(guest->mode))
		return err_set(err, ERR_CONFIG, "no mode '%s'", guest->mode);
	return 0;
}

static struct guest *_create(const struct guest_lab *lab, void *shared,
			     struct guest_vm *vm, struct err *err)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	(void) shared;
	if (!guest) {
		(void) err_nomem(err);
		return NULL;
	}
	guest->lab = lab;
	guest->vm = vm;
	guest->mode = "good";
	guest->random = (unsigned) strtoul(vm->id + strcspn(vm->id, "-") + 1,
					   NULL, 10);
	if (vm->params && _read(guest, vm->params, err) < 0) {
		free(guest);
		return NULL;
	}
	return guest;
}

static void _power_off(struct guest *guest)
{
	guest->lab->cancel(guest->lab, guest);
	guest->on = false;
}

static void _destroy(struct guest *guest)
{
	if (!guest)
		return;
	_power_off(guest);
	free(guest);
}

static bool _is(const struct guest *guest, const char *mode)
{
	return strcmp(guest->mode, mode) == 0;
}

/* The epoch of the identity; 0 when there is none. */
static int64_t _epoch(const struct guest *guest)
{
	const char *text = guest->lab->info_get(guest->vm, IDENTITY);
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;
	int64_t epoch = 0;

	if (text)
		json = json_parse(text, strlen(text), &err);
	if (json)
		(void) json_get_int(json, "epoch", 0, INT64_MAX, &epoch,
				    &err);
	return epoch;
}

static void _ready(void *arg)
{
	struct guest *guest = arg;
	int64_t epoch = _epoch(guest);
	struct err err = ERR_INIT;
	char text[256];

	if (_is(guest, "freezing")) {
		(void) guest->lab->freeze(guest->vm, &err);
		return;
	}
	if (_is(guest, "off")) {
		guest->on = false;
		guest->lab->off(guest->vm, "mode off");
		return;
	}
	if (_is(guest, "lying"))
		epoch += 1000000;
	(void) snprintf(text, sizeof(text), "used %" PRId64, epoch);
	if (epoch && guest->lab->info_set(guest->vm, IDENTITY, text, &err))
		guest->lab->note(guest->vm, "sim_error", err.text);
	(void) snprintf(text, sizeof(text),
			"{\"v\":1,\"epoch\":%" PRId64 ",\"state\":\"%s\","
			"\"code\":\"%s\",\"text\":\"\",\"ms\":{\"thaw\":0,"
			"\"identity\":0,\"network\":0,\"slurmd\":0}}",
			epoch, _is(guest, "failed") ? "failed" : "ready",
			_is(guest, "failed") ? "sim" : "");
	if (guest->lab->info_set(guest->vm, STATE, text, &err) < 0)
		guest->lab->note(guest->vm, "sim_error", err.text);
}

static int64_t _jitter_us(struct guest *guest)
{
	if (guest->jitter_ms == 0)
		return 0;
	return rand_r(&guest->random) % (guest->jitter_ms * 1000);
}

static void _get_ready(struct guest *guest)
{
	int64_t delay_us = guest->ready_ms * 1000 + _jitter_us(guest);

	guest->on = true;
	if (guest->ready_ms < 0 || _is(guest, "dead"))
		return;
	if (_is(guest, "slow"))
		delay_us += guest->slow_ms * 1000;
	guest->lab->after(guest->lab, delay_us, _ready, guest, guest);
}

static void _booted(void *arg)
{
	struct guest *guest = arg;

	guest->lab->started(guest->vm, NULL);
}

/* A source writes what it is, as sclone-guest does before freezing. */
static int _power_on(struct guest *guest, struct err *err)
{
	char text[160];

	(void) snprintf(text, sizeof(text),
			"{\"v\":1,\"guest\":\"sim\",\"slurmd\":\"CPUs=%" PRId64
			" RealMemory=%" PRId64 "\",\"boot\":%" PRId64 "}",
			guest->vm->cpus, guest->vm->memory_mb,
			clock_wall_us());
	if (guest->lab->info_set(guest->vm, TEMPLATE, text, err) < 0)
		return -1;
	guest->on = true;
	guest->lab->after(guest->lab, guest->start_ms * 1000, _booted, guest,
			  guest);
	return 0;
}

static int _freeze(struct guest *guest, struct err *err)
{
	if (!guest->on)
		return err_set(err, ERR_REFUSED, "not running");
	guest->lab->frozen(guest->vm, NULL);
	return 0;
}

static int _clone(struct guest *source, struct guest *clone, bool frozen,
		  struct err *err)
{
	(void) frozen;
	(void) err;
	(void) source;
	_get_ready(clone);
	clone->lab->started(clone->vm, NULL);
	return 0;
}

const struct guest_ops guest_sim_ops = {
	.kind = "sim",
	.lab_freezes = true,
	.create = _create,
	.destroy = _destroy,
	.power_on = _power_on,
	.freeze = _freeze,
	.clone = _clone,
	.power_off = _power_off,
};
