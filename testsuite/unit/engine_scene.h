/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_scene - one node in the hands of the engine: macros in which the
 * engine's rules read as scenarios. Included once by each test program.
 */
#ifndef SCLONE_TESTSUITE_ENGINE_SCENE_H
#define SCLONE_TESTSUITE_ENGINE_SCENE_H

#include <string.h>

#include "common/rules/engine.h"
#include "tap.h"

#define S INT64_C(1000000)
#define T0 (1700000000 * S)
#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define SOURCE "/DC/vm/src-1"

static struct engine_conf conf;
static struct record rec;
static struct outcome out;
static int64_t now;
static struct nodeview view;

static void _do(struct event ev)
{
	ev.now = now;
	if (!ev.mono)
		ev.mono = now;
	if (!ev.epoch)
		ev.epoch = rec.epoch;
	engine_step(&conf, &rec, &ev, &out);
}

/* DO(CLONE_DONE, .vm = "vm-1") */
#define DO(name, ...)                                                       \
	_do((struct event) { .kind = EVENT_##name, __VA_ARGS__ })
#define DONE(action) DO(SLURM_DONE, .act = ACTION_SLURM_##action)

static const struct action *_find(enum action_kind kind)
{
	for (unsigned i = 0; i < out.count; i++)
		if (out.actions[i].kind == kind)
			return &out.actions[i];
	return NULL;
}

/* What the prolog of that job does that has asked last. */
#define WAIT(job) record_wait(&rec, job, rec.prolog_asked)

#define ACTS(action, what) ok(_find(ACTION_##action), "%s -> " #action, what)
#define NO_ACT(action, what)                                                \
	ok(!_find(ACTION_##action), "%s -> no " #action, what)
#define QUIET(what) is_int(out.count, 0, what)
#define IN(ph, what)                                                        \
	is_str(record_phase_name(rec.phase), record_phase_name(PHASE_##ph), \
	       what)
#define DURABLE(action)                                                     \
	ok(_find(ACTION_##action) && _find(ACTION_##action)->durable,       \
	   #action " is durable")

static void _start(void)
{
	struct err err = ERR_INIT;

	engine_conf_init(&conf);
	now = T0;
	memset(&view, 0, sizeof(view));
	if (record_init(&rec, "hpc1", "vm1", &err) < 0)
		bail_out("%s", err.text);
}

#define VIEW(...)                                                           \
	do {                                                                \
		view = (struct nodeview) { .seen = now, __VA_ARGS__ };      \
		DO(NODE_STATE, .view = &view);                              \
	} while (0)
#define LOOKS(...)                                                          \
	do {                                                                \
		view = (struct nodeview) { .seen = now, __VA_ARGS__ };      \
		DO(NODE_STATE, .view = &view, .act = ACTION_SLURM_LOOK);    \
	} while (0)
#define UP .base = NODE_ALLOCATED, .power_down = true
#define BOOTING .base = NODE_ALLOCATED, .powering_up = true
#define GOING .base = NODE_IDLE, .powering_down = true
#define GONE .base = NODE_IDLE, .powered_down = true

static void __attribute__((unused)) _request(const char *id, uint32_t job)
{
	DO(REQUESTED, .id = id, .job = job, .asked = now,
	   .deadline = now + 100 * S, .template_name = "rocky9");
}

/* Bring the node to a phase by the plain way. */
static void _reach(enum phase phase)
{
	_start();
	if (phase == PHASE_ABSENT)
		return;
	_request("r1", 7);
	DONE(MARK);
	if (phase == PHASE_REQUESTED)
		return;
	DO(ADMITTED, .source = SOURCE);
	if (phase == PHASE_ADMITTED)
		return;
	DO(SUBMITTED, .task = "task-1");
	if (phase == PHASE_CLONING)
		return;
	DO(CLONE_DONE, .vm = "vm-1");
	if (phase == PHASE_CLONED)
		return;
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	DO(IDENTIFIED);
	if (phase == PHASE_IDENTIFIED)
		return;
	now += S;
	VIEW(UP);
	if (phase == PHASE_READY)
		return;
	now += S;
	DO(SUSPENDED, .asked = now);
	if (rec.phase != PHASE_RELEASING)
		bail_out("the plain way does not lead to a release");
}

/* From RELEASING at its first guard to the recorded absence. */
static void _finish(void)
{
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	DO(POWERED_OFF);
	DO(GUARD_OK, .level = GUARD_DESTROY, .facts_at = now,
	   .powered_off = true);
	DO(DESTROYED);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	DO(RECORDED);
}

#endif
