/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks and watches against a small collector: one end for every task,
 * whatever happens on the way, and few requests for many.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/vim25/vm.h"
#include "await.h"
#include "tap.h"
#include "vc.h"

#define LONG 20000	/* ms; a limit, never waited for */

static const struct moref source = { "VirtualMachine", "vm-1" };
static const struct moref folder = { "Folder", "group-v3" };
static const struct moref pool = { "ResourcePool", "resgroup-8" };

/* A collector that tells what the test says about what was added. */
struct server {
	pthread_mutex_t lock;
	/* what it says of each task: changeSet elements, for the first wait
	 * after it was added and for the one after that */
	const char *first, *second;
	bool unknown;		/* tasks are not known */
	bool die;		/* executes a submission and hangs up */
	bool forget_version;	/* one wait fails so */
	bool forget_collector;	/* one wait fails so */
	bool truncated;
	const char *machine;	/* changeSet of a machine, once per set */
	bool machine_leaves;

	unsigned submitted, collectors, waits, modifies, restarts;
	char added[64][32];	/* tasks added, not told of yet */
	unsigned n_added;
	char told[64][32];	/* told of once */
	unsigned n_told;
	unsigned machines;	/* machines added */
	char last_wait[2048];
};

static void _put_update(struct buf *out, const char *kind, const char *type,
			const char *id, const char *changes)
{
	buf_printf(out, "<objectSet><kind>%s</kind><obj type='%s'>%s</obj>%s"
		   "</objectSet>", kind, type, id, changes);
}

/* Remember the tasks of a ModifyListView; answer with those not known. */
static void _modify(struct server *server, const char *body, struct buf *out)
{
	const char *p = body;
	char type[32], id[32];

	server->modifies++;
	buf_puts(out, "<ModifyListViewResponse xmlns='urn:vim25'>");
	while ((p = strstr(p, "<add type=\"")) != NULL) {
		if (sscanf(p, "<add type=\"%31[^\"]\">%31[^<]", type, id) != 2)
			break;
		p++;
		if (!strcmp(type, "VirtualMachine"))
			server->machines++;
		else if (server->unknown)
			buf_printf(out, "<returnval type='%s'>%s"
				   "</returnval>", type, id);
		else if (server->n_added < 64)
			snprintf(server->added[server->n_added++],
				 sizeof(server->added[0]), "%s", id);
	}
	buf_puts(out, "</ModifyListViewResponse>");
}

static void _put_tasks(struct server *server, struct buf *out)
{
	for (unsigned i = 0; i < server->n_told && server->second; i++)
		_put_update(out, "modify", "Task", server->told[i],
			    server->second);
	server->n_told = 0;
	for (unsigned i = 0; i < server->n_added; i++) {
		_put_update(out, "enter", "Task", server->added[i],
			    server->first);
		memcpy(server->told[server->n_told++], server->added[i], 32);
	}
	server->n_added = 0;
}

static void _updates(struct server *server, struct buf *out)
{
	struct buf updates;

	buf_init(&updates, 1 << 20);
	_put_tasks(server, &updates);
	if (server->machine && server->machines)
		_put_update(&updates, "modify", "VirtualMachine", "vm-9",
			    server->machine);
	server->machine = NULL;
	if (server->machine_leaves)
		_put_update(&updates, "leave", "VirtualMachine", "vm-9", "");
	server->machine_leaves = false;
	buf_puts(out, "<WaitForUpdatesExResponse xmlns='urn:vim25'>");
	if (updates.len)
		buf_printf(out, "<returnval><version>v%u</version><filterSet>"
			   "<filter type='PropertyFilter'>f</filter>%s"
			   "</filterSet>%s</returnval>", server->waits,
			   buf_str(&updates), server->truncated
			   ? "<truncated>true</truncated>" : "");
	buf_puts(out, "</WaitForUpdatesExResponse>");
	buf_free(&updates);
}

static void _wait(struct server *server, const char *body, struct buf *reply,
		  struct buf *out)
{
	server->waits++;
	snprintf(server->last_wait, sizeof(server->last_wait), "%s", body);
	if (strstr(body, "<version></version>"))
		server->restarts++;
	if (server->forget_version) {
		server->forget_version = false;
		canned_fault(reply, "InvalidCollectorVersion");
	} else if (server->forget_collector) {
		server->forget_collector = false;
		canned_fault(reply, "ManagedObjectNotFound");
	} else {
		_updates(server, out);
	}
}

static void _made(struct buf *out, const char *method, const char *type,
		  unsigned number)
{
	buf_printf(out, "<%sResponse xmlns='urn:vim25'><returnval type='%s'>"
		   "%s-%u</returnval></%sResponse>", method, type, type,
		   number, method);
}

static enum canned_act _dispatch(struct server *server,
				 const struct canned_request *request,
				 struct buf *reply, struct buf *out)
{
	static const char *const tasks[] = { "InstantClone_Task",
					     "PowerOffVM_Task" };

	if (vc_is(request, "CreatePropertyCollector"))
		_made(out, "CreatePropertyCollector", "PropertyCollector",
		      ++server->collectors);
	else if (vc_is(request, "CreateListView"))
		_made(out, "CreateListView", "ListView", server->collectors);
	else if (vc_is(request, "CreateFilter"))
		_made(out, "CreateFilter", "PropertyFilter", 1);
	else if (vc_is(request, "ModifyListView"))
		_modify(server, request->body, out);
	else if (vc_is(request, "WaitForUpdatesEx"))
		_wait(server, request->body, reply, out);
	for (int i = 0; i < 2; i++) {
		if (!vc_is(request, tasks[i]))
			continue;
		server->submitted++;
		if (server->die)
			return CANNED_CLOSE;
		_made(out, tasks[i], "Task", server->submitted);
	}
	if (out->len)
		canned_soap(reply, 200, buf_str(out));
	else if (!reply->len)
		canned_soap(reply, 200, "<CurrentTimeResponse/>");
	return CANNED_KEEP;
}

static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	struct server *server = arg;
	enum canned_act act;
	struct buf out;

	buf_init(&out, 1 << 20);
	pthread_mutex_lock(&server->lock);
	act = _dispatch(server, request, reply, &out);
	pthread_mutex_unlock(&server->lock);
	buf_free(&out);
	return act;
}

struct rig {
	struct vc vc;
	struct server server;
	struct session *session;
	struct watch *watch;
	unsigned ended, good;
	struct err err;
	char fault[FAULT_TYPE_SIZE];
	struct moref object;
	struct task **cancel;
	struct other {
		struct rig *rig;
		struct task *task;
	} others[9];
	unsigned late;		/* ended after all was destroyed */
	bool destroy;
	unsigned events;
	char told[256];
	enum watch_kind kind;
};

static void _start(struct rig *rig)
{
	struct watch_config config = { .wait_s = 1,
				       .guest_key = "guestinfo.state" };

	memset(rig, 0, sizeof(*rig));
	pthread_mutex_init(&rig->server.lock, NULL);
	rig->vc.serve = _serve;
	rig->vc.arg = &rig->server;
	vc_start(&rig->vc);
	rig->session = vc_session(&rig->vc);
	rig->watch = watch_create(rig->session, &config, NULL);
	if (!rig->watch)
		bail_out("cannot watch");
}

static void _stop(struct rig *rig)
{
	watch_destroy(rig->watch);
	session_destroy(rig->session);
	vc_stop(&rig->vc);
}

static void _done(const struct task_result *result, void *arg)
{
	struct rig *rig = arg;

	rig->ended++;
	rig->good += !result->err;
	rig->err = result->err ? *result->err : (struct err) ERR_INIT;
	snprintf(rig->fault, sizeof(rig->fault), "%s",
		 result->fault ? result->fault->type : "");
	rig->object = result->object ? *result->object
				     : (struct moref) { .id = "" };
	if (rig->cancel)
		task_cancel(steal_ptr(rig->cancel));
	if (rig->destroy) {
		for (int i = 0; i < 9; i++)
			task_cancel(steal_ptr(&rig->others[i].task));
		watch_destroy(steal_ptr(&rig->watch));
		session_destroy(steal_ptr(&rig->session));
	}
}

/* One of those that are destroyed, unless it ends before. */
static void _other_done(const struct task_result *result, void *arg)
{
	struct other *other = arg;

	(void) result;
	other->task = NULL;
	other->rig->late += !other->rig->watch;
}

static struct task *_start_clone(struct rig *rig, unsigned limit_ms,
				 task_done_fn *done, void *arg)
{
	struct vm_clone_spec spec = { .source = &source, .name = "n",
				      .folder = &folder, .pool = &pool };

	return vm_instant_clone(rig->watch, &spec, "op", limit_ms, done, arg,
				NULL);
}

static struct task *_clone(struct rig *rig, unsigned limit_ms)
{
	return _start_clone(rig, limit_ms, _done, rig);
}

/* One clone to its end. */
static void _run(struct rig *rig)
{
	unsigned before = rig->ended;

	_clone(rig, LONG);
	await(rig->vc.loop, &rig->ended, before + 1);
}

#define CHANGE(name, val)                                                   \
	"<changeSet><name>" name "</name><op>assign</op>" val "</changeSet>"
#define STATE(state)                                                        \
	CHANGE("info.state", "<val xsi:type='TaskInfoState'>" state "</val>")
#define RESULT                                                              \
	CHANGE("info.result", "<val xsi:type='ManagedObjectReference'"      \
	       " type='VirtualMachine'>vm-74</val>")
#define ERROR(type)                                                         \
	CHANGE("info.error", "<val xsi:type='LocalizedMethodFault'><fault"  \
	       " xsi:type='" type "'/><localizedMessage>so"                 \
	       "</localizedMessage></val>")

static void _test_ends(void)
{
	struct rig rig;

	_start(&rig);
	rig.server.first = STATE("success") RESULT CHANGE("info.error", "");
	_run(&rig);
	is_int(rig.good, 1, "a clone");
	is_str(rig.object.id, "vm-74", "and its machine");

	rig.server.first = STATE("running") RESULT;
	rig.server.second = STATE("success");
	_run(&rig);
	is_int(rig.good, 2, "a task that ends later");
	is_str(rig.object.id, "vm-74", "its result came before");

	rig.server.first = ERROR("DuplicateName") STATE("error");
	_run(&rig);
	is_str(err_name(rig.err.code), "EXISTS", "a task that fails");
	is_str(rig.fault, "DuplicateName", "by its fault's type");
	has_str(rig.err.text, "InstantClone_Task: DuplicateName: so",
		"told in one line");
	rig.server.first = ERROR("InvalidPowerState") STATE("error");
	_run(&rig);
	is_str(err_name(rig.err.code), "CAPACITY",
	       "a source that is off: another source");
	vm_power_off(rig.watch, &source, NULL, LONG, _done, &rig, NULL);
	await(rig.vc.loop, &rig.ended, 5);
	is_str(err_name(rig.err.code), "BUSY", "but off already: BUSY");
	rig.server.first = STATE("error");
	_run(&rig);
	is_str(err_name(rig.err.code), "TRANSIENT",
	       "a task that fails and does not say why");
	is_int(rig.server.submitted, 6, "each was submitted once");
	is_int(rig.server.collectors, 1, "one collector for all");
	is_int((int64_t) watch_count(rig.watch), 0, "nothing left to watch");
	_stop(&rig);
}

static void _test_unknown(void)
{
	struct rig rig;

	_start(&rig);
	rig.server.first = STATE("success");
	_run(&rig);
	rig.server.die = true;
	_run(&rig);
	is_str(err_name(rig.err.code), "UNKNOWN",
	       "submitted, and the reply is lost");
	is_int(rig.server.submitted, 2, "the server saw it exactly once");
	rig.server.die = false;
	rig.server.unknown = true;
	_run(&rig);
	is_str(err_name(rig.err.code), "UNKNOWN", "a task nobody knows");
	rig.server.unknown = false;
	rig.server.first = STATE("running");
	_clone(&rig, 100);
	await(rig.vc.loop, &rig.ended, 4);
	is_str(err_name(rig.err.code), "UNKNOWN", "a task without an end");
	_stop(&rig);

	_start(&rig);
	rig.vc.away = 1000;
	_clone(&rig, 100);
	await(rig.vc.loop, &rig.ended, 1);
	is_str(rig.err.text, "InstantClone_Task: no task within its time "
	       "limit", "a submission without a reply");
	_stop(&rig);
}

static void _test_restarts(void)
{
	struct rig rig;

	_start(&rig);
	rig.server.first = STATE("running");
	rig.server.second = STATE("success");
	rig.server.forget_version = true;
	_run(&rig);
	is_int(rig.good, 1, "InvalidCollectorVersion is survived");
	ok(rig.server.restarts >= 1, "from version \"\"");

	rig.server.second = STATE("running");
	_clone(&rig, LONG);
	_clone(&rig, LONG);
	await_quiet(rig.vc.loop, 60);
	rig.server.forget_collector = true;
	await(rig.vc.loop, &rig.ended, 3);
	is_str(err_name(rig.err.code), "UNKNOWN",
	       "the collector is gone: tasks are lost");
	rig.server.second = STATE("success");
	_run(&rig);
	is_int(rig.good, 2, "a new collector works");
	is_int(rig.server.collectors, 2, "and is the second");

	rig.server.second = STATE("running");
	_clone(&rig, LONG);
	await_quiet(rig.vc.loop, 60);
	rig.vc.session += 100;
	await(rig.vc.loop, &rig.ended, 5);
	is_str(err_name(rig.err.code), "UNKNOWN",
	       "the session is gone: tasks are lost");
	rig.server.second = STATE("success");
	_run(&rig);
	is_int(rig.good, 3, "a new session works");
	is_int(rig.vc.logins, 2, "after one login");
	_stop(&rig);
}

static void _on_event(const struct watch_event *event, void *arg)
{
	struct rig *rig = arg;

	rig->events++;
	rig->kind = event->kind;
	snprintf(rig->told, sizeof(rig->told), "%s/%s%s%s%s%s",
		 event->power ? event->power : "-",
		 event->guest ? event->guest : "-",
		 event->bios_uuid ? " " : "",
		 event->bios_uuid ? event->bios_uuid : "",
		 event->instance_uuid ? " " : "",
		 event->instance_uuid ? event->instance_uuid : "");
}

static void _tell(struct rig *rig, const char *changes, bool leaves)
{
	unsigned before = rig->events;

	pthread_mutex_lock(&rig->server.lock);
	rig->server.machine = changes;
	rig->server.machine_leaves = leaves;
	pthread_mutex_unlock(&rig->server.lock);
	await(rig->vc.loop, &rig->events, before + 1);
}

static void _test_machines(void)
{
	static const struct moref vm = { "VirtualMachine", "vm-9" };
	struct err err = ERR_INIT;
	struct rig rig;

	_start(&rig);
	watch_add(rig.watch, &vm, WATCH_GUEST, _on_event, &rig, NULL);
	ok(!watch_add(rig.watch, &vm, WATCH_POWER, _on_event, &rig, &err) &&
	   err.code == ERR_EXISTS, "an object is watched once");
	_tell(&rig, CHANGE("runtime.powerState", "<val>poweredOn</val>"),
	      false);
	is_str(rig.told, "poweredOn/-", "its power state");
	_tell(&rig, CHANGE("config.extraConfig", "<val><OptionValue><key>"
			   "guestinfo.state</key><value>ready</value>"
			   "</OptionValue></val>"), false);
	is_str(rig.told, "-/ready", "the guest's word");
	_tell(&rig, CHANGE("config.uuid", "<val>b</val>")
	      CHANGE("config.instanceUuid", "<val>i</val>"), false);
	is_str(rig.told, "-/- b i", "what identifies it");
	rig.vc.session += 100;
	_tell(&rig, CHANGE("runtime.powerState", "<val>poweredOff</val>"),
	      false);
	is_str(rig.told, "poweredOff/-", "still watched after a new login");
	is_int(rig.server.collectors, 2, "by a new collector");
	_tell(&rig, NULL, true);
	is_int(rig.kind, WATCH_GONE, "gone");
	is_int((int64_t) watch_count(rig.watch), 0, "and not watched");
	_stop(&rig);
}

static int64_t _still(void *arg)
{
	return *(const int64_t *) arg;
}

/* While time stands still, each pause between two waits lasts for ever; the
 * timers run on. */
static void _test_login_in_pause(void)
{
	static const struct moref vm = { "VirtualMachine", "vm-9" };
	int64_t now = clock_mono_us();
	const struct clock_source source_of_time = {
		.wall_us = _still, .mono_us = _still, .arg = &now,
	};
	struct rig rig;

	alarm(LONG / 1000);
	clock_set_source(&source_of_time);
	_start(&rig);
	watch_add(rig.watch, &vm, WATCH_POWER, _on_event, &rig, NULL);
	_tell(&rig, CHANGE("runtime.powerState", "<val>poweredOn</val>"),
	      false);
	rig.vc.session += 100;
	_tell(&rig, CHANGE("runtime.powerState", "<val>poweredOff</val>"),
	      false);
	is_str(rig.told, "poweredOff/-", "a new login in the pause between "
	       "two waits: there is a next one");
	clock_set_source(NULL);
	alarm(0);
	_stop(&rig);
}

static void _test_requests(void)
{
	struct rig rig;
	unsigned overhead;

	_start(&rig);
	rig.server.first = STATE("success") RESULT;
	_run(&rig);
	overhead = rig.vc.calls;
	for (int i = 0; i < 50; i++)
		_clone(&rig, LONG);
	await(rig.vc.loop, &rig.ended, 51);
	is_int(rig.good, 51, "50 clones");
	overhead = rig.vc.calls - overhead - 50;
	ok(overhead <= 12, "cost few requests besides their own (%u)",
	   overhead);
	_stop(&rig);
}

/* What is added goes out with what is coming. */
static void _test_company(void)
{
	static const struct moref vms[] = { { "VirtualMachine", "vm-9" },
					    { "VirtualMachine", "vm-10" },
					    { "VirtualMachine", "vm-11" } };
	unsigned before;
	struct rig rig;

	_start(&rig);
	watch_add(rig.watch, &vms[0], WATCH_POWER, _on_event, &rig, NULL);
	await(rig.vc.loop, &rig.server.machines, 1);
	before = rig.server.modifies;
	watch_announce(rig.watch);
	watch_add(rig.watch, &vms[1], WATCH_POWER, _on_event, &rig, NULL);
	await_quiet(rig.vc.loop, 20);
	is_int(rig.server.modifies, before, "an addition waits for another");
	watch_add(rig.watch, &vms[2], WATCH_POWER, _on_event, &rig, NULL);
	watch_arrived(rig.watch);
	await(rig.vc.loop, &rig.server.machines, 3);
	is_int(rig.server.modifies, before + 1, "and goes out with it");
	rig.server.first = STATE("success");
	watch_announce(rig.watch);
	_run(&rig);
	is_int(rig.good, 1, "but not for ever");
	_stop(&rig);
}

static void _test_callbacks(void)
{
	struct rig rig;
	struct task *other;

	_start(&rig);
	rig.server.first = STATE("success");
	_clone(&rig, LONG);
	other = _clone(&rig, LONG);
	rig.cancel = &other;
	await(rig.vc.loop, &rig.ended, 1);
	await_quiet(rig.vc.loop, 50);
	is_int(rig.ended, 1, "cancelled in another task's callback");
	rig.cancel = NULL;
	rig.destroy = true;
	_clone(&rig, LONG);
	for (int i = 0; i < 9; i++) {
		rig.others[i].rig = &rig;
		rig.others[i].task = _start_clone(&rig, LONG, _other_done,
						  &rig.others[i]);
	}
	await(rig.vc.loop, &rig.ended, 2);
	await_quiet(rig.vc.loop, 50);
	is_int(rig.late, 0, "all destroyed in a callback: no other comes");
	_stop(&rig);
}

int main(void)
{
	_test_ends();
	_test_unknown();
	_test_restarts();
	_test_machines();
	_test_login_in_pause();
	_test_requests();
	_test_company();
	_test_callbacks();
	return done_testing();
}
