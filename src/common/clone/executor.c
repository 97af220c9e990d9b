/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/rules/owner.h"
#include "ancestry.h"
#include "facts.h"
#include "hand.h"
#include "letter.h"

#define POWER_OFF_MS 120000
#define DESTROY_MS 600000
#define SET_OWNER_MS 120000
#define REPLY_MAX (64 * 1024 * 1024)
#define CONNECT_MS 10000
#define CONNECTIONS 4

/* --- acts that are one task --------------------------------------------- */

static void _task_done(const struct task_result *result, void *arg)
{
	static const enum event_kind ends[ACTIONS] = {
		[ACTION_SET_OWNER] = EVENT_OWNER_SET,
		[ACTION_POWER_OFF] = EVENT_POWERED_OFF,
		[ACTION_DESTROY] = EVENT_DESTROYED,
	};
	struct hand *hand = arg;
	struct event ev = { .text = result->err ? result->err->text : NULL };

	hand->task = NULL;
	if (!result->err)
		hand_end(hand, ends[hand->act.kind], &ev);
	else if (result->err->code == ERR_NOTFOUND)
		hand_end(hand, EVENT_VM_GONE, &ev);
	else if (hand->act.kind == ACTION_POWER_OFF && result->fault &&
		 !strcmp(result->fault->type, "InvalidPowerState"))
		hand_end(hand, EVENT_POWERED_OFF, &ev);
	else
		hand_fail(hand, result->err);
}

static struct task *_set_owner(struct hand *hand, const struct moref *vm,
			       struct err *err)
{
	const struct buf *key = &hand->executor->key;
	char text[OWNER_TEXT_SIZE];
	struct vm_option option = { OWNER_KEY, text };

	if (owner_make(key->data, key->len, hand->rec.cluster, hand->rec.node,
		       hand->rec.epoch, text, err) < 0)
		return NULL;
	return vm_set_options(hand->executor->watch, vm, &option, 1,
			      hand->operation, SET_OWNER_MS, _task_done, hand,
			      err);
}

/* Nothing is harmed without a verdict on this very VM that is still fresh:
 * between the verdict and the act there is a write to the disk, which may
 * take its time. */
static int _check_pass(const struct hand *hand, const struct hand_pass *pass,
		       struct err *err)
{
	if (pass->act != hand->act.kind || pass->epoch != hand->rec.epoch ||
	    strcmp(pass->vm, hand->rec.vm) != 0)
		return err_set(err, ERR_REFUSED, "the guard was not asked");
	if (clock_mono_us() - pass->read_mono > GUARD_FRESH)
		return err_set(err, ERR_REFUSED, "the guard's verdict is more "
			       "than %lld s old",
			       (long long) (GUARD_FRESH / CLOCK_US_PER_S));
	return 0;
}

static void _start_task(struct hand *hand, const struct hand_pass *pass)
{
	struct watch *watch = hand->executor->watch;
	struct moref vm = hand_vm(hand);
	struct err err = ERR_INIT;

	task_cancel(steal_ptr(&hand->task));
	if (hand->act.kind == ACTION_SET_OWNER)
		hand->task = _set_owner(hand, &vm, &err);
	else if (_check_pass(hand, pass, &err) < 0)
		hand->task = NULL;
	else if (hand->act.kind == ACTION_POWER_OFF)
		hand->task = vm_power_off(watch, &vm, hand->operation,
					  POWER_OFF_MS, _task_done, hand,
					  &err);
	else
		hand->task = vm_destroy(watch, &vm, hand->operation,
					DESTROY_MS, _task_done, hand, &err);
	if (!hand->task)
		hand_fail(hand, &err);
}

void executor_act(struct executor *executor, const struct record *rec,
		  const struct action *action)
{
	struct hand *hand = hand_of(executor, rec->node);
	struct hand_pass pass = hand->pass;

	hand->rec = *rec;
	hand->act = *action;
	hand->pass = (struct hand_pass) { .act = ACTION_NONE };
	snprintf(hand->operation, sizeof(hand->operation),
		 "sclone-%s-%s-%llu", rec->cluster, rec->node,
		 (unsigned long long) rec->epoch);
	switch (action->kind) {
	case ACTION_SUBMIT_CLONE:
		backend_submit(hand);
		break;
	case ACTION_WATCH:
		backend_watch(hand);
		break;
	case ACTION_LOOK_UP:
		lookup_start(hand);
		break;
	case ACTION_PROVE_ABSENCE:
		lookup_prove(hand);
		break;
	case ACTION_READ_BACK:
		if (!guests_read_back(executor->guests, hand))
			verdicts_add(hand);
		break;
	case ACTION_GUARD:
		verdicts_add(hand);
		break;
	case ACTION_SET_OWNER:
	case ACTION_POWER_OFF:
	case ACTION_DESTROY:
		_start_task(hand, &pass);
		break;
	default:
		abort();	/* a bug: not ours to carry out */
	}
}

void executor_stepped(struct executor *executor, const struct record *rec)
{
	switch (rec->phase) {
	case PHASE_CLONED:
	case PHASE_IDENTIFIED:
	case PHASE_READY:
		guests_watch(executor->guests, rec);
		break;
	default:
		guests_leave(executor->guests, rec->node);
	}
}

/* --- the whole ---------------------------------------------------------- */

static void _keep_source(struct executor *executor, const struct moref *vm,
			 const char *instance_uuid)
{
	int known;

	if (!moref_is_set(vm) || !*instance_uuid)
		return;
	known = ancestry_add(executor->ancestry, vm->id, instance_uuid,
			     &executor->forgot);
	if (known == 1)
		executor->hooks.source(vm->id, instance_uuid,
				       executor->hooks.arg);
}

/* What lies in a folder of theirs is never destroyed either, but for clones
 * that somebody has put there. */
static void _keep_sources(struct executor *executor)
{
	const struct sources *sources = executor->sources;

	for (size_t i = 0; i < sources_count(sources); i++) {
		const struct source *source = sources_at(sources, i);

		_keep_source(executor, &source->vm, source->instance_uuid);
	}
	for (size_t i = 0; i < sources_refused_count(sources); i++) {
		const struct sources_refused *row =
			sources_refused_at(sources, i);

		if (!row->is_clone)
			_keep_source(executor, &row->vm, row->instance_uuid);
	}
}

static void _sources_changed(void *arg)
{
	struct executor *executor = arg;

	/* Without the clone folder, a clone could pass for a source. */
	if (sources_folder(executor->sources))
		_keep_sources(executor);
	executor->hooks.sources(executor->hooks.arg);
}

static bool _needs(const char *path, void *arg)
{
	const struct executor *executor = arg;

	return executor->hooks.needs(path, executor->hooks.arg);
}

static void _member(const struct source *source, bool is, void *arg)
{
	const struct executor *executor = arg;

	executor->hooks.member(source, is, executor->hooks.arg);
}

static void _renamed(const struct source *source, const char *former,
		     void *arg)
{
	const struct executor *executor = arg;

	executor->hooks.renamed(source, former, executor->hooks.arg);
}

static bool _is_clone(const struct source *source, void *arg)
{
	const struct executor *executor = arg;
	struct owner owner;

	return owner_verify(executor->key.data, executor->key.len,
			    source->owner, source->bios_uuid, &owner,
			    NULL) == 0;
}

static struct sources *_look_for_sources(struct executor *executor,
					 const struct config *config,
					 struct err *err)
{
	struct sources_hooks hooks = {
		.changed = _sources_changed, .is_clone = _is_clone,
		.needs = _needs, .member = _member, .renamed = _renamed,
		.arg = executor,
	};

	return sources_create(executor->loop, executor->watch, config,
			      &hooks, err);
}

static int _open_session(struct executor *executor, struct err *err)
{
	const struct config_global *global = config_global(executor->config);
	struct session_config session = {
		.http = { .url = global->vcenter,
			  .ca_file = global->ca_cert,
			  .pin = global->pin,
			  .insecure = global->insecure,
			  .connections = CONNECTIONS,
			  .reply_max = REPLY_MAX,
			  .connect_ms = CONNECT_MS },
		.user = global->user,
		.password_file = global->password_file,
		.password_owner = geteuid(),
	};
	struct watch_config watch = { .guest_key = LETTER_STATE_KEY };

	executor->session = session_create(executor->loop, &session, err);
	if (!executor->session)
		return -1;
	executor->watch = watch_create(executor->session, &watch, err);
	if (!executor->watch)
		return -1;
	executor->sources = _look_for_sources(executor, executor->config,
					      err);
	if (!executor->sources)
		return -1;
	executor->networks = networks_create(executor->loop, executor->session,
					     executor->config, err);
	return executor->networks ? 0 : -1;
}

static int _read_key(const struct config *config, struct buf *key,
		     struct err *err)
{
	buf_init(key, EXECUTOR_KEY_MAX);
	if (path_read_secret(config_global(config)->key_file, geteuid(), key,
			     err) < 0)
		return err_wrap(err, "KeyFile");
	return 0;
}

struct executor *executor_create(struct loop *loop,
				 const struct config *config,
				 const struct executor_hooks *hooks,
				 struct err *err)
{
	cleanup_executor struct executor *executor =
		calloc(1, sizeof(*executor));

	if (!executor) {
		err_nomem(err);
		return NULL;
	}
	executor->loop = loop;
	executor->config = config;
	executor->hooks = *hooks;
	STAILQ_INIT(&executor->idle);
	executor->idle_timer = loop_timer_create(loop, hands_tidy,
						 executor, err);
	executor->hands = table_create(CONFIG_NODES_MAX, hand_free);
	executor->guests = guests_create(executor);
	executor->ancestry = ancestry_create();
	executor->stores = stores_create();
	if (!executor->idle_timer || !executor->hands || !executor->guests ||
	    !executor->ancestry || !executor->stores) {
		err_nomem(err);
		return NULL;
	}
	if (_read_key(config, &executor->key, err) < 0 ||
	    path_check_secret(config_global(config)->password_file, geteuid(),
			      err) < 0 ||
	    _open_session(executor, err) < 0)
		return NULL;
	executor->verdicts = verdicts_create(executor, err);
	return executor->verdicts ? steal_ptr(&executor) : NULL;
}

void executor_destroy(struct executor *executor)
{
	if (!executor)
		return;
	verdicts_destroy(executor->verdicts);
	guests_destroy(executor->guests);
	table_destroy(executor->hands);
	loop_timer_destroy(executor->idle_timer);
	sources_destroy(executor->sources);
	networks_destroy(executor->networks);
	watch_destroy(executor->watch);
	session_destroy(executor->session);
	ancestry_destroy(executor->ancestry);
	stores_destroy(executor->stores);
	buf_wipe(&executor->key);
	free(executor);
}

int executor_remember(struct executor *executor, const char *vm,
		      const char *instance_uuid, struct err *err)
{
	return ancestry_add(executor->ancestry, vm, instance_uuid, err) < 0
		       ? -1 : 0;
}

int executor_recall(struct executor *executor, const char *path,
		    const char *vm, const char *instance_uuid,
		    struct err *err)
{
	/* For the guard before all else, even if it is no member any more. */
	if (executor_remember(executor, vm, instance_uuid, err) < 0)
		return -1;
	return sources_recall(executor->sources, path, vm, instance_uuid,
			      err);
}

int executor_reload(struct executor *executor, const struct config *config,
		    struct err *err)
{
	struct networks *networks;
	struct sources *sources;

	/* Session and key stay: to change them is a restart's business. */
	sources = _look_for_sources(executor, config, err);
	if (!sources)
		return -1;
	networks = networks_create(executor->loop, executor->session, config,
				   err);
	if (!networks) {
		sources_destroy(sources);
		return -1;
	}
	sources_inherit(sources, executor->sources);
	sources_destroy(executor->sources);
	networks_destroy(executor->networks);
	executor->sources = sources;
	executor->networks = networks;
	executor->config = config;
	return 0;
}

void executor_leave(struct executor *executor, void (*done)(void *arg),
		    void *arg)
{
	session_logout(executor->session, done, arg);
}

const struct sources *executor_sources(const struct executor *executor)
{
	return executor->sources;
}

const struct err *executor_problem(const struct executor *executor)
{
	const struct err *problem = session_problem(executor->session);

	return problem ? problem : sources_problem(executor->sources);
}

uint64_t executor_requests(const struct executor *executor)
{
	return session_requests(executor->session);
}
