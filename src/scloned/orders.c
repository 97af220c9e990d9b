/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/ipc/verbs.h"
#include "daemon.h"
#include "orders.h"

struct orders {
	struct daemon *daemon;
	struct server_call *call;	/* waits for a pass; or NULL */
	struct hostlist *nodes;		/* to be released by it; or NULL */
};

/* --- the answer --------------------------------------------------------- */

static int _put_text(struct json *row, const char *key, const char *text)
{
	return *text ? json_put_str(row, key, text) : 0;
}

static struct json *_difference(const struct difference *diff)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "node", diff->node);
	rc |= json_put_str(row, "journal", record_phase_name(diff->phase));
	rc |= json_put_int(row, "epoch", (int64_t) diff->epoch);
	rc |= json_put_str(row, "vcenter", reconcile_sight_name(diff->sight));
	rc |= _put_text(row, "vm", diff->vm);
	if (diff->vm_epoch)
		rc |= json_put_int(row, "vm_epoch", (int64_t) diff->vm_epoch);
	rc |= json_put_str(row, "slurm", reconcile_node_name(diff->slurm));
	if (diff->row.found)
		rc |= json_put_str(row, "event",
				   event_name(diff->row.event));
	rc |= json_put_str(row, "text", diff->row.text);
	rc |= json_put_bool(row, "done", diff->done);
	rc |= _put_text(row, "wait", diff->wait);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

static struct json *_stray(const struct survey_vm *vm)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "node", vm->node);
	rc |= json_put_int(row, "vm_epoch", (int64_t) vm->epoch);
	rc |= json_put_str(row, "vm", vm->vm);
	rc |= _put_text(row, "name", vm->name);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

static int _append(struct json *list, struct json *row)
{
	return row ? json_append(list, row) : -1;
}

static int _put_rows(const struct reconciler *reconciler, struct json *reply)
{
	const struct survey *survey = reconciler_survey(reconciler);
	struct json *rows = json_new_array(), *strays = json_new_array();
	const struct difference *diff;
	const struct survey_vm *vm;
	size_t pos = 0;
	int rc = rows && strays ? 0 : -1;

	for (size_t i = 0; rc == 0 && (diff = reconciler_difference(
						reconciler, i)); i++)
		rc = _append(rows, _difference(diff));
	while (rc == 0 && (vm = survey_stray(survey, &pos)))
		rc = _append(strays, _stray(vm));
	return rc | json_put(reply, "differences", rows) |
	       json_put(reply, "strays", strays);
}

static struct json *_reply(const struct reconciler *reconciler)
{
	const struct reconciler_tally *tally = reconciler_tally(reconciler);
	cleanup_json struct json *reply = json_new_object();
	int rc = reply ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_int(reply, "at", tally->at);
	rc |= json_put_int(reply, "ours", (int64_t) tally->ours);
	rc |= json_put_int(reply, "foreign", (int64_t) tally->foreign);
	rc |= json_put_bool(reply, "braked", tally->braked);
	return (rc | _put_rows(reconciler, reply)) == 0 ? steal_ptr(&reply)
							: NULL;
}

/* --- waiting for a pass ------------------------------------------------- */

static void _forget(struct orders *orders)
{
	orders->call = NULL;
	hostlist_destroy(steal_ptr(&orders->nodes));
}

static void _gone(struct server_call *call, void *arg)
{
	struct orders *orders = arg;

	reconciler_give_up(orders->daemon->reconciler);
	_forget(orders);
	server_call_drop(call);
}

static void _wait(struct orders *orders, struct server_call *call,
		  enum reconciler_mode mode,
		  void (*done)(const struct err *failure, void *arg))
{
	struct err err = ERR_INIT;

	if (reconciler_pass(orders->daemon->reconciler, mode, done, orders,
			    &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	orders->call = call;
	server_call_on_gone(call, _gone, orders);
}

/* --- reconcile ---------------------------------------------------------- */

static void _passed(const struct err *failure, void *arg)
{
	struct orders *orders = arg;
	struct server_call *call = orders->call;

	_forget(orders);
	if (failure)
		server_call_fail(call, failure);
	else
		server_call_reply(call,
				  _reply(orders->daemon->reconciler));
}

static int _read_mode(const struct json *request, enum reconciler_mode *mode,
		      struct err *err)
{
	static const char *const names[] = {
		[RECONCILER_USUAL] = "now",
		[RECONCILER_DRY] = "dry-run",
		[RECONCILER_APPLY] = "apply",
	};
	const char *text;

	if (json_get_str_or(request, "mode", names[RECONCILER_DRY], &text,
			    err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*mode = (enum reconciler_mode) i;
		return 0;
	}
	return err_set(err, ERR_PROTOCOL, "no mode '%s'", text);
}

/* For those who may only look: what the last pass has seen. */
static void _show(struct orders *orders, struct server_call *call,
		  enum reconciler_mode mode)
{
	struct err err = ERR_INIT;

	if (mode != RECONCILER_DRY)
		err_set(&err, ERR_AUTH, "that is for root and scloned's own "
			"user");
	else if (!reconciler_survey(orders->daemon->reconciler))
		err_set(&err, ERR_TRANSIENT, "nothing was looked through "
			"yet");
	if (err.code)
		server_call_fail(call, &err);
	else
		server_call_reply(call,
				  _reply(orders->daemon->reconciler));
}

void orders_reconcile(struct orders *orders, struct server_call *call)
{
	const struct server_peer *peer = server_call_peer(call);
	enum reconciler_mode mode = RECONCILER_DRY;
	struct err err = ERR_INIT;

	if (_read_mode(server_call_request(call), &mode, &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	if (!peer->trusted) {
		_show(orders, call, mode);
		return;
	}
	if (mode == RECONCILER_APPLY)
		log_warn("reconcile --apply by uid %u", (unsigned) peer->uid);
	_wait(orders, call, mode, _passed);
}

/* --- release ------------------------------------------------------------ */

static const struct survey_vm *_find_stray(const struct survey *survey,
					   const char *node)
{
	const struct survey_vm *vm;
	size_t pos = 0;

	while ((vm = survey_stray(survey, &pos)) != NULL)
		if (!strcmp(vm->node, node))
			return vm;
	return NULL;
}

/* Slurm does not end what it does not have. */
static int _check_used(const struct record *rec, enum reconcile_node slurm,
		       struct err *err)
{
	if (slurm == RECONCILE_MISSING)
		return 0;
	if (reconcile_stage(rec->phase) == STAGE_COMING ||
	    reconcile_stage(rec->phase) == STAGE_USING)
		return err_set(err, ERR_REFUSED, "%s is %s: end it in Slurm, "
			       "scontrol update NodeName=%s "
			       "State=POWER_DOWN_FORCE", rec->node,
			       record_phase_name(rec->phase), rec->node);
	if (rec->phase == PHASE_ABSENT && !rec->view.seen)
		return err_set(err, ERR_TRANSIENT, "%s was just changed in "
			       "Slurm: try again", rec->node);
	if (rec->phase == PHASE_ABSENT && (slurm == RECONCILE_UP ||
					   slurm == RECONCILE_BOOTING))
		return err_set(err, ERR_REFUSED, "%s is %s in Slurm: its VM "
			       "goes when Slurm ends it", rec->node,
			       reconcile_node_name(slurm));
	return 0;
}

/* The VM may be released by hand; *vm is NULL when there is none to be
 * found first. */
static int _check(const struct orders *orders, const char *node,
		  const struct survey_vm **vm, struct err *err)
{
	const struct survey *survey =
		reconciler_survey(orders->daemon->reconciler);
	const struct record *rec = fleet_record(orders->daemon->fleet, node);

	*vm = rec ? NULL : _find_stray(survey, node);
	if (!rec && !*vm)
		return err_set(err, ERR_NOTFOUND, "no node '%s' in "
			       "sclone.conf, and no VM of ours in the clone "
			       "folder with its mark", node);
	if (!rec)
		return 0;
	if (_check_used(rec, survey_node(survey, rec), err) < 0)
		return -1;
	if (rec->phase != PHASE_ABSENT)
		return 0;
	*vm = survey_vm(survey, node);
	if (*vm && !(*vm)->ours)
		*vm = NULL;
	if (!*vm && !*rec->quarantine)
		return err_set(err, ERR_NOTFOUND, "%s has no VM of ours",
			       node);
	return 0;
}

static int _release(struct orders *orders, const char *node, struct err *err)
{
	struct fleet *fleet = orders->daemon->fleet;
	struct event hurry = { .kind = EVENT_CONDEMN, .cause = CAUSE_ADMIN,
			       .text = "released by hand" };
	const struct survey_vm *vm;

	if (_check(orders, node, &vm, err) < 0 ||
	    fleet_clear(fleet, node, err) < 0)
		return -1;
	if (vm)
		return reconciler_release(orders->daemon->reconciler, vm,
					  "released by hand", err);
	if (fleet_record(fleet, node)->phase != PHASE_ABSENT)
		fleet_event(fleet, node, &hurry);
	return 0;
}

/* All of them, or none. */
static int _release_all(struct orders *orders, struct err *err)
{
	const struct survey_vm *vm;
	size_t count = hostlist_count(orders->nodes);

	for (size_t i = 0; i < count; i++)
		if (_check(orders, hostlist_at(orders->nodes, i), &vm,
			   err) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (_release(orders, hostlist_at(orders->nodes, i), err) < 0)
			return -1;
	return 0;
}

static void _passed_for_release(const struct err *failure, void *arg)
{
	struct orders *orders = arg;
	struct server_call *call = orders->call;
	struct json *reply = json_new_object();
	struct err err = ERR_INIT;

	if (reply)
		json_put_int(reply, "nodes",
			     (int64_t) hostlist_count(orders->nodes));
	if (failure)
		err = *failure;
	else
		(void) _release_all(orders, &err);
	_forget(orders);
	if (err.code) {
		json_destroy(reply);
		server_call_fail(call, &err);
		return;
	}
	server_call_reply(call, reply);
}

void orders_release(struct orders *orders, struct server_call *call)
{
	const struct server_peer *peer = server_call_peer(call);
	cleanup_hostlist struct hostlist *nodes = NULL;
	struct err err = ERR_INIT;
	const char *text;

	if (orders->call)
		err_set(&err, ERR_BUSY, "another order is being carried out; "
			"try again");
	else if (json_get_str(server_call_request(call), "nodes", &text,
			      &err) == 0)
		nodes = hostlist_parse(text, HOSTLIST_MAX, &err);
	if (!nodes) {
		server_call_fail(call, &err);
		return;
	}
	log_warn("release %s by uid %u", text, (unsigned) peer->uid);
	orders->nodes = steal_ptr(&nodes);
	_wait(orders, call, RECONCILER_DRY, _passed_for_release);
	if (!orders->call)
		_forget(orders);
}

/* --- the whole ---------------------------------------------------------- */

struct orders *orders_create(struct daemon *daemon, struct err *err)
{
	struct orders *orders = calloc(1, sizeof(*orders));

	if (!orders) {
		err_nomem(err);
		return NULL;
	}
	orders->daemon = daemon;
	return orders;
}

void orders_destroy(struct orders *orders)
{
	if (!orders)
		return;
	if (orders->call)
		server_call_drop(orders->call);
	_forget(orders);
	free(orders);
}
