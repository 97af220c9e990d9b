/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clone/sources.h"
#include "dice.h"
#include "fake_executor.h"
#include "process.h"
#include "fake_sources.h"

#define PAUSE (10 * S)

struct sources {
	struct loop_timer *timer;
	struct sources_hooks hooks;
	struct source list[VCENTER_SOURCES];
	struct err problem;
	bool looked;
};

static struct sources *self;

bool sources_looked(void)
{
	return self && self->looked;
}

static void _look_at(size_t i)
{
	struct source *source = &self->list[i];
	const struct machine_is *vm = vcenter_source(i);
	enum source_state before = source->state;

	(void) moref_set(&source->vm, "VirtualMachine", vm->id, NULL);
	memcpy(source->instance_uuid, vm->instance_uuid,
	       sizeof(source->instance_uuid));
	source->host_ok = source->store_ok = true;
	source->state = vcenter_source_fits(i) ? SOURCE_FROZEN : SOURCE_OFF;
	if (before == SOURCE_OFF && source->state == SOURCE_FROZEN)
		source->returns++;
	executor_saw_source(vm);
}

static void _look(void *arg)
{
	(void) arg;
	loop_timer_set(self->timer, PAUSE);
	if (vcenter_is_away()) {
		err_set(&self->problem, ERR_TRANSIENT, "vCenter is away");
		return;
	}
	self->problem = (struct err) ERR_INIT;
	for (size_t i = 0; i < VCENTER_SOURCES; i++)
		_look_at(i);
	self->looked = true;
	self->hooks.changed(self->hooks.arg);
}

struct sources *sources_create(struct loop *loop, struct watch *watch,
			       const struct config *config,
			       const struct sources_hooks *hooks,
			       struct err *err)
{
	struct sources *sources = calloc(1, sizeof(*sources));

	(void) watch;
	if (!sources)
		abort();
	for (size_t i = 0; i < VCENTER_SOURCES; i++) {
		sources->list[i].path = vcenter_source_path(i);
		sources->list[i].template_name =
			config_template(config, 0)->name;
		sources->list[i].lanes =
			(unsigned) config_template(config, 0)->lanes;
	}
	sources->hooks = *hooks;
	sources->timer = loop_timer_create(loop, _look, NULL, err);
	err_set(&sources->problem, ERR_TRANSIENT, "not asked yet");
	loop_timer_set(sources->timer, dice_us(10 * MS, S));
	self = sources;
	return sources;
}

void sources_destroy(struct sources *sources)
{
	if (!sources)
		return;
	loop_timer_destroy(sources->timer);
	free(sources);
	self = NULL;
}

size_t sources_count(const struct sources *sources)
{
	(void) sources;
	return VCENTER_SOURCES;
}

const struct source *sources_at(const struct sources *sources, size_t index)
{
	return &sources->list[index];
}

const struct source *sources_find(const struct sources *sources,
				  const char *path)
{
	for (size_t i = 0; i < VCENTER_SOURCES; i++)
		if (!strcmp(sources->list[i].path, path))
			return &sources->list[i];
	return NULL;
}

unsigned sources_shape(const struct sources *sources)
{
	(void) sources;
	return 0;
}

bool sources_listed(const struct sources *sources)
{
	(void) sources;
	return true;
}

size_t sources_refused_count(const struct sources *sources)
{
	(void) sources;
	return 0;
}

const struct sources_refused *sources_refused_at(const struct sources *sources,
						 size_t index)
{
	(void) sources;
	(void) index;
	return NULL;
}

const struct err *sources_problem(const struct sources *sources)
{
	return sources->problem.code ? &sources->problem : NULL;
}

const char *source_state_name(enum source_state state)
{
	return state == SOURCE_FROZEN ? "frozen" : "not frozen";
}
