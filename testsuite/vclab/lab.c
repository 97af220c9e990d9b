/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab - see lab.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "collector.h"
#include "folder.h"
#include "inject.h"
#include "lab.h"
#include "service_instance.h"
#include "session.h"
#include "stats.h"
#include "task.h"
#include "user.h"
#include "vm.h"
#include "witness.h"

#define UUIDS_MAX 1000000
#define DELAYS_MAX 100
#define SEED UINT64_C(0x5c1043c0ffee1234)

struct delay {
	int64_t us;
	int64_t jitter_us;
};

void *lab_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

char *lab_strdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

char *lab_printf(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return text;
}

/* splitmix64. */
static uint64_t _next(struct lab *lab)
{
	uint64_t z = lab->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t lab_random(struct lab *lab, uint64_t limit)
{
	return _next(lab) % limit;
}

void lab_uuid(struct lab *lab, char *out)
{
	uint64_t a = _next(lab);
	uint64_t b = _next(lab);

	(void) snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012" PRIx64,
			(unsigned) (a >> 32), (unsigned) (a >> 16 & 0xffff),
			(unsigned) (a & 0xfff),
			(unsigned) (b >> 48 & 0x3fff) | 0x8000,
			b & UINT64_C(0xffffffffffff));
}

char *lab_id(struct lab *lab, const char *prefix)
{
	return lab_printf("%s-%" PRIu64, prefix, ++lab->next_id);
}

int64_t lab_delay(struct lab *lab, const char *method)
{
	const struct delay *delay = table_get(lab->delays, method);

	if (!delay)
		delay = table_get(lab->delays, "*");
	if (!delay)
		return 0;
	return delay->us + (delay->jitter_us > 0
		? (int64_t) lab_random(lab, (uint64_t) delay->jitter_us) : 0);
}

int lab_set_delay(struct lab *lab, const char *method, int64_t ms,
		  int64_t jitter_ms, struct err *err)
{
	struct delay *delay = lab_alloc(sizeof(*delay));

	delay->us = ms * 1000;
	delay->jitter_us = jitter_ms * 1000;
	if (table_set(lab->delays, method, delay, err) == 0)
		return 0;
	free(delay);
	return -1;
}

static struct table *_table(size_t max, void (*free_value)(void *))
{
	struct table *table = table_create(max, free_value);

	if (!table)
		abort();
	return table;
}

struct lab *lab_create(struct loop *loop, const char *state_dir,
		       struct err *err)
{
	struct lab *lab = lab_alloc(sizeof(*lab));
	char *path = lab_printf("%s/witness.log", state_dir);
	char uuid[40];

	lab->loop = loop;
	lab->random = SEED;
	lab->state_dir = lab_strdup(state_dir);
	lab->objects = _table(LAB_OBJECTS_MAX, NULL);
	lab->bios_uuids = _table(UUIDS_MAX, free);
	lab->macs = _table(UUIDS_MAX, NULL);
	lab->instance_uuids = _table(UUIDS_MAX, free);
	lab->hosts = _table(1000, NULL);
	lab->datastores = _table(1000, NULL);
	lab->sessions = _table(SESSIONS_MAX, NULL);
	lab->delays = _table(DELAYS_MAX, free);
	lab->tasks = lab_alloc(sizeof(*lab->tasks));
	lab->inject = inject_create();
	lab->stats = stats_create();
	lab->real_files = true;
	lab_uuid(lab, uuid);
	lab->instance_uuid = lab_strdup(uuid);
	vm_guest_lab(lab);
	lab->witness = witness_create(path, err);
	lab->sched = sched_create(loop, err);
	free(path);
	if (!lab->witness || !lab->sched) {
		lab_destroy(lab);
		return NULL;
	}
	lab->root = folder_create(lab, &folder_class, "group-d",
				  "Datacenters", NULL);
	service_instance_make(lab);
	return lab;
}

void lab_restart(struct lab *lab)
{
	witness_note(lab->witness, "restart", NULL);
	session_end_all(lab, "restart");
	task_forget_all(lab);
}

/* Guests first: nothing of the world may be used by them afterwards. */
static void _end_guests(struct entity *entity)
{
	struct vm *vm = vm_of(&entity->mob);
	struct entity *child;
	size_t pos = 0;

	if (vm && vm->guest) {
		vm->ops->destroy(vm->guest);
		vm->guest = NULL;
	}
	while (entity->children &&
	       (child = table_next(entity->children, &pos, NULL)) != NULL)
		_end_guests(child);
}

static void _forget_objects(struct lab *lab)
{
	struct mob *mob;
	size_t pos = 0;

	while (lab->objects &&
	       (mob = table_next(lab->objects, &pos, NULL)) != NULL) {
		mob->gone = true;
		(void) table_take(lab->objects, mob->id);
		mob_unref(mob);
	}
}

void lab_destroy(struct lab *lab)
{
	if (!lab)
		return;
	if (lab->root)
		_end_guests(lab->root);
	session_end_all(lab, "end");
	if (lab->sched) {
		task_forget_all(lab);
		task_drop_all(lab);
		sched_clear(lab->sched);
	}
	vm_guest_close_all(lab);
	_forget_objects(lab);
	user_free_all(lab);
	table_destroy(lab->objects);
	table_destroy(lab->bios_uuids);
	table_destroy(lab->macs);
	table_destroy(lab->instance_uuids);
	table_destroy(lab->hosts);
	table_destroy(lab->datastores);
	table_destroy(lab->sessions);
	table_destroy(lab->delays);
	inject_destroy(lab->inject);
	stats_destroy(lab->stats);
	sched_destroy(lab->sched);
	witness_destroy(lab->witness);
	json_destroy(lab->inventory);
	free(lab->tasks);
	free(lab->instance_uuid);
	free(lab->state_dir);
	free(lab);
}
