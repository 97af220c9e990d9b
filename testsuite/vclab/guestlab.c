/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestlab - vclab's qemu guests without a vCenter: a lab that does what
 * lines of JSON on standard input say and prints what its guests report.
 *
 *	{"do":"create","vm":"t","params":{...}}		a source
 *	{"do":"create","vm":"c1","parent":"t"}		a clone, powered off
 *	{"do":"power_on"|"power_off"|"destroy","vm":"t"}
 *	{"do":"clone","vm":"c1"}			fork it from its parent
 *	{"do":"set","vm":"c1","key":"guestinfo.x","value":"..."}
 *	{"do":"clock","ms":N}		host time in guests, from now on, is
 *					that much later than it is
 *
 * Reports: {"vm":..., "event":"started"|"frozen"|"off"|"set"|"refused"|
 * "note", "key":..., "text":...}; "text" is an error where one can be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/table.h"
#include "guest.h"

#define MACHINES_MAX 256
#define KEYS_MAX 256
#define LINE_MAX_ (256 * 1024)

struct machine {
	struct lab *lab;
	struct machine *parent;
	struct guest_vm vm;
	struct guest *guest;
	struct table *info;	/* strings */
	char name[64];
	char uuid[40];
	char mac[24];
	char dir[2048];
	char disk[2100];
	struct json *params;	/* own or the parent's */
	bool owns_params;
};

/* A call that a guest asked for. */
struct call {
	struct call *next;
	struct lab *lab;
	struct loop_timer *timer;
	void (*cb)(void *arg);
	void *arg;
	const void *key;
};

struct lab {
	struct guest_lab face;
	struct loop *loop;
	struct loop_io *input;
	struct buf in;
	struct machine *machines[MACHINES_MAX];
	size_t count;
	struct call *calls;
	void *shared;
	char dir[1024];
};

static void _report(const char *vm, const char *event, const char *key,
		    const char *text)
{
	cleanup_json struct json *json = json_new_object();
	cleanup_buf struct buf line;

	buf_init(&line, LINE_MAX_);
	(void) json_put_str(json, "vm", vm);
	(void) json_put_str(json, "event", event);
	if (key)
		(void) json_put_str(json, "key", key);
	if (text)
		(void) json_put_str(json, "text", text);
	json_print(json, &line);
	(void) printf("%s\n", buf_str(&line));
	(void) fflush(stdout);
}

static void _started(struct guest_vm *vm, const struct err *err)
{
	struct machine *machine = vm->lab;

	_report(vm->name, "started", NULL, err ? err->text : NULL);
	if (err)
		guest_qemu_ops.power_off(machine->guest);
}

static void _frozen(struct guest_vm *vm, const struct err *err)
{
	_report(vm->name, "frozen", NULL, err ? err->text : NULL);
}

static void _off(struct guest_vm *vm, const char *why)
{
	_report(vm->name, "off", NULL, why);
}

static void _note(struct guest_vm *vm, const char *event, const char *text)
{
	_report(vm->name, "note", event, text);
}

static const char *_info_get(struct guest_vm *vm, const char *key)
{
	struct machine *machine = vm->lab;

	return table_get(machine->info, key);
}

static int _info_set(struct guest_vm *vm, const char *key, const char *value,
		     struct err *err)
{
	struct machine *machine = vm->lab;
	char *copy = strdup(value);

	if (!copy)
		return err_nomem(err);
	if (table_set(machine->info, key, copy, err) < 0) {
		free(copy);
		return -1;
	}
	_report(vm->name, "set", key, value);
	return 0;
}

static int _freeze(struct guest_vm *vm, struct err *err)
{
	struct machine *machine = vm->lab;

	return guest_qemu_ops.freeze(machine->guest, err);
}

static void _forget(struct call *call)
{
	struct call **at = &call->lab->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	loop_timer_destroy(call->timer);
	free(call);
}

static void _due(void *arg)
{
	struct call *call = arg;
	void (*cb)(void *arg) = call->cb;
	void *cb_arg = call->arg;

	_forget(call);
	cb(cb_arg);
}

static void _after(const struct guest_lab *face, int64_t delay_us,
		   void (*cb)(void *arg), void *arg, const void *key)
{
	struct lab *lab = face->lab;
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return;
	*call = (struct call) { .next = lab->calls,
				.lab = lab,
				.cb = cb,
				.arg = arg,
				.key = key };
	lab->calls = call;
	call->timer = loop_timer_create(lab->loop, _due, call, NULL);
	if (!call->timer || loop_timer_set(call->timer, delay_us) < 0)
		_forget(call);
}

static void _cancel(const struct guest_lab *face, const void *key)
{
	struct lab *lab = face->lab;
	struct call *next;

	for (struct call *call = lab->calls; call; call = next) {
		next = call->next;
		if (call->key == key)
			_forget(call);
	}
}

static struct machine *_find(const struct lab *lab, const char *name)
{
	for (size_t i = 0; name && i < lab->count; i++)
		if (strcmp(lab->machines[i]->name, name) == 0)
			return lab->machines[i];
	return NULL;
}

static void _bury(struct machine *machine)
{
	guest_qemu_ops.destroy(machine->guest);
	table_destroy(machine->info);
	if (machine->owns_params)
		json_destroy(machine->params);
	free(machine);
}

static int64_t _number(const struct json *params, const char *key,
		       int64_t fallback)
{
	int64_t value = fallback;

	(void) json_get_int_or(params, key, 0, 1 << 20, fallback, &value,
			       NULL);
	return value;
}

static void _describe(struct machine *machine, size_t number)
{
	struct guest_vm *vm = &machine->vm;

	(void) snprintf(machine->uuid, sizeof(machine->uuid),
			"00000000-0000-5000-8000-%012zx", number);
	(void) snprintf(machine->mac, sizeof(machine->mac),
			"00:50:56:00:%02zx:%02zx", (number >> 8) & 255,
			number & 255);
	(void) snprintf(machine->dir, sizeof(machine->dir), "%s/%s",
			machine->lab->dir, machine->name);
	(void) snprintf(machine->disk, sizeof(machine->disk), "%s/disk.qcow2",
			machine->dir);
	(void) mkdir(machine->dir, 0755);
	vm->id = machine->name;
	vm->name = machine->name;
	vm->uuid = machine->uuid;
	vm->macs[0] = machine->mac;
	vm->nnics = 1;
	vm->dir = machine->dir;
	vm->disk = machine->disk;
	vm->parent_disk = machine->parent ? machine->parent->disk : NULL;
	vm->disk_mb = 64;
	vm->cpus = _number(machine->params, "cpus", 1);
	vm->memory_mb = _number(machine->params, "memory_mb", 256);
	vm->params = machine->params;
	vm->lab = machine;
}

/* Parameters are copied as text: the request goes away. */
static struct json *_copy(const struct json *json)
{
	cleanup_buf struct buf text;

	buf_init(&text, LINE_MAX_);
	json_print(json, &text);
	return json_parse(buf_str(&text), text.len, NULL);
}

static int _create(struct lab *lab, const struct json *request,
		   struct err *err)
{
	const char *name = json_str(json_get(request, "vm"));
	struct machine *machine;

	if (!name || strlen(name) >= sizeof(machine->name) ||
	    _find(lab, name) || lab->count == MACHINES_MAX)
		return err_set(err, ERR_CONFIG, "no new name");
	machine = calloc(1, sizeof(*machine));
	if (!machine)
		return err_nomem(err);
	machine->lab = lab;
	(void) snprintf(machine->name, sizeof(machine->name), "%s", name);
	machine->parent =
		_find(lab, json_str(json_get(request, "parent")));
	machine->owns_params = !machine->parent;
	machine->params = machine->parent
				  ? machine->parent->params
				  : _copy(json_get(request, "params"));
	machine->info = table_create(KEYS_MAX, free);
	_describe(machine, lab->count + 1);
	machine->guest = guest_qemu_ops.create(&lab->face, lab->shared,
					       &machine->vm, err);
	if (!machine->guest) {
		_bury(machine);
		return -1;
	}
	lab->machines[lab->count++] = machine;
	return 0;
}

static void _remove(struct lab *lab, struct machine *machine)
{
	for (size_t i = 0; i < lab->count; i++)
		if (lab->machines[i] == machine)
			lab->machines[i] = lab->machines[--lab->count];
	_bury(machine);
}

static int _act(struct lab *lab, const char *verb,
		const struct json *request, struct err *err)
{
	struct machine *machine =
		_find(lab, json_str(json_get(request, "vm")));
	const char *key = json_str(json_get(request, "key"));
	const char *value = json_str(json_get(request, "value"));

	if (!machine)
		return err_set(err, ERR_NOTFOUND, "no such machine");
	if (strcmp(verb, "power_on") == 0)
		return guest_qemu_ops.power_on(machine->guest, err);
	if (strcmp(verb, "clone") == 0 && machine->parent)
		return guest_qemu_ops.clone(machine->parent->guest,
					    machine->guest, true, err);
	if (strcmp(verb, "set") == 0 && key && value)
		return _info_set(&machine->vm, key, value, err);
	if (strcmp(verb, "power_off") == 0)
		guest_qemu_ops.power_off(machine->guest);
	else if (strcmp(verb, "destroy") == 0)
		_remove(lab, machine);
	else
		return err_set(err, ERR_CONFIG, "unknown request");
	return 0;
}

static void _request(struct lab *lab, const char *line, size_t len)
{
	struct err err = ERR_INIT;
	cleanup_json struct json *request = json_parse(line, len, &err);
	const char *verb = json_str(json_get(request, "do"));
	const char *vm = json_str(json_get(request, "vm"));
	int64_t ms;
	int rc;

	if (verb && strcmp(verb, "create") == 0)
		rc = _create(lab, request, &err);
	else if (verb && strcmp(verb, "clock") == 0) {
		rc = json_get_int(request, "ms", -1000000000, 1000000000, &ms,
				  &err);
		lab->face.clock_us = rc == 0 ? ms * CLOCK_US_PER_MS : 0;
	} else {
		rc = _act(lab, verb ? verb : "", request, &err);
	}
	_report(vm ? vm : "", rc == 0 ? "done" : "refused", verb,
		rc == 0 ? NULL : err.text);
}

static void _input(int fd, unsigned events, void *arg)
{
	struct lab *lab = arg;
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));
	char *end;

	(void) events;
	if (n <= 0) {
		loop_stop(lab->loop, 0);
		return;
	}
	buf_add(&lab->in, piece, (size_t) n);
	while (lab->in.len > 0) {
		end = memchr(lab->in.data, '\n', lab->in.len);
		if (!end)
			break;
		_request(lab, lab->in.data, (size_t) (end - lab->in.data));
		buf_consume(&lab->in, (size_t) (end - lab->in.data) + 1);
	}
}

static int _open(struct lab *lab, const char *dir, struct err *err)
{
	if (!realpath(dir, lab->dir))
		return err_errno(err, ERR_CONFIG, errno, "%s", dir);
	buf_init(&lab->in, LINE_MAX_);
	lab->loop = loop_create(err);
	if (!lab->loop)
		return -1;
	lab->face = (struct guest_lab) { .loop = lab->loop,
					 .state_dir = lab->dir,
					 .lab = lab,
					 .started = _started,
					 .frozen = _frozen,
					 .off = _off,
					 .note = _note,
					 .info_get = _info_get,
					 .info_set = _info_set,
					 .freeze = _freeze,
					 .after = _after,
					 .cancel = _cancel };
	if (guest_qemu_ops.open(&lab->face, &lab->shared, err) < 0)
		return -1;
	lab->input = loop_io_create(lab->loop, STDIN_FILENO, LOOP_READ,
				    _input, lab, err);
	return lab->input ? 0 : -1;
}

static void _shut(struct lab *lab)
{
	while (lab->count)
		_remove(lab, lab->machines[lab->count - 1]);
	if (lab->shared)
		guest_qemu_ops.close(lab->shared);
	while (lab->calls)
		_forget(lab->calls);
	loop_io_destroy(lab->input);
	loop_destroy(lab->loop);
	buf_free(&lab->in);
}

int main(int argc, char **argv)
{
	static struct lab lab;
	struct err err = ERR_INIT;
	int rc = 1;

	if (argc != 2) {
		(void) fprintf(stderr, "usage: guestlab DIR\n");
		return 64;
	}
	if (_open(&lab, argv[1], &err) == 0)
		rc = loop_run(lab.loop, &err);
	if (rc != 0)
		(void) fprintf(stderr, "guestlab: %s\n", err.text);
	_shut(&lab);
	return rc;
}
