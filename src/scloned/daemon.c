/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/rules/text.h"
#include "answers.h"
#include "cycle.h"
#include "daemon.h"
#include "lineage.h"
#include "step_log.h"
#include "templates.h"

#define CLIENTS_MAX 4096
#define OTHERS_MAX 64
#define IDLE_US (30 * CLOCK_US_PER_S)
#define CALLS_MAX 4096

/* --- the fleet's hooks -------------------------------------------------- */

/* The record of absence goes into the same transaction as what follows. */
static void _record_absence(struct daemon *daemon, const struct record *rec,
			    const struct action *action)
{
	struct event ev = { .kind = EVENT_RECORDED, .act = action->kind,
			    .epoch = action->epoch };
	int64_t now = clock_wall_us();
	char receipt[40];
	struct err err = ERR_INIT;

	if (cycle_keep(daemon->journal, rec, now, &err) < 0 ||
	    ledger_add(daemon->ledger, rec, now, &err) < 0) {
		ev.kind = EVENT_FAILED;
		ev.cause = failure_cause(err.code);
		ev.text = err.text;
	} else {
		snprintf(receipt, sizeof(receipt), "receipt %llu",
			 (unsigned long long)
			 ledger_head(daemon->ledger)->seq);
		ev.text = receipt;
	}
	fleet_event(daemon->fleet, rec->node, &ev);
}

static void _act(const struct record *rec, const struct action *action,
		 void *arg)
{
	struct daemon *daemon = arg;

	log_debug("node %s epoch %llu: %s%s%s", rec->node,
		  (unsigned long long) action->epoch,
		  action_name(action->kind), *action->text ? ": " : "",
		  action->text);
	diary_acted(daemon->diary, rec, action);
	if (action->kind == ACTION_RECORD_ABSENCE)
		_record_absence(daemon, rec, action);
	else if (action_is_slurm(action->kind))
		desk_act(daemon->desk, rec, action);
	else
		executor_act(daemon->executor, rec, action);
}

/* Nodes on their way up, prologs that wait for them, tests. */
void daemon_hurry(struct daemon *daemon)
{
	if (daemon->sight)
		sight_hurry(daemon->sight,
			    fleet_in_phase(daemon->fleet, PHASE_CLONED) ||
			    fleet_in_phase(daemon->fleet, PHASE_IDENTIFIED) ||
			    waiters_count(daemon->waiters) ||
			    (daemon->trials &&
			     trials_running(daemon->trials)));
}

static void _stepped(const struct record *rec, const struct event *ev,
		     const struct outcome *out, void *arg)
{
	struct daemon *daemon = arg;

	step_log(rec, ev, out);
	diary_stepped(daemon->diary, rec, ev, out);
	if (daemon->executor)
		executor_stepped(daemon->executor, rec);
	if (daemon->room)
		room_stepped(daemon->room, rec);
	if (daemon->planner)
		planner_stepped(daemon->planner, rec, out);
	if (daemon->trials)
		trials_stepped(daemon->trials, rec);
	if (daemon->notes)
		notes_stepped(daemon->notes, rec, ev, out);
	if (daemon->waiters)
		waiters_stepped(daemon->waiters, rec);
	if (out->changed && daemon->waiters)
		daemon_hurry(daemon);
}

static void _forgotten(const char *node, void *arg)
{
	const struct daemon *daemon = arg;

	if (daemon->waiters)
		waiters_forgotten(daemon->waiters, node);
}

static void _journal(const struct err *err, void *arg)
{
	(void) arg;
	if (err)
		log_error("journal: %s; nothing new is begun until it can be "
			  "written", err->text);
	else
		log_info("journal: can be written again");
}

/* Whoever keeps the log apart from this host can prove by it that no record
 * was changed or cut off since. */
static void _publish(const struct receipt_head *head, const char *node,
		     uint64_t epoch, void *arg)
{
	char text[RECEIPT_HEAD_SIZE];

	(void) arg;
	receipt_print_head(head, text);
	log_notice("receipt %s node %s epoch %llu", text, node,
		   (unsigned long long) epoch);
}

static void _committed(void *arg)
{
	struct daemon *daemon = arg;

	ledger_publish(daemon->ledger, _publish, daemon);
}

/* --- the other parts' hooks --------------------------------------------- */

static void _event(const char *node, struct event *ev, void *arg)
{
	struct daemon *daemon = arg;

	fleet_event(daemon->fleet, node, ev);
}

static void _sources(void *arg)
{
	struct daemon *daemon = arg;

	if (daemon->planner)
		planner_sources(daemon->planner,
				executor_sources(daemon->executor));
	if (daemon->growth)
		growth_sources(daemon->growth);
	if (daemon->room)
		room_sources(daemon->room);
	if (daemon->starter)
		starter_sources(daemon->starter);
}

static void _source(const char *vm, const char *instance_uuid, void *arg)
{
	const struct daemon *daemon = arg;

	lineage_source(daemon->journal, daemon->fleet, vm, instance_uuid);
}

static void _member(const struct source *source, bool is, void *arg)
{
	const struct daemon *daemon = arg;

	lineage_member(daemon->journal, daemon->fleet, source, is);
}

static void _unwatched(const struct record *rec, const struct err *why,
		       void *arg)
{
	(void) arg;
	log_warn("node %s epoch %llu: its VM %s cannot be watched: %s; Slurm "
		 "still tells when it is up, the reconcile when it is gone",
		 rec->node, (unsigned long long) rec->epoch, rec->vm,
		 why->text);
}

/* Look-ups and proofs of absence ask the source. */
static bool _needs(const char *path, void *arg)
{
	const struct daemon *daemon = arg;
	const struct record *rec;
	size_t pos = 0;

	while ((rec = fleet_next_in(daemon->fleet, &pos, PHASE_ADMITTED,
				    PHASE_RELEASING)) != NULL)
		if (!strcmp(rec->source, path))
			return true;
	return false;
}

static void _saw(const char *node, const struct nodeview *view, void *arg)
{
	struct daemon *daemon = arg;

	room_saw(daemon->room, node, view);
}

static size_t _room(unsigned limit, void *arg)
{
	const struct daemon *daemon = arg;

	return tally_room(room_tally(daemon->room), limit);
}

static void _looked(int64_t began, void *arg)
{
	struct daemon *daemon = arg;

	room_looked(daemon->room, began);
}

static void _timing(void *arg)
{
	struct daemon *daemon = arg;

	daemon->engine.suspend_timeout = timing_suspend(daemon->timing);
	if (daemon->intake)
		intake_poke(daemon->intake);
	if (daemon->planner)
		planner_partitions(daemon->planner);
}

static void _helper_died(const char *how, void *arg)
{
	(void) arg;
	log_warn("scloned-slurm: %s", how);
}

static void _link_idle(void *arg)
{
	struct daemon *daemon = arg;

	if (daemon->desk)
		desk_poke(daemon->desk);
}

static void _chain_told(const char *program, const char *how, void *arg)
{
	(void) arg;
	log_warn("%s: %s", program, how);
}

/* --- starting ----------------------------------------------------------- */

static int _load_record(const char *node, const char *text, void *arg,
			struct err *err)
{
	struct daemon *daemon = arg;
	int rc = fleet_load(daemon->fleet,
			    config_global(daemon->config)->cluster, node,
			    text, err);

	if (rc > 0)
		log_error("node %s: %s: it is not used; sclone release %s, "
			  "when its VM may go", node, err->text, node);
	else if (rc < 0 && err->code == ERR_CONFIG)
		log_error("journal: a record of '%s': %s", node, err->text);
	return rc < 0 && err->code != ERR_CONFIG ? -1 : 0;
}

/* Names without a record start absent. */
static int _add_missing(struct daemon *daemon, const struct config *config,
			struct err *err)
{
	const char *cluster = config_global(config)->cluster;

	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct hostlist *nodes = config_set(config, s)->nodes;

		for (size_t i = 0; i < hostlist_count(nodes); i++) {
			const char *node = hostlist_at(nodes, i);

			if (!fleet_record(daemon->fleet, node) &&
			    fleet_add(daemon->fleet, cluster, node, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* What counts for the next request of each node. */
static void _isolate(struct daemon *daemon)
{
	const struct config *config = daemon->config;

	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);
		struct event ev = {
			.kind = EVENT_ISOLATION,
			.shared = set->isolation == ISOLATION_SHARED,
		};

		for (size_t i = 0; i < hostlist_count(set->nodes); i++) {
			const char *node = hostlist_at(set->nodes, i);

			if (fleet_record(daemon->fleet, node)->shares !=
			    ev.shared)
				fleet_event(daemon->fleet, node, &ev);
		}
	}
}

static int _start_fleet(struct daemon *daemon, struct err *err)
{
	const struct config_global *global = config_global(daemon->config);
	struct fleet_hooks hooks = { _act, _stepped, _forgotten, _journal,
				     _committed, daemon };

	engine_conf_init(&daemon->engine);
	daemon->engine.max_attempts = (uint32_t) global->attempts;
	daemon->journal = journal_open(global->state_dir, err);
	if (!daemon->journal)
		return -1;
	if (journal_is_new(daemon->journal))
		log_warn("%s: a new journal; clones of before are known by "
			 "their owner marks alone", global->state_dir);
	daemon->diary = diary_create(DIARY_BYTES_MAX);
	if (!daemon->diary)
		return err_nomem(err);
	daemon->ledger = ledger_create(daemon->journal, err);
	daemon->drains = daemon->ledger ? drains_create(daemon->journal, err)
					: NULL;
	if (!daemon->drains)
		return -1;
	daemon->fleet = fleet_create(daemon->loop, daemon->journal,
				     &daemon->engine, &hooks, err);
	if (!daemon->fleet ||
	    journal_load(daemon->journal, _load_record, daemon, err) < 0 ||
	    fleet_load_kept(daemon->fleet, global->cluster, err) < 0)
		return -1;
	daemon->trials = trials_create(daemon, err);
	if (!daemon->trials)
		return -1;
	return _add_missing(daemon, daemon->config, err);
}

static int _start_slurm(struct daemon *daemon, struct err *err)
{
	const struct config_global *global = config_global(daemon->config);
	struct slurm_link_options link = {
		.program = daemon->options->slurm_helper,
		.conf = global->slurm_conf,
		.calls_max = CALLS_MAX,
		.died = _helper_died,
		.idle = _link_idle,
		.arg = daemon,
	};

	daemon->link = slurm_link_create(daemon->loop, &link, err);
	if (!daemon->link)
		return -1;
	daemon->desk = desk_create(daemon->loop, daemon->link, daemon->fleet,
				   err);
	daemon->notes = notes_create(daemon->loop, daemon->link,
				     daemon->fleet, err);
	daemon->partitions = partitions_create(&daemon->config, err);
	if (!daemon->partitions)
		return -1;
	daemon->timing = timing_create(daemon->loop, daemon->link,
				       daemon->partitions, _timing, daemon,
				       err);
	daemon->sight = sight_create(daemon->loop, daemon->link,
				     daemon->fleet, err);
	daemon->chain = chain_create(daemon->loop, global->slurm_conf,
				     _chain_told, daemon);
	if (!daemon->chain)
		return err_nomem(err);
	return daemon->desk && daemon->notes && daemon->timing &&
	       daemon->sight ? 0 : -1;
}

static int _start_vcenter(struct daemon *daemon, struct err *err)
{
	struct executor_hooks hooks = { _event, _sources, _source, _needs,
					_member, templates_renamed,
					_unwatched, daemon };

	if (config_global(daemon->config)->insecure)
		log_warn("Insecure=yes: the vCenter's certificate is not "
			 "verified");
	daemon->executor = executor_create(daemon->loop, daemon->config,
					   &hooks, err);
	if (!daemon->executor ||
	    lineage_load(daemon->journal, daemon->executor, err) < 0)
		return -1;
	daemon->planner = planner_create(daemon->loop, daemon->fleet,
					 &daemon->config,
					 executor_sources(daemon->executor),
					 daemon->drains, daemon->partitions,
					 err);
	if (!daemon->planner)
		return -1;
	daemon->growth = growth_create(daemon->loop, daemon->executor,
				       daemon->planner, err);
	if (!daemon->growth)
		return -1;
	daemon->starter = starter_create(daemon->loop, daemon->executor,
					 daemon->drains, err);
	return daemon->starter ? 0 : -1;
}

static int _start_intake(struct daemon *daemon, struct err *err)
{
	struct intake_context context = {
		.loop = daemon->loop,
		.fleet = daemon->fleet,
		.desk = daemon->desk,
		.journal = daemon->journal,
		.link = daemon->link,
		.timing = daemon->timing,
		.partitions = daemon->partitions,
		.planner = daemon->planner,
		.chain = daemon->chain,
		.trials = daemon->trials,
		.config = &daemon->config,
	};
	struct server_options server = {
		.path = config_global(daemon->config)->socket,
		.mode = 0666,
		.clients_max = CLIENTS_MAX,
		.others_max = OTHERS_MAX,
		.idle_us = IDLE_US,
		.handle = answers_handle,
		.arg = daemon,
	};

	daemon->waiters = waiters_create(daemon->loop, daemon->fleet,
					 &daemon->config, err);
	if (!daemon->waiters)
		return -1;
	daemon->intake = intake_create(&context, err);
	if (!daemon->intake)
		return -1;
	daemon->server = server_create(daemon->loop, &server, err);
	if (!daemon->server)
		return -1;
	daemon->upkeep = upkeep_create(daemon, err);
	daemon->reconciler = reconciler_create(daemon, err);
	daemon->orders = orders_create(daemon, err);
	if (!daemon->upkeep || !daemon->reconciler || !daemon->orders)
		return -1;
	daemon->room = room_create(daemon, err);
	if (!daemon->room)
		return -1;
	sight_watch(daemon->sight, _saw, _looked, daemon);
	planner_rule(daemon->planner, _room, daemon);
	return 0;
}

int daemon_start(struct daemon *daemon, const struct daemon_options *options,
		 struct err *err)
{
	memset(daemon, 0, sizeof(*daemon));
	daemon->options = options;
	daemon->started = clock_wall_us();
	daemon->config = config_read(options->config, err);
	if (!daemon->config)
		return -1;
	log_set_level((enum log_level)
		      config_global(daemon->config)->log_level);
	daemon->loop = loop_create(err);
	if (!daemon->loop || _start_fleet(daemon, err) < 0 ||
	    _start_slurm(daemon, err) < 0 || _start_vcenter(daemon, err) < 0 ||
	    _start_intake(daemon, err) < 0) {
		daemon_stop(daemon);
		return -1;
	}
	fleet_start(daemon->fleet);
	_isolate(daemon);
	log_info("scloned %s for cluster %s: %zu nodes", PACKAGE_VERSION,
		 config_global(daemon->config)->cluster,
		 fleet_count(daemon->fleet));
	return 0;
}

/* --- ending ------------------------------------------------------------- */

static void _left(void *arg)
{
	struct daemon *daemon = arg;

	loop_stop(daemon->loop, 0);
}

void daemon_leave(struct daemon *daemon)
{
	executor_leave(daemon->executor, _left, daemon);
}

void daemon_stop(struct daemon *daemon)
{
	/* First what can still call back into the others. */
	reconciler_destroy(daemon->reconciler);
	orders_destroy(daemon->orders);
	trials_destroy(steal_ptr(&daemon->trials));
	upkeep_destroy(daemon->upkeep);
	server_destroy(daemon->server);
	slurm_link_destroy(daemon->link);
	room_destroy(steal_ptr(&daemon->room));
	intake_destroy(daemon->intake);
	waiters_destroy(daemon->waiters);
	growth_destroy(steal_ptr(&daemon->growth));
	planner_destroy(daemon->planner);
	starter_destroy(daemon->starter);
	drains_destroy(daemon->drains);
	executor_destroy(daemon->executor);
	sight_destroy(daemon->sight);
	timing_destroy(daemon->timing);
	partitions_destroy(daemon->partitions);
	notes_destroy(daemon->notes);
	desk_destroy(daemon->desk);
	chain_destroy(daemon->chain);
	fleet_destroy(daemon->fleet);
	diary_destroy(daemon->diary);
	ledger_destroy(daemon->ledger);
	journal_close(daemon->journal);
	loop_destroy(daemon->loop);
	config_destroy((struct config *) daemon->config);
	memset(daemon, 0, sizeof(*daemon));
}

/* What a running daemon cannot change. */
static int _check_fixed(const struct config_global *old,
			const struct config_global *new, struct err *err)
{
	const char *const pairs[][3] = {
		{ "ClusterName", old->cluster, new->cluster },
		{ "VCenter", old->vcenter, new->vcenter },
		{ "User", old->user, new->user },
		{ "PasswordFile", old->password_file, new->password_file },
		{ "CACert", old->ca_cert, new->ca_cert },
		{ "Pin", old->pin, new->pin },
		{ "Insecure", old->insecure ? "yes" : "no",
		  new->insecure ? "yes" : "no" },
		{ "KeyFile", old->key_file, new->key_file },
		{ "StateDir", old->state_dir, new->state_dir },
		{ "SpoolDir", old->spool_dir, new->spool_dir },
		{ "Socket", old->socket, new->socket },
		{ "SlurmConf", old->slurm_conf, new->slurm_conf },
		{ "Folder", old->folder, new->folder },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (!text_same(pairs[i][1], pairs[i][2]))
			return err_set(err, ERR_CONFIG, "%s= has changed: "
				       "restart scloned; clones keep running",
				       pairs[i][0]);
	return 0;
}

/* First all that can fail, then what others must follow. */
int daemon_reload(struct daemon *daemon, struct err *err)
{
	cleanup_config struct config *config = NULL;
	struct config *old = (struct config *) daemon->config;

	config = config_read(daemon->options->config, err);
	if (!config || _check_fixed(config_global(old),
				    config_global(config), err) < 0 ||
	    _add_missing(daemon, config, err) < 0 ||
	    room_reserve(daemon->room, config, err) < 0 ||
	    executor_reload(daemon->executor, config, err) < 0)
		return -1;
	daemon->config = steal_ptr(&config);
	daemon->engine.max_attempts =
		(uint32_t) config_global(daemon->config)->attempts;
	log_set_level((enum log_level)
		      config_global(daemon->config)->log_level);
	partitions_outdate(daemon->partitions);
	timing_renew(daemon->timing);
	room_use(daemon->room, old);
	planner_use(daemon->planner, executor_sources(daemon->executor));
	_isolate(daemon);
	config_destroy(old);
	sight_renew(daemon->sight);
	slurm_link_restart(daemon->link);	/* slurm.conf, too */
	log_info("configuration read again: %zu nodes",
		 config_node_count(daemon->config));
	return 0;
}
