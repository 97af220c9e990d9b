/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs - one function a verb, and the table of them. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/slurm/ctl.h"
#include "common/slurm/job.h"
#include "common/slurm/node.h"
#include "tell.h"
#include "verbs.h"

struct verbs {
	struct node_table *nodes;
};

struct verb {
	const char *name;
	int (*run)(struct verbs *verbs, const struct verb *verb,
		   const struct json *call, struct json *answer,
		   struct err *err);
	int (*tell)(uint32_t job, const char *text, struct err *err);
	int (*leave)(uint32_t job, const char *node, struct err *err);
	enum node_act act;	/* of _run_update */
	bool reason;		/* it needs one */
};

struct verbs *verbs_create(struct err *err)
{
	cleanup_verbs struct verbs *verbs = calloc(1, sizeof(*verbs));

	if (verbs)
		verbs->nodes = node_table_create();
	if (!verbs || !verbs->nodes) {
		err_nomem(err);
		return NULL;
	}
	return steal_ptr(&verbs);
}

void verbs_destroy(struct verbs *verbs)
{
	if (!verbs)
		return;
	node_table_destroy(verbs->nodes);
	free(verbs);
}

static int _run_ping(struct verbs *verbs, const struct verb *verb,
		     const struct json *call, struct json *answer,
		     struct err *err)
{
	(void) verbs;
	(void) verb;
	(void) call;
	(void) answer;
	return ctl_ping(err);
}

static int _append_node(const struct node *node, void *arg)
{
	return json_append(arg, tell_node(node));
}

static int _run_nodes(struct verbs *verbs, const struct verb *verb,
		      const struct json *call, struct json *answer,
		      struct err *err)
{
	cleanup_json struct json *list = json_new_array();
	bool all = false, complete = false;

	(void) verb;
	if (json_get_bool_or(call, "all", false, &all, err))
		return -1;
	if (!list)
		return err_nomem(err);
	if (node_table_refresh(verbs->nodes, all, _append_node, list,
			       &complete, err))
		return -1;
	if (json_put_bool(answer, "complete", complete) ||
	    json_put(answer, "nodes", steal_ptr(&list)))
		return err_nomem(err);
	return 0;
}

static int _put_node(const struct node *node, void *arg)
{
	return json_put(arg, "node", tell_node(node));
}

/* A job that slurmctld does not know any more holds nothing. */
static int _put_holds(uint32_t id, const char *node, struct json *answer,
		      struct err *err)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	cleanup_job struct job job = { 0 };
	struct err why = ERR_INIT;
	bool holds = false;

	if (job_load(id, &job, &why) < 0 && why.code != ERR_NOTFOUND)
		return err_set(err, why.code, "%s", why.text);
	if (job.nodes && job.holds)
		nodes = hostlist_parse(job.nodes, HOSTLIST_MAX, NULL);
	for (size_t i = 0; nodes && i < hostlist_count(nodes); i++)
		holds |= !strcmp(hostlist_at(nodes, i), node);
	return json_put_bool(answer, "holds", holds) ? err_nomem(err) : 0;
}

static int _run_node(struct verbs *verbs, const struct verb *verb,
		     const struct json *call, struct json *answer,
		     struct err *err)
{
	const char *name = NULL;
	struct job_turn turn;
	int64_t job, start;
	bool who;

	(void) verb;
	if (json_get_str(call, "name", &name, err) ||
	    json_get_int_or(call, "job", 0, UINT32_MAX, 0, &job, err) ||
	    json_get_int_or(call, "start", 0, INT64_MAX, 0, &start, err) ||
	    json_get_bool_or(call, "who", false, &who, err) ||
	    node_load(verbs->nodes, name, _put_node, answer, err))
		return -1;
	if (!who)
		return job ? _put_holds((uint32_t) job, name, answer, err) : 0;
	turn = (struct job_turn) { (uint32_t) job, start };
	if (job_of_node(name, turn, &turn, err))
		return -1;
	if (json_put_int(answer, "job", turn.id) ||
	    json_put_int(answer, "start", turn.start))
		return err_nomem(err);
	return 0;
}

static int _get_job(const struct json *call, uint32_t *id, struct err *err)
{
	int64_t value;

	if (json_get_int(call, "job", 1, UINT32_MAX, &value, err))
		return -1;
	*id = (uint32_t) value;
	return 0;
}

static int _run_job(struct verbs *verbs, const struct verb *verb,
		    const struct json *call, struct json *answer,
		    struct err *err)
{
	cleanup_job struct job job = { 0 };
	uint32_t id;

	(void) verbs;
	(void) verb;
	if (_get_job(call, &id, err) || job_load(id, &job, err))
		return -1;
	if (json_put(answer, "job", tell_job(&job)))
		return err_nomem(err);
	return 0;
}

static int _append_partition(const struct ctl_partition *partition, void *arg)
{
	return json_append(arg, tell_partition(partition));
}

static int _run_partitions(struct verbs *verbs, const struct verb *verb,
			   const struct json *call, struct json *answer,
			   struct err *err)
{
	cleanup_json struct json *list = json_new_array();

	(void) verbs;
	(void) verb;
	(void) call;
	if (!list)
		return err_nomem(err);
	if (ctl_partitions(_append_partition, list, err))
		return -1;
	if (json_put(answer, "partitions", steal_ptr(&list)))
		return err_nomem(err);
	return 0;
}

static int _run_config(struct verbs *verbs, const struct verb *verb,
		       const struct json *call, struct json *answer,
		       struct err *err)
{
	cleanup_ctl_conf struct ctl_conf conf = { 0 };

	(void) verbs;
	(void) verb;
	(void) call;
	if (ctl_conf_load(&conf, err))
		return -1;
	if (json_put(answer, "config", tell_conf(&conf)))
		return err_nomem(err);
	return 0;
}

static int _run_update(struct verbs *verbs, const struct verb *verb,
		       const struct json *call, struct json *answer,
		       struct err *err)
{
	const char *nodes = NULL, *reason = NULL;

	(void) verbs;
	(void) answer;
	if (json_get_str(call, "nodes", &nodes, err))
		return -1;
	if (verb->reason && json_get_str(call, "reason", &reason, err))
		return -1;
	return node_update(nodes, verb->act, reason, err);
}

/*
 * An undrained node that is off counts as not responding on 22.05, and when
 * slurm.conf has been read again nothing is scheduled on it any more. IDLE has
 * no such mark, but is refused for a node that has got a job meanwhile, which
 * is not off; slurmctld then passes over all those behind it (update_node() in
 * node_mgr.c). So that one is looked for, half by half. Where neither will do,
 * the others are asked for all the same, and that is told at the end.
 */
static int _give_back(const struct hostlist *nodes, size_t from, size_t to,
		      struct err *err)
{
	cleanup_hostlist struct hostlist *part = hostlist_create();
	cleanup_free char *text = NULL;
	struct err why = ERR_INIT, first = ERR_INIT;
	size_t half = from + (to - from) / 2;

	for (size_t i = from; part && i < to; i++)
		if (hostlist_add(part, hostlist_at(nodes, i), err))
			return -1;
	text = part ? hostlist_print(part) : NULL;
	if (!text)
		return err_nomem(err);
	if (!node_update(text, NODE_ACT_IDLE, NULL, &why))
		return 0;
	if (why.code != ERR_REFUSED)
		return err_set(err, why.code, "%s", why.text);
	if (to - from <= 1)
		return node_update(text, NODE_ACT_UNDRAIN, NULL, err);
	if (_give_back(nodes, from, half, &first) &&
	    first.code != ERR_REFUSED)
		return err_set(err, first.code, "%s", first.text);
	if (_give_back(nodes, half, to, err))
		return -1;
	return first.code ? err_set(err, first.code, "%s", first.text) : 0;
}

static int _run_give_back(struct verbs *verbs, const struct verb *verb,
			  const struct json *call, struct json *answer,
			  struct err *err)
{
	cleanup_hostlist struct hostlist *list = NULL;
	const char *nodes = NULL;

	(void) verbs;
	(void) verb;
	(void) answer;
	if (json_get_str(call, "nodes", &nodes, err))
		return -1;
	list = hostlist_parse(nodes, HOSTLIST_MAX, err);
	if (!list)
		return -1;
	return _give_back(list, 0, hostlist_count(list), err);
}

static int _run_tell(struct verbs *verbs, const struct verb *verb,
		     const struct json *call, struct json *answer,
		     struct err *err)
{
	const char *text = NULL;
	uint32_t id;

	(void) verbs;
	(void) answer;
	if (_get_job(call, &id, err) || json_get_str(call, "text", &text, err))
		return -1;
	return verb->tell(id, text, err);
}

static int _run_leave(struct verbs *verbs, const struct verb *verb,
		      const struct json *call, struct json *answer,
		      struct err *err)
{
	const char *node = NULL;
	uint32_t id;

	(void) verbs;
	(void) answer;
	if (_get_job(call, &id, err) || json_get_str(call, "node", &node, err))
		return -1;
	return verb->leave(id, node, err);
}

static const struct verb _verbs[] = {
	{ .name = "ping", .run = _run_ping },
	{ .name = "nodes", .run = _run_nodes },
	{ .name = "node", .run = _run_node },
	{ .name = "job", .run = _run_job },
	{ .name = "partitions", .run = _run_partitions },
	{ .name = "config", .run = _run_config },
	{ .name = "admin_comment_append", .run = _run_tell,
	  .tell = job_append_comment },
	{ .name = "notify_job", .run = _run_tell, .tell = job_notify },
	{ .name = "requeue_job", .run = _run_leave, .leave = job_requeue },
	{ .name = "kill_job", .run = _run_leave, .leave = job_kill },
	{ .name = "mark", .run = _run_update, .act = NODE_ACT_POWER_DOWN },
	{ .name = "power_down", .run = _run_update,
	  .act = NODE_ACT_POWER_DOWN },
	{ .name = "force_down", .run = _run_update,
	  .act = NODE_ACT_POWER_DOWN_FORCE, .reason = true },
	{ .name = "set_down", .run = _run_update, .act = NODE_ACT_DOWN,
	  .reason = true },
	{ .name = "power_up", .run = _run_update, .act = NODE_ACT_POWER_UP },
	{ .name = "node_resume", .run = _run_update, .act = NODE_ACT_RESUME },
	{ .name = "drain", .run = _run_update, .act = NODE_ACT_DRAIN,
	  .reason = true },
	{ .name = "undrain", .run = _run_update, .act = NODE_ACT_UNDRAIN },
	{ .name = "give_back", .run = _run_give_back },
};

static const struct verb *_find(const char *name)
{
	for (size_t i = 0; i < sizeof(_verbs) / sizeof(_verbs[0]); i++) {
		if (!strcmp(_verbs[i].name, name))
			return &_verbs[i];
	}
	return NULL;
}

int verbs_run(struct verbs *verbs, const struct json *call,
	      struct json *answer, struct err *err)
{
	const struct verb *verb;
	const char *name = NULL;
	int64_t deadline;

	if (json_get_str(call, "verb", &name, err) ||
	    json_get_int(call, "deadline", 0, INT64_MAX, &deadline, err))
		return -1;
	verb = _find(name);
	if (!verb)
		return err_set(err, ERR_PROTOCOL, "unknown verb \"%.40s\"",
			       name);
	if (clock_mono_us() >= deadline)
		return err_set(err, ERR_TRANSIENT,
			       "%s: read after its deadline, not done", name);
	return verb->run(verbs, verb, call, answer, err);
}
