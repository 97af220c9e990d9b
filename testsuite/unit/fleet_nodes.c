/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fleet on a journal of its own: nodes that leave sclone.conf, come back,
 * or belong to a cluster that was renamed, and the prologs that wait. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "scloned/fleet.h"
#include "scloned/waiters.h"
#include "loop_scene.h"

#define START INT64_C(1763782812000000)

static int64_t now = START;
static char dir[] = "/tmp/sclone-nodes.XXXXXX";
static struct engine_conf conf;
static struct loop *loop;
static struct journal *journal;
static struct fleet *fleet;
static struct waiters *waiters;

/* --- in place of the socket --------------------------------------------- */

struct server_call {
	struct json *request;
	bool answered;
};

const struct json *server_call_request(const struct server_call *call)
{
	return call->request;
}

void server_call_on_gone(struct server_call *call,
			 void (*cb)(struct server_call *call, void *arg),
			 void *arg)
{
	(void) call;
	(void) cb;
	(void) arg;
}

void server_call_reply(struct server_call *call, struct json *reply)
{
	call->answered = reply && !json_get(reply, "refused");
	json_destroy(reply);
}

void server_call_fail(struct server_call *call, const struct err *failure)
{
	(void) call;
	bail_out("%s", failure->text);
}

void server_call_drop(struct server_call *call)
{
	(void) call;
}

static struct server_call _prolog(const char *nodes)
{
	struct server_call call = { .request = json_new_object() };

	if (!call.request || json_put_int(call.request, "job", 7) < 0 ||
	    json_put_str(call.request, "nodes", nodes) < 0)
		bail_out("no request");
	return call;
}

/* --- in place of memory ------------------------------------------------- */

static bool full;

struct sparse *__real_sparse_pack(const void *data, size_t size);
struct sparse *__wrap_sparse_pack(const void *data, size_t size);

struct sparse *__wrap_sparse_pack(const void *data, size_t size)
{
	return full ? NULL : __real_sparse_pack(data, size);
}

/* --- one scloned after the other ----------------------------------------- */

static int64_t _now(void *arg)
{
	(void) arg;
	return now;
}

static void _act(const struct record *rec, const struct action *action,
		 void *arg)
{
	(void) rec;
	(void) action;
	(void) arg;
}

static void _stepped(const struct record *rec, const struct event *ev,
		     const struct outcome *out, void *arg)
{
	(void) ev;
	(void) out;
	(void) arg;
	waiters_stepped(waiters, rec);
}

static void _forgotten(const char *node, void *arg)
{
	(void) arg;
	waiters_forgotten(waiters, node);
}

static void _journal(const struct err *err, void *arg)
{
	(void) arg;
	bail_out("journal: %s", err ? err->text : "");
}

static void _committed(void *arg)
{
	(void) arg;
}

static int _load(const char *node, const char *text, void *arg,
		 struct err *err)
{
	return fleet_load(fleet, arg, node, text, err);
}

static void _start(const char *cluster)
{
	static const struct config *const none = NULL;
	const struct fleet_hooks hooks = { _act, _stepped, _forgotten,
					   _journal, _committed, NULL };
	char name[OWNER_CLUSTER_SIZE];
	struct err err = ERR_INIT;

	snprintf(name, sizeof(name), "%s", cluster);
	loop = loop_create(&err);
	journal = journal_open(dir, &err);
	fleet = loop && journal ? fleet_create(loop, journal, &conf, &hooks,
					       &err) : NULL;
	waiters = fleet ? waiters_create(loop, fleet, &none, &err) : NULL;
	if (!waiters || journal_load(journal, _load, name, &err) < 0)
		bail_out("%s", err.text);
}

static void _stop(void)
{
	waiters_destroy(waiters);
	fleet_destroy(fleet);
	journal_close(journal);
	loop_destroy(loop);
}

/* As the record is; the fleet itself only makes absent ones. */
static void _journaled(const struct record *rec)
{
	cleanup_buf struct buf line;
	struct err err = ERR_INIT;

	buf_init(&line, RECORD_LINE_MAX);
	record_encode(rec, &line);
	journal = journal_open(dir, &err);
	if (!journal || journal_save(journal, rec->node, buf_str(&line),
				     &err) < 0 ||
	    journal_commit(journal, &err) < 0)
		bail_out("%s", err.text);
	journal_close(journal);
}

static struct record _record(const char *node, uint64_t epoch)
{
	struct record rec;

	if (record_init(&rec, "old", node, NULL) < 0)
		bail_out("no record");
	rec.epoch = rec.last_epoch = epoch;
	owner_bios_uuid("old", node, epoch, rec.bios_uuid);
	rec.recorded = true;
	return rec;
}

static void _add(const char *node)
{
	struct err err = ERR_INIT;

	if (fleet_add(fleet, "old", node, &err) < 0)
		bail_out("%s", err.text);
}

static void _forget(const char *node)
{
	struct err err = ERR_INIT;

	if (fleet_commit(fleet, &err) < 0)
		bail_out("%s", err.text);
	turn_what_is_due(loop);
	is_int(fleet_forget(fleet, node, &err), 0, "an absent node may go");
	ok(!fleet_record(fleet, node), "and is gone");
}

static void _ask_for(const char *node)
{
	struct event ev = { .kind = EVENT_REQUESTED, .id = "r1",
			    .template_name = "rocky9", .asked = now,
			    .deadline = now + 600 * CLOCK_US_PER_S };

	fleet_event(fleet, node, &ev);
}

/* --- the tests ---------------------------------------------------------- */

static void _test_waiters(void)
{
	struct server_call one, two, other;

	_start("old");
	_add("vm1");
	_add("vm2");
	one = _prolog("vm1");
	two = _prolog("vm[1-2]");
	other = _prolog("vm2");
	waiters_add(waiters, &one);
	waiters_add(waiters, &two);
	waiters_add(waiters, &other);
	is_int((int64_t) waiters_count(waiters), 3, "prologs wait");
	_forget("vm1");
	ok(one.answered, "whoever waited for a node that left goes on");
	ok(!two.answered && !other.answered, "not who waits for another one");
	turn_what_is_due(loop);
	is_int((int64_t) waiters_count(waiters), 2, "which they do");
	_forget("vm2");
	ok(two.answered && other.answered, "until it has left, too");
	is_int((int64_t) waiters_count(waiters), 0, "nobody waits any more");
	_stop();
	json_destroy(one.request);
	json_destroy(two.request);
	json_destroy(other.request);
}

/* It stays as large as it is, and is lent itself. */
static void _test_no_memory(void)
{
	struct event tick = { .kind = EVENT_TICK };
	struct server_call call = _prolog("vm1");
	struct err err = ERR_INIT;
	const struct record *rec;
	size_t pos = 0;

	_start("old");
	_add("vm1");
	waiters_add(waiters, &call);
	full = true;
	fleet_event(fleet, "vm1", &tick);
	full = false;
	rec = fleet_next(fleet, &pos);
	if (fleet_commit(fleet, &err) < 0)
		bail_out("%s", err.text);
	is_int(fleet_forget(fleet, rec->node, &err), 0,
	       "a node may go by the name in its own record");
	ok(call.answered, "and who waited for it goes on");
	_stop();
	json_destroy(call.request);
}

static void _test_epochs(void)
{
	struct record rec = _record("vm1", (uint64_t) now);
	struct err err = ERR_INIT;

	_journaled(&rec);
	_start("old");
	_forget("vm1");
	if (fleet_commit(fleet, &err) < 0)
		bail_out("%s", err.text);
	_stop();
	now -= 3600 * CLOCK_US_PER_S;
	_start("old");
	ok(!fleet_record(fleet, "vm1"), "it is not known after a restart");
	_add("vm1");
	is_int((int64_t) fleet_record(fleet, "vm1")->epoch, 0,
	       "a node that is back has no cycle");
	_ask_for("vm1");
	ok(fleet_record(fleet, "vm1")->epoch > rec.last_epoch,
	   "and never one of its old epochs, wherever the clock is");
	_stop();
	now = START;
}

static void _test_renamed(void)
{
	struct record rec = _record("vm2", (uint64_t) now - 5);
	struct record busy = _record("vm3", (uint64_t) now - 5);
	const struct record *got;
	char uuid[UUID_TEXT_SIZE];

	snprintf(rec.admin_drain, sizeof(rec.admin_drain), "disk");
	_journaled(&rec);
	busy.phase = PHASE_READY;
	busy.req.used = true;
	snprintf(busy.vm, sizeof(busy.vm), "vm-3");
	_journaled(&busy);
	_start("new");
	got = fleet_record(fleet, "vm2");
	is_str(got->cluster, "new", "an absent node's cluster is the new one");
	ok(got->last_epoch == rec.last_epoch &&
	   !strcmp(got->admin_drain, "disk"), "what else it had, it has");
	owner_bios_uuid("new", "vm2", rec.epoch, uuid);
	is_str(got->bios_uuid, uuid, "with the biosUuid that follows");
	_ask_for("vm2");
	got = fleet_record(fleet, "vm2");
	owner_bios_uuid("new", "vm2", got->epoch, uuid);
	is_str(got->bios_uuid, uuid, "so has its next VM");
	got = fleet_record(fleet, "vm3");
	ok(!strcmp(got->cluster, "old") &&
	   !strcmp(got->bios_uuid, busy.bios_uuid),
	   "a VM that is there goes by the name that it was made with");
	_stop();
	_start("new");
	is_str(fleet_record(fleet, "vm2")->cluster, "new",
	       "all that can be read again");
	is_str(fleet_record(fleet, "vm2")->quarantine, "", "and is right");
	_stop();
}

static void _remove(void)
{
	static const char *const names[] = { "journal.db", "journal.db-wal",
					     "journal.db-shm", "lock",
					     "journal.reserve" };
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	ok(rmdir(dir) == 0, "nothing else is left");
}

int main(void)
{
	static const struct clock_source source = { _now, _now, NULL };

	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	clock_set_source(&source);
	engine_conf_init(&conf);
	_test_waiters();
	_test_no_memory();
	_test_epochs();
	_test_renamed();
	_remove();
	return done_testing();
}
