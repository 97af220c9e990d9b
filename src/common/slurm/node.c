/* SPDX-License-Identifier: GPL-2.0-or-later */
/* node - the node table through libslurm. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "fault.h"
#include "node.h"

static const struct {
	uint32_t bit;
	const char *name;
} _flags[] = {
	{ NODE_STATE_CLOUD, "CLOUD" },
	{ NODE_STATE_COMPLETING, "COMPLETING" },
	{ NODE_STATE_DRAIN, "DRAIN" },
	{ NODE_STATE_DYNAMIC_NORM, "DYNAMIC_NORM" },
	{ NODE_STATE_FAIL, "FAIL" },
	{ NODE_STATE_INVALID_REG, "INVALID_REG" },
	{ NODE_STATE_MAINT, "MAINTENANCE" },
	{ NODE_STATE_POWER_DOWN, "POWER_DOWN" },
	{ NODE_STATE_POWER_UP, "POWER_UP" },
	{ NODE_STATE_POWERING_DOWN, "POWERING_DOWN" },
	{ NODE_STATE_POWERED_DOWN, "POWERED_DOWN" },
	{ NODE_STATE_POWERING_UP, "POWERING_UP" },
	{ NODE_STATE_NO_RESPOND, "NOT_RESPONDING" },
	{ NODE_STATE_PLANNED, "PLANNED" },
	{ NODE_STATE_REBOOT_ISSUED, "REBOOT_ISSUED" },
	{ NODE_STATE_REBOOT_REQUESTED, "REBOOT_REQUESTED" },
	{ NODE_STATE_RES, "RESERVED" },
};

static const char *_base_name(uint32_t state)
{
	switch (state & NODE_STATE_BASE) {
	case NODE_STATE_DOWN:
		return "DOWN";
	case NODE_STATE_IDLE:
		return "IDLE";
	case NODE_STATE_ALLOCATED:
		return "ALLOCATED";
	case NODE_STATE_ERROR:
		return "ERROR";
	case NODE_STATE_MIXED:
		return "MIXED";
	case NODE_STATE_FUTURE:
		return "FUTURE";
	default:
		return "UNKNOWN";
	}
}

static void _print_state(uint32_t state, char *out)
{
	size_t len = (size_t) snprintf(out, NODE_STATE_TEXT_SIZE, "%s",
				       _base_name(state));

	for (size_t i = 0; i < sizeof(_flags) / sizeof(_flags[0]); i++) {
		if ((state & _flags[i].bit) && len < NODE_STATE_TEXT_SIZE)
			len += (size_t) snprintf(out + len,
						 NODE_STATE_TEXT_SIZE - len,
						 "+%s", _flags[i].name);
	}
}

static void _view(const node_info_t *info, struct node *node)
{
	node->name = info->name;
	_print_state(info->node_state, node->state);
	node->reason = compat_text(info->reason);
	node->features = compat_text(info->features);
	node->addr = compat_text(info->node_addr);
	node->version = compat_text(info->version);
	node->boot_s = (int64_t) info->boot_time;
	node->cpus = info->cpus;
	node->memory_mib = info->real_memory;
}

static bool _same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool _same(const node_info_t *a, const node_info_t *b)
{
	return a->node_state == b->node_state && a->cpus == b->cpus &&
	       a->real_memory == b->real_memory &&
	       a->boot_time == b->boot_time &&
	       _same_text(a->reason, b->reason) &&
	       _same_text(a->features, b->features) &&
	       _same_text(a->node_addr, b->node_addr) &&
	       _same_text(a->version, b->version);
}

struct node_table {
	node_info_msg_t *last;	/* NULL: never loaded */
};

struct node_table *node_table_create(void)
{
	return calloc(1, sizeof(struct node_table));
}

void node_table_destroy(struct node_table *table)
{
	if (!table)
		return;
	if (table->last)
		slurm_free_node_info_msg(table->last);
	free(table);
}

/* Whether both list the same nodes in the same order; a hidden node has no
 * name (node_mgr.c: pack_all_node). */
static bool _same_nodes(const node_info_msg_t *a, const node_info_msg_t *b)
{
	if (!a || a->record_count != b->record_count)
		return false;
	for (uint32_t i = 0; i < a->record_count; i++) {
		if (!_same_text(compat_text(a->node_array[i].name),
				compat_text(b->node_array[i].name)))
			return false;
	}
	return true;
}

/* old NULL: tell all. */
static int _walk(const node_info_msg_t *old, const node_info_msg_t *now,
		 int (*each)(const struct node *node, void *arg), void *arg)
{
	struct node node;

	for (uint32_t i = 0; i < now->record_count; i++) {
		const node_info_t *info = &now->node_array[i];

		if (!compat_text(info->name) ||
		    (old && _same(&old->node_array[i], info)))
			continue;
		_view(info, &node);
		if (each(&node, arg))
			return -1;
	}
	return 0;
}

int node_table_refresh(struct node_table *table, bool all,
		       int (*each)(const struct node *node, void *arg),
		       void *arg, bool *complete, struct err *err)
{
	node_info_msg_t *old = table->last, *now = NULL;
	time_t since = old && !all ? old->last_update : 0;
	int rc;

	rc = FAULT_OF(slurm_load_node(since, &now, SHOW_ALL));
	if (rc) {
		if (rc != SLURM_NO_CHANGE_IN_DATA)
			return fault_set(err, rc, false, "load the nodes");
		*complete = false;
		return 0;
	}
	all = all || !_same_nodes(old, now);
	rc = _walk(all ? NULL : old, now, each, arg);
	/* What was not told must be told next time. */
	table->last = rc ? NULL : now;
	if (old)
		slurm_free_node_info_msg(old);
	if (rc) {
		slurm_free_node_info_msg(now);
		return err_nomem(err);
	}
	*complete = all;
	return 0;
}

/* No node is ever like that. */
static void _forget(node_info_t *info)
{
	info->boot_time = (time_t) -1;
}

static void _notice(struct node_table *table, const node_info_t *now)
{
	node_info_msg_t *last = table->last;

	for (uint32_t i = 0; last && i < last->record_count; i++) {
		node_info_t *info = &last->node_array[i];

		if (_same_text(info->name, now->name) && !_same(info, now))
			_forget(info);
	}
}

int node_load(struct node_table *table, const char *name,
	      int (*each)(const struct node *node, void *arg), void *arg,
	      struct err *err)
{
	node_info_msg_t *message = NULL;
	int rc;

	rc = FAULT_OF(slurm_load_node_single(
		&message, (char *) (uintptr_t) name, SHOW_ALL));
	if (rc)
		return fault_set(err, rc, false, "load the node");
	if (!message->record_count ||
	    !compat_text(message->node_array[0].name)) {
		slurm_free_node_info_msg(message);
		return err_set(err, ERR_NOTFOUND, "Slurm has no node %s",
			       name);
	}
	_notice(table, &message->node_array[0]);
	rc = _walk(NULL, message, each, arg);
	slurm_free_node_info_msg(message);
	return rc ? err_nomem(err) : 0;
}

static const uint32_t _act_states[] = {
	[NODE_ACT_POWER_UP] = NODE_STATE_POWER_UP,
	[NODE_ACT_POWER_DOWN] = NODE_STATE_POWER_DOWN,
	[NODE_ACT_POWER_DOWN_FORCE] = NODE_STATE_POWER_DOWN |
				      NODE_STATE_POWERED_DOWN,
	[NODE_ACT_DOWN] = NODE_STATE_DOWN,
	[NODE_ACT_RESUME] = NODE_RESUME,
	[NODE_ACT_DRAIN] = NODE_STATE_DRAIN,
	[NODE_ACT_UNDRAIN] = NODE_STATE_UNDRAIN,
	[NODE_ACT_IDLE] = NODE_STATE_IDLE,
};

int node_update(const char *nodes, enum node_act act, const char *reason,
		struct err *err)
{
	update_node_msg_t update;
	int rc;

	slurm_init_update_node_msg(&update);
	update.node_names = (char *) (uintptr_t) nodes;
	update.node_state = _act_states[act];
	if (reason) {
		update.reason = (char *) (uintptr_t) reason;
#if !COMPAT_AT_LEAST(26, 5)
		update.reason_uid = getuid();
#endif
	}
	rc = FAULT_OF(slurm_update_node(&update));
	if (rc)
		return fault_set(err, rc, true, "update nodes");
	return 0;
}
