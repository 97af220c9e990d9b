/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/rules/owner.h"
#include "common/vim25/vm.h"
#include "await.h"
#include "stage.h"
#include "tap.h"

#define HOUR_US (3600 * CLOCK_US_PER_S)
#define LONG_MS 30000
#define FILES_MAX (1 << 20)

/* --- the executor ------------------------------------------------------- */

static void _keep(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void _on_event(const char *node, struct event *ev, void *arg)
{
	struct stage *stage = arg;
	struct stage_seen *seen = ev->act ? &stage->end : &stage->show;

	seen->ev = *ev;
	_keep(seen->node, sizeof(seen->node), node);
	_keep(seen->task, sizeof(seen->task), ev->task);
	_keep(seen->vm, sizeof(seen->vm), ev->vm);
	_keep(seen->instance_uuid, sizeof(seen->instance_uuid),
	      ev->instance_uuid);
	_keep(seen->text, sizeof(seen->text), ev->text);
	_keep(seen->directory, sizeof(seen->directory), ev->directory);
	*(ev->act ? &stage->ended : &stage->shown) += 1;
}

static void _on_sources(void *arg)
{
	struct stage *stage = arg;

	int64_t seen = sources_seen(executor_sources(stage->executor));

	stage->changes++;
	stage->looks += seen && seen != stage->seen;
	stage->seen = seen;
}

static void _on_source(const char *vm, const char *instance_uuid, void *arg)
{
	struct stage *stage = arg;

	if (stage->kept == STAGE_KEPT_MAX)
		bail_out("one source too many: %s", vm);
	_keep(stage->past[stage->kept][0], 64, vm);
	_keep(stage->past[stage->kept++][1], 64, instance_uuid);
}

static bool _needs(const char *path, void *arg)
{
	const struct stage *stage = arg;

	return stage->needed && !strcmp(stage->needed, path);
}

static struct stage_member *_member(struct stage *stage, const char *path)
{
	for (size_t i = 0; i < STAGE_KEPT_MAX; i++)
		if (!strcmp(stage->members[i].path, path))
			return &stage->members[i];
	return NULL;
}

static void _on_member(const struct source *source, bool is, void *arg)
{
	struct stage_member *member = _member(arg, source->path);

	if (!member && is)
		member = _member(arg, "");
	if (!member)
		bail_out("%s: no such member, or too many", source->path);
	memset(member, 0, sizeof(*member));
	if (!is)
		return;
	_keep(member->path, sizeof(member->path), source->path);
	_keep(member->vm, sizeof(member->vm), source->kept_vm.id);
	_keep(member->instance_uuid, sizeof(member->instance_uuid),
	      source->kept_uuid);
}

static void _on_renamed(const struct source *source, const char *former,
			void *arg)
{
	struct stage *stage = arg;

	(void) source;
	_keep(stage->former, sizeof(stage->former), former);
}

static void _on_unwatched(const struct record *rec, const struct err *why,
			  void *arg)
{
	struct stage *stage = arg;

	(void) rec;
	stage->unwatched++;
	stage->unwatched_why = *why;
}

/* What the process before has kept. */
static void _remember(struct stage *stage)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < STAGE_KEPT_MAX; i++)
		if (*stage->members[i].path &&
		    executor_recall(stage->executor, stage->members[i].path,
				    stage->members[i].vm,
				    stage->members[i].instance_uuid,
				    &err) < 0 && err.code != ERR_NOTFOUND)
			bail_out("%s", err.text);
	for (unsigned i = 0; i < stage->kept; i++)
		if (executor_remember(stage->executor, stage->past[i][0],
				      stage->past[i][1], NULL) < 0)
			bail_out("a source of the past is not taken");
}

static void _configure(struct stage *stage, const char *sources)
{
	struct emulated *vc = &stage->vc;
	struct err err = ERR_INIT;
	char text[2048];
	int len;

	len = snprintf(text, sizeof(text),
		       "ClusterName=hpc1 VCenter=%s CACert=%s\n"
		       "User=svc-slurm@vsphere.local PasswordFile=%s\n"
		       "KeyFile=%s/sclone.key Folder=" STAGE_FOLDER "\n"
		       "ResourcePool=" STAGE_POOL "\n"
		       "TemplateName=rocky9 Sources=%s\n"
		       "NodeName=vm[1-99],t[1-199],o[1-199] "
		       "Templates=rocky9\n",
		       vc->url, vc->ca_file, vc->password_file, vc->directory,
		       sources);
	stage->config = config_parse("sclone.conf", text, (size_t) len, &err);
	if (!stage->config)
		bail_out("%s", err.text);
}

static void _open(struct stage *stage, const char *sources)
{
	struct executor_hooks hooks = { .event = _on_event,
					.sources = _on_sources,
					.source = _on_source,
					.needs = _needs,
					.member = _on_member,
					.renamed = _on_renamed,
					.unwatched = _on_unwatched,
					.arg = stage };
	struct err err = ERR_INIT;

	_configure(stage, sources);
	stage->executor = executor_create(stage->vc.loop, stage->config,
					  &hooks, &err);
	if (!stage->executor)
		bail_out("%s", err.text);
	_remember(stage);
}

static void _close(struct stage *stage)
{
	executor_destroy(stage->executor);
	config_destroy(stage->config);
	stage->looks = 0;
}

void stage_restart(struct stage *stage, const char *sources)
{
	stage_reopen(stage, sources);
	await(stage->vc.loop, &stage->looks, 1);
}

void stage_reopen(struct stage *stage, const char *sources)
{
	_close(stage);
	_open(stage, sources);
}

/* The source, the folder and the pool are found late; one connection is left
 * for others. */
void stage_reopen_slowly(struct stage *stage)
{
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"method\":\"FindByInventoryPath\",\"kind\":"
			 "\"delay_reply\",\"ms\":200,\"times\":3}");
	stage_reopen(stage, STAGE_ESX01);
}

void stage_start(struct stage *stage)
{
	static const char key[] = STAGE_KEY "\n";
	char path[96];

	memset(stage, 0, sizeof(*stage));
	emulated_start(&stage->vc);
	snprintf(path, sizeof(path), "%s/sclone.key", stage->vc.directory);
	if (path_write(path, key, sizeof(key) - 1, 0600, NULL) < 0)
		bail_out("cannot write the key");
	_open(stage, STAGE_ESX01 "," STAGE_ESX02);
	await(stage->vc.loop, &stage->looks, 1);
}

void stage_stop(struct stage *stage)
{
	_close(stage);
	emulated_stop(&stage->vc);
}

/* --- acts --------------------------------------------------------------- */

void stage_record(struct record *rec, const char *node)
{
	static uint64_t last;
	struct err err = ERR_INIT;

	if (record_init(rec, "hpc1", node, &err) < 0)
		bail_out("%s", err.text);
	last = record_next_epoch(last, clock_wall_us());
	rec->epoch = rec->last_epoch = last;
	rec->phase = PHASE_ADMITTED;
	owner_bios_uuid("hpc1", node, last, rec->bios_uuid);
	_keep(rec->source, sizeof(rec->source), STAGE_ESX01);
	_keep(rec->req.template_name, sizeof(rec->req.template_name),
	      "rocky9");
	rec->req.used = true;
	rec->req.deadline = clock_wall_us() + HOUR_US;
}

void stage_ask(struct stage *stage, const struct record *rec,
	       enum action_kind kind, enum guard_level level)
{
	struct action action = { .kind = kind, .epoch = rec->epoch,
				 .level = level };

	executor_act(stage->executor, rec, &action);
}

static const struct stage_seen *_await(struct stage *stage,
				       const struct record *rec,
				       enum action_kind kind,
				       enum guard_level level)
{
	unsigned before = stage->ended;

	stage_ask(stage, rec, kind, level);
	await(stage->vc.loop, &stage->ended, before + 1);
	if (stage->end.ev.act != kind || stage->end.ev.epoch != rec->epoch ||
	    strcmp(stage->end.node, rec->node) != 0)
		bail_out("%s: ended by %s of %s", action_name(kind),
			 event_name(stage->end.ev.kind), stage->end.node);
	return &stage->end;
}

const struct stage_seen *stage_act(struct stage *stage,
				   const struct record *rec,
				   enum action_kind kind)
{
	return _await(stage, rec, kind, GUARD_POWER_OFF);
}

const struct stage_seen *stage_insist(struct stage *stage,
				      const struct record *rec,
				      enum action_kind kind)
{
	const struct stage_seen *seen = stage_act(stage, rec, kind);

	while (seen->ev.kind == EVENT_FAILED &&
	       seen->ev.cause == CAUSE_TRANSIENT) {
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
		seen = stage_act(stage, rec, kind);
	}
	return seen;
}

const struct stage_seen *stage_guard(struct stage *stage,
				     const struct record *rec,
				     enum guard_level level)
{
	return _await(stage, rec, ACTION_GUARD, level);
}

const struct stage_seen *stage_guarded(struct stage *stage,
				       const struct record *rec,
				       enum action_kind kind)
{
	enum guard_level level = kind == ACTION_DESTROY ? GUARD_DESTROY
							: GUARD_POWER_OFF;
	const struct stage_seen *seen = stage_guard(stage, rec, level);

	if (seen->ev.kind != EVENT_GUARD_OK)
		bail_out("guard: %s", seen->text);
	return stage_act(stage, rec, kind);
}

static const struct stage_seen *_expect(struct stage *stage,
					const struct record *rec,
					enum action_kind kind,
					enum event_kind want)
{
	const struct stage_seen *seen = stage_act(stage, rec, kind);

	if (seen->ev.kind != want)
		bail_out("%s: %s %s", action_name(kind),
			 event_name(seen->ev.kind), seen->text);
	return seen;
}

void stage_clone(struct stage *stage, struct record *rec, const char *node)
{
	const struct stage_seen *seen;

	stage_record(rec, node);
	seen = _expect(stage, rec, ACTION_SUBMIT_CLONE, EVENT_SUBMITTED);
	_keep(rec->task, sizeof(rec->task), seen->task);
	seen = _expect(stage, rec, ACTION_WATCH, EVENT_CLONE_DONE);
	_keep(rec->vm, sizeof(rec->vm), seen->vm);
	rec->phase = PHASE_CLONED;
	seen = _expect(stage, rec, ACTION_READ_BACK, EVENT_READ_BACK);
	_keep(rec->instance_uuid, sizeof(rec->instance_uuid),
	      seen->instance_uuid);
}

/* --- others ------------------------------------------------------------- */

static void _on_foreign(const struct task_result *result, void *arg)
{
	struct stage *stage = arg;

	if (result->err)
		bail_out("%s", result->err->text);
	stage->made = *result->object;
	stage->foreign_ended++;
}

void stage_foreign(struct stage *stage, const struct moref *source,
		   const char *name, const char *bios_uuid)
{
	const struct sources *sources = executor_sources(stage->executor);
	struct vm_clone_spec spec = {
		.source = source, .name = name,
		.folder = sources_folder(sources),
		.pool = sources_pool(sources), .bios_uuid = bios_uuid,
	};
	struct err err = ERR_INIT;

	if (!vm_instant_clone(stage->vc.watch, &spec, "foreign", LONG_MS,
			      _on_foreign, stage, &err))
		bail_out("%s", err.text);
}

void stage_harm(struct stage *stage, const char *vm, const char *action,
		const char *more)
{
	char json[1024];

	snprintf(json, sizeof(json), "{\"vm\":\"%s\",\"action\":\"%s\"%s}",
		 vm, action, more);
	emulated_control(&stage->vc, "/lab/vm", json);
}

void stage_delay(struct stage *stage, unsigned ms)
{
	char json[128];

	snprintf(json, sizeof(json), "{\"method\":\"InstantClone_Task\","
		 "\"ms\":%u,\"jitter_ms\":0}", ms);
	emulated_control(&stage->vc, "/lab/delay", json);
}

void stage_parents(const struct stage *stage, struct buf *out)
{
	char pattern[128];
	glob_t files;

	buf_init(out, FILES_MAX);
	snprintf(pattern, sizeof(pattern), "%s/datastores/ds1/rocky9-*/*",
		 stage->vc.directory);
	if (glob(pattern, 0, NULL, &files) != 0)
		bail_out("no files: %s", pattern);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		buf_puts(out, files.gl_pathv[i]);
		if (path_read(files.gl_pathv[i], out, NULL) < 0)
			bail_out("cannot read %s", files.gl_pathv[i]);
	}
	globfree(&files);
}
