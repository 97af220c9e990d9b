/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world in virtual time around the engine: a vCenter that loses
 * replies and does things late, a Slurm that allocates, cancels, times out
 * and loses its programs' messages, and an sclone that crashes, forgets
 * what was not durable, and now and then its whole journal.
 *
 * Whatever happens: no job runs on a used VM, no VM goes under a running
 * job that Slurm did not end, nothing is submitted twice in an epoch, and
 * when the troubles end every VM is gone and every node is back.
 *
 * SCLONE_SEED=N replays one seed.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/rules/engine.h"
#include "common/rules/reconcile.h"
#include "common/rules/text.h"
#include "common/rules/update.h"
#include "tap.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define T0 (1700000000 * S)
#define NODES 6
#define QUEUE_MAX 4000
#define TROUBLE (4000 * S)	/* so long things go wrong */
#define PEACE (6000 * S)	/* so long they may heal */
#define RESUME_TIMEOUT (120 * S)
#define SUSPEND_TIMEOUT (60 * S)
#define UUID "01234567-89ab-cdef-0123-456789abcdef"

enum kind {
	DELIVER,	/* the end of an act, for this process only */
	SPOOLED,	/* a message of Slurm's programs: survives crashes */
	ARRIVE,		/* a submit reaches vCenter */
	TASK_END,
	BOOT,		/* the guest's slurmd registers */
	ACT,		/* an act reaches vCenter or Slurm */
	WATCH_TASK,
	JOB_END,
	RESUME_TIMES_OUT,
	SUSPEND_TIMES_OUT,
	WAKE,
	SCHEDULE,	/* Slurm's scheduler */
	LOOK_ROUND,	/* node states */
	RECONCILE,
	CRASH
};

struct thing {
	int64_t at;
	enum kind kind;
	int node;
	unsigned process;	/* of DELIVER, WATCH_TASK, WAKE */
	uint64_t epoch;
	struct action action;
	struct event event;
	struct nodeview view;
	char id[RECORD_ID_SIZE];
	int serial;
};

/* One node name: what sclone knows, and what is. */
struct name {
	char name[16];
	struct record rec;
	char durable[RECORD_LINE_MAX + 1];
	struct thing spool[8];	/* not yet durable in the record */
	unsigned spooled;
	unsigned process;	/* raised at each crash */
	struct reconcile_count sightings;

	struct nodeview slurm;
	uint32_t job;		/* allocated */
	bool running;
	int64_t asked_at, going_at;
	int serial;		/* of the allocation, for its timers */

	int64_t running_since;
	uint64_t journal_lost;	/* time, comparable with epochs */

	bool vm_exists, vm_on, vm_used;
	uint64_t vm_epoch, serving;
	int64_t vm_deadline;
	bool task_runs;
	uint64_t task_epoch;
	bool task_failed;
	uint64_t submitted;	/* epochs submitted so far: the last */
};

static struct engine_conf conf;
static struct name names[NODES];
static struct thing queue[QUEUE_MAX];
static unsigned queued;
static uint64_t random_state, seed;
static int64_t now;
static bool peace;
static uint32_t jobs;
static unsigned steps, ran, told, crashes, destroyed, gaps, wrongs;

static uint64_t _random(uint64_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695041u;
	return (random_state >> 33) % below;
}

/* So many in a thousand, while there is trouble. */
static bool _trouble(unsigned permille)
{
	return !peace && _random(1000) < permille;
}

static void _wrong(const struct name *n, const char *what)
{
	if (++wrongs <= 10)
		diag("seed %llu, %lld ms, %s: %s (%s/%s)",
		     (unsigned long long) seed, (long long) (now - T0) / 1000,
		     n->name, what, record_phase_name(n->rec.phase),
		     record_release_name(n->rec.release));
}

static struct thing *_at(int64_t in, enum kind kind, int node)
{
	struct thing *thing;

	if (queued == QUEUE_MAX)
		bail_out("seed %llu: the world overflows",
			 (unsigned long long) seed);
	thing = &queue[queued++];
	memset(thing, 0, sizeof(*thing));
	thing->at = now + in;
	thing->kind = kind;
	thing->node = node;
	thing->process = names[node].process;
	return thing;
}

static void _step(int node, struct event ev);

/* The journal's commit, which also empties the spool. */
static void _commit(struct name *n)
{
	cleanup_buf struct buf line = { .max = RECORD_LINE_MAX };
	struct record back;
	struct err err = ERR_INIT;

	record_encode(&n->rec, &line);
	if (record_decode(buf_str(&line), &back, &err) < 0)
		_wrong(n, err.text);
	memcpy(n->durable, buf_str(&line), line.len + 1);
	n->spooled = 0;
}

/* --- acts ------------------------------------------------------------- */

static void _reply(int node, const struct action *act, int64_t in,
		   struct event ev)
{
	struct thing *thing = _at(in, DELIVER, node);

	ev.act = act->kind;
	ev.epoch = act->epoch;
	thing->event = ev;
	thing->action = *act;
}

static void _execute(int node, const struct action *act)
{
	struct name *n = &names[node];
	bool vm_act = !action_is_slurm(act->kind);
	struct thing *thing;

	if (act->durable || _random(3))
		_commit(n);
	if (act->kind == ACTION_SUBMIT_CLONE) {
		if (n->submitted == act->epoch)
			_wrong(n, "submitted twice in one epoch");
		n->submitted = act->epoch;
	}
	if (act->kind == ACTION_WATCH) {
		thing = _at(20 * MS, WATCH_TASK, node);
		thing->action = *act;
		return;
	}
	if (_trouble(30)) {		/* lost on the way there */
		_reply(node, act, S,
		       (struct event) { .kind = EVENT_UNKNOWN });
		return;
	}
	if (_trouble(vm_act ? 40 : 30)) {	/* refused there */
		_reply(node, act, 100 * MS, (struct event) {
			.kind = EVENT_FAILED,
			.cause = _random(2) ? CAUSE_TRANSIENT :
					      CAUSE_CAPACITY });
		return;
	}
	thing = _at((int64_t) (1 + _random(200)) * MS,
		    act->kind == ACTION_SUBMIT_CLONE ? ARRIVE : ACT, node);
	thing->action = *act;
	if (_trouble(40)) {		/* its reply is lost, it comes late */
		thing->serial = 1;
		thing->at += (int64_t) _random(2000) * MS;
		_reply(node, act, 50 * MS,
		       (struct event) { .kind = EVENT_UNKNOWN });
	}
}

static void _step(int node, struct event ev)
{
	struct name *n = &names[node];
	struct outcome out;

	ev.now = now;
	steps++;
	engine_step(&conf, &n->rec, &ev, &out);
	for (unsigned i = 0; i < out.count; i++)
		_execute(node, &out.actions[i]);
	if (out.wake)
		_at(out.wake - now, WAKE, node);
	if (record_admissible(&n->rec, now))
		_step(node, (struct event) { .kind = EVENT_ADMITTED,
					     .source = "src" });
}

/* --- vCenter ---------------------------------------------------------- */

static void _arrive(const struct thing *thing)
{
	struct name *n = &names[thing->node];
	const struct action *act = &thing->action;
	bool lost = thing->serial;
	struct thing *end;

	if (n->vm_exists || n->task_runs) {
		if (!lost)
			_reply(thing->node, act, 10 * MS, (struct event) {
				.kind = EVENT_FAILED,
				.cause = CAUSE_EXISTS });
		return;
	}
	n->task_runs = true;
	n->task_epoch = act->epoch;
	n->vm_deadline = n->rec.req.deadline;
	end = _at((int64_t) (200 + _random(3000)) * MS, TASK_END,
		  thing->node);
	end->epoch = act->epoch;
	if (!lost)
		_reply(thing->node, act, 10 * MS, (struct event) {
			.kind = EVENT_SUBMITTED, .task = "task" });
}

static void _task_end(const struct thing *thing)
{
	struct name *n = &names[thing->node];

	n->task_runs = false;
	n->task_failed = _trouble(100);
	if (n->task_failed && !_trouble(100))
		return;		/* seldom something stays behind */
	n->vm_exists = n->vm_on = true;
	n->vm_used = false;
	n->vm_epoch = thing->epoch;
	if (!_trouble(50)) {	/* a guest that never comes up */
		struct thing *boot = _at((int64_t) (500 + _random(2000)) * MS,
					 BOOT, thing->node);

		boot->epoch = thing->epoch;
	}
}

static void _watch(struct thing *thing)
{
	struct name *n = &names[thing->node];
	const struct action *act = &thing->action;

	if (n->task_runs && n->task_epoch == act->epoch && !_trouble(10)) {
		struct thing *again = _at(50 * MS, WATCH_TASK, thing->node);

		again->action = *act;
		return;
	}
	if (n->task_runs || n->task_epoch != act->epoch) {
		_reply(thing->node, act, 0,
		       (struct event) { .kind = EVENT_UNKNOWN });
	} else if (n->task_failed) {
		_reply(thing->node, act, 0, (struct event) {
			.kind = EVENT_FAILED, .cause = CAUSE_CAPACITY });
	} else {
		_reply(thing->node, act, 0, (struct event) {
			.kind = EVENT_CLONE_DONE, .vm = "vm" });
	}
}

/*
 * A running job's VM may go only if Slurm ended the job. One gap is known:
 * a clone forgotten with the whole journal registers between the look at its
 * node and the power-off.
 */
static void _hurt(struct name *n)
{
	if (!n->running || n->serving != n->vm_epoch)
		return;
	if (n->vm_epoch < n->journal_lost && now - n->running_since < 2 * S)
		gaps++;
	else
		_wrong(n, "the VM of a running job is taken away");
}

static struct event _look(const struct name *n)
{
	struct event ev = { .kind = EVENT_LOOKED_UP, .look = LOOK_ABSENT };

	if (n->task_runs) {
		ev.look = LOOK_BUSY;
	} else if (n->vm_exists) {
		ev.look = LOOK_OURS;
		ev.found_epoch = n->vm_epoch;
		ev.vm = "vm";
	}
	return ev;
}

static struct event _vm_act(struct name *n, const struct action *act)
{
	bool there = n->vm_exists && n->vm_epoch == act->epoch;

	if (act->kind == ACTION_LOOK_UP)
		return _look(n);
	if (act->kind == ACTION_RECORD_ABSENCE)
		return (struct event) { .kind = EVENT_RECORDED };
	if (act->kind == ACTION_PROVE_ABSENCE)
		return (struct event) {
			.kind = there || _trouble(50) ?
				EVENT_ABSENCE_UNPROVEN : EVENT_ABSENCE_PROVEN,
			.vm = there ? "vm" : NULL };
	if (!there)
		return (struct event) { .kind = EVENT_VM_GONE };
	switch (act->kind) {
	case ACTION_READ_BACK:
		return (struct event) { .kind = EVENT_READ_BACK,
					.instance_uuid = UUID,
					.owned = !_trouble(100) };
	case ACTION_SET_OWNER:
		return (struct event) { .kind = EVENT_OWNER_SET };
	case ACTION_GUARD:
		if (_trouble(50))
			return (struct event) { .kind = EVENT_GUARD_REFUSED };
		return (struct event) { .kind = EVENT_GUARD_OK,
					.level = act->level, .facts_at = now,
					.powered_off = !n->vm_on };
	case ACTION_POWER_OFF:
		_hurt(n);
		n->vm_on = false;
		return (struct event) { .kind = EVENT_POWERED_OFF };
	default:
		_hurt(n);
		if (n->vm_on)
			_wrong(n, "a running VM is destroyed");
		n->vm_exists = n->vm_on = false;
		destroyed++;
		return (struct event) { .kind = EVENT_DESTROYED };
	}
}

/* --- Slurm ------------------------------------------------------------ */

static void _spool(int node, enum event_kind kind, unsigned lost)
{
	struct thing *thing;

	if (_trouble(lost))
		return;
	thing = _at((int64_t) (5 + _random(_trouble(100) ? 3000 : 50)) * MS,
		    SPOOLED, node);
	thing->event = (struct event) {
		.kind = kind, .asked = now, .job = names[node].job,
		.deadline = now + RESUME_TIMEOUT - 10 * S,
		.template_name = "rocky9" };
	text_set(thing->id, "r");
	text_add_number(thing->id, sizeof(thing->id), _random(1u << 30));
	if (_trouble(50)) {		/* and again */
		struct thing *twin = _at(S, SPOOLED, node);

		twin->event = thing->event;
		text_set(twin->id, thing->id);
		if (_random(2))
			text_add(twin->id, sizeof(twin->id), "x");
	}
}

static void _suspend(int node)
{
	struct name *n = &names[node];

	n->slurm.powering_up = n->slurm.power_down = false;
	n->slurm.powering_down = true;
	n->slurm.powered_down = false;
	n->slurm.drain = false;		/* idle_on_node_suspend */
	n->slurm.base = NODE_IDLE;
	n->job = 0;
	n->running = false;
	n->going_at = now;
	_at(SUSPEND_TIMEOUT, SUSPEND_TIMES_OUT, node)->serial = ++n->serial;
	_spool(node, EVENT_SUSPENDED, 50);
}

static void _down(struct name *n)
{
	n->slurm.powering_down = false;
	n->slurm.powered_down = true;
	n->serial++;
}

static void _allocate(int node)
{
	struct name *n = &names[node];

	n->job = ++jobs;
	n->slurm.base = NODE_ALLOCATED;
	if (!n->slurm.powered_down) {	/* up and not marked: used at once */
		if (n->vm_used)
			_wrong(n, "a second job on a used VM");
		n->running = n->vm_used = true;
		_at(10 * S, JOB_END, node)->serial = ++n->serial;
		return;
	}
	n->slurm.powered_down = false;
	n->slurm.powering_up = true;
	n->asked_at = now;
	n->serial++;
	_at(RESUME_TIMEOUT, RESUME_TIMES_OUT, node)->serial = n->serial;
	_spool(node, EVENT_REQUESTED, 20);
}

static void _schedule(void)
{
	int node = (int) _random(NODES);
	struct name *n = &names[node];

	_at((int64_t) _random(4000) * MS, SCHEDULE, 0);
	if (peace)
		return;
	if (n->slurm.base == NODE_IDLE && !n->slurm.powering_down &&
	    !n->slurm.powering_up && !n->slurm.drain && !n->slurm.power_down)
		_allocate(node);
	else if (n->slurm.powering_up && n->job && _trouble(100)) {
		n->job = 0;		/* scancel while configuring */
		n->slurm.base = NODE_IDLE;
	}
}

static void _boot(const struct thing *thing)
{
	struct name *n = &names[thing->node];

	if (!n->vm_on || n->vm_epoch != thing->epoch ||
	    now > n->vm_deadline || !n->slurm.powering_up)
		return;		/* the fence, or Slurm, says no */
	n->slurm.powering_up = false;
	n->serving = n->vm_epoch;
	n->serial++;
	if (!n->job) {
		if (n->slurm.power_down)
			_suspend(thing->node);
		return;
	}
	if (n->vm_used)
		_wrong(n, "a job starts on a used VM");
	n->running = n->vm_used = true;
	n->running_since = now;
	ran++;
	_at((int64_t) (1 + _random(60)) * S, JOB_END,
	    thing->node)->serial = n->serial;
}

static void _job_end(const struct thing *thing)
{
	struct name *n = &names[thing->node];

	if (thing->serial != n->serial)
		return;
	n->running = false;
	n->job = 0;
	n->slurm.base = NODE_IDLE;
	if (n->slurm.power_down)
		_suspend(thing->node);
	else
		_wrong(n, "the job ran on a node that was not marked");
}

static void _resume_times_out(const struct thing *thing)
{
	struct name *n = &names[thing->node];

	if (thing->serial != n->serial || !n->slurm.powering_up)
		return;
	n->slurm.base = NODE_DOWN;
	n->slurm.powering_up = n->slurm.power_down = false;
	n->slurm.powered_down = true;
	n->job = 0;
	_spool(thing->node, EVENT_RESUME_FAILED, 100);
}

/* Slurm does what is still right, and shows the node as it is. */
static struct event _slurm_act(int node, const struct action *act)
{
	struct name *n = &names[node];
	struct nodeview *view = &n->slurm;
	struct event done = { .kind = EVENT_SLURM_DONE };

	view->seen = now;
	view->job = n->job;
	if (act->kind == ACTION_SLURM_LOOK)
		return (struct event) { .kind = EVENT_NODE_STATE };
	if (act->kind == ACTION_SLURM_NOTIFY)
		told++;
	if (!update_needed(act->kind, &n->rec, view))
		return done;
	switch (act->kind) {
	case ACTION_SLURM_MARK:
		if (view->base == NODE_ALLOCATED || view->powering_up)
			view->power_down = true;
		break;
	case ACTION_SLURM_FORCE_DOWN:
	case ACTION_SLURM_SET_DOWN:
	case ACTION_SLURM_POWER_DOWN:
		_suspend(node);
		break;
	case ACTION_SLURM_NODE_RESUME:
		if (n->vm_exists || n->task_runs)
			_wrong(n, "the name is freed with a VM there");
		_down(n);
		view->drain = false;
		break;
	case ACTION_SLURM_DRAIN:
		view->drain = true;
		text_set(view->reason, act->text);
		break;
	case ACTION_SLURM_UNDRAIN:
		view->drain = false;
		break;
	default:
		break;
	}
	return done;
}

static void _act(const struct thing *thing)
{
	struct name *n = &names[thing->node];
	const struct action *act = &thing->action;
	struct event ev;

	/* An act of a process that died may still arrive, like a submit. */
	if (action_is_slurm(act->kind))
		ev = _slurm_act(thing->node, act);
	else
		ev = _vm_act(n, act);
	if (thing->serial)
		return;		/* nobody will hear of it */
	_reply(thing->node, act, 10 * MS, ev);
	if (ev.kind == EVENT_NODE_STATE)
		queue[queued - 1].view = n->slurm;
}

/* --- sclone ----------------------------------------------------------- */

static void _deliver_spooled(int node, const struct thing *thing)
{
	struct event ev = thing->event;

	ev.id = thing->id;
	_step(node, ev);
}

static void _spooled(const struct thing *thing)
{
	struct name *n = &names[thing->node];

	if (n->spooled < sizeof(n->spool) / sizeof(n->spool[0]))
		n->spool[n->spooled++] = *thing;
	_deliver_spooled(thing->node, thing);
}

static void _deliver(struct thing *thing)
{
	struct event ev = thing->event;

	if (ev.kind == EVENT_NODE_STATE)
		ev.view = &thing->view;
	_step(thing->node, ev);
}

static void _crash(void)
{
	int node = (int) _random(NODES);
	struct name *n = &names[node];
	unsigned spooled = n->spooled;
	struct err err = ERR_INIT;
	struct thing spool[8];

	_at((int64_t) _random(20000) * MS, CRASH, 0);
	if (peace)
		return;
	crashes++;
	n->process++;
	memcpy(spool, n->spool, sizeof(spool));
	if (_trouble(20)) {
		n->journal_lost = (uint64_t) now;
		if (record_init(&n->rec, "hpc1", n->name, &err) < 0)
			bail_out("%s", err.text);
	} else if (record_decode(n->durable, &n->rec, &err) < 0) {
		_wrong(n, err.text);
	}
	now += (int64_t) _random(2000) * MS;	/* down for a while */
	for (unsigned i = 0; i < spooled; i++)
		_deliver_spooled(node, &spool[i]);
	_step(node, (struct event) { .kind = EVENT_RESTARTED });
}

static void _look_round(void)
{
	_at(3 * S, LOOK_ROUND, 0);
	for (int i = 0; i < NODES; i++) {
		struct thing *thing = _at((int64_t) _random(300) * MS,
					  DELIVER, i);

		thing->event = (struct event) { .kind = EVENT_NODE_STATE };
		thing->view = names[i].slurm;
		thing->view.seen = now;
		thing->view.job = names[i].job;
	}
}

static enum reconcile_sight _sight(const struct name *n)
{
	if (n->task_runs)
		return SIGHT_UNKNOWN;
	if (!n->vm_exists)
		return SIGHT_NONE;
	return reconcile_sight(&n->rec, n->vm_epoch);
}

static void _reconcile(void)
{
	_at(30 * S, RECONCILE, 0);
	for (int i = 0; i < NODES; i++) {
		struct name *n = &names[i];
		enum reconcile_stage stage = reconcile_stage(n->rec.phase);
		enum reconcile_sight sight = _sight(n);
		struct nodeview view = n->slurm;
		enum reconcile_node node;
		struct reconcile_row row;

		view.seen = now;
		node = reconcile_node(&view, now);
		row = reconcile_row(stage, sight, node);
		if (!row.found ||
		    reconcile_confirm(&n->sightings, stage, sight, node,
				      n->vm_exists ? n->vm_epoch
						   : n->rec.epoch,
				      n->vm_exists, now) != RECONCILE_NOW)
			continue;
		_step(i, (struct event) {
			.kind = row.event, .cause = row.cause, .asked = now,
			.epoch = n->rec.epoch, .found_epoch = n->vm_epoch,
			.vm = "vm", .text = row.text, .job = n->job });
	}
}

/* --- the run ---------------------------------------------------------- */

static void _happen(struct thing *thing)
{
	struct name *n = &names[thing->node];
	bool mine = thing->process == n->process;

	switch (thing->kind) {
	case DELIVER:
		if (mine)
			_deliver(thing);
		break;
	case WATCH_TASK:
		if (mine)
			_watch(thing);
		break;
	case WAKE:
		if (mine)
			_step(thing->node,
			      (struct event) { .kind = EVENT_TICK });
		break;
	case SPOOLED:
		_spooled(thing);
		break;
	case ARRIVE:
		_arrive(thing);
		break;
	case TASK_END:
		_task_end(thing);
		break;
	case BOOT:
		_boot(thing);
		break;
	case ACT:
		_act(thing);
		break;
	case JOB_END:
		_job_end(thing);
		break;
	case RESUME_TIMES_OUT:
		_resume_times_out(thing);
		break;
	case SUSPEND_TIMES_OUT:
		if (thing->serial == n->serial && n->slurm.powering_down)
			_down(n);
		break;
	case SCHEDULE:
		_schedule();
		break;
	case LOOK_ROUND:
		_look_round();
		break;
	case RECONCILE:
		_reconcile();
		break;
	case CRASH:
		_crash();
		break;
	}
}

static void _next(void)
{
	unsigned first = 0;
	struct thing thing;

	for (unsigned i = 1; i < queued; i++)
		if (queue[i].at < queue[first].at)
			first = i;
	thing = queue[first];
	queue[first] = queue[--queued];
	if (thing.at > now)
		now = thing.at;
	_happen(&thing);
}

static void _begin(void)
{
	now = T0;
	peace = false;
	queued = 0;
	random_state = seed * 2654435761u + 1;
	memset(names, 0, sizeof(names));
	for (int i = 0; i < NODES; i++) {
		text_set(names[i].name, "vm");
		text_add_number(names[i].name, sizeof(names[i].name),
				(uint64_t) i + 1);
		names[i].slurm = (struct nodeview) { .base = NODE_IDLE,
						     .powered_down = true };
		if (record_init(&names[i].rec, "hpc1", names[i].name,
				NULL) < 0)
			bail_out("no record");
		_commit(&names[i]);
	}
	_at(0, SCHEDULE, 0);
	_at(0, LOOK_ROUND, 0);
	_at(0, RECONCILE, 0);
	_at(10 * S, CRASH, 0);
}

static void _all_is_well(void)
{
	for (int i = 0; i < NODES; i++) {
		struct name *n = &names[i];

		if (n->vm_exists || n->task_runs)
			_wrong(n, "an orphan is left");
		if (n->rec.phase != PHASE_ABSENT)
			_wrong(n, "a release is lost");
		if (n->slurm.base != NODE_IDLE || !n->slurm.powered_down ||
		    n->slurm.drain)
			_wrong(n, "the node is not back in service");
		if (n->rec.tell || n->rec.settle || n->rec.next.used)
			_wrong(n, "something is left to be told");
	}
}

static void _run(void)
{
	_begin();
	while (now < T0 + TROUBLE)
		_next();
	peace = true;
	while (now < T0 + TROUBLE + PEACE)
		_next();
	_all_is_well();
}

int main(void)
{
	const char *wanted = getenv("SCLONE_SEED");
	uint64_t last = getenv("SCLONE_LONG") ? 400 : 12;

	engine_conf_init(&conf);
	conf.suspend_timeout = SUSPEND_TIMEOUT;
	seed = 1;
	if (wanted && parse_u64(wanted, 1, UINT64_MAX, &seed, NULL) == 0)
		last = seed;
	for (; seed <= last; seed++)
		_run();
	ok(steps > 20000 || wanted, "%u steps, %u crashes", steps, crashes);
	ok(ran > 100 || wanted, "%u jobs ran, %u were told why not", ran,
	   told);
	ok(destroyed >= ran || wanted, "%u VMs were destroyed", destroyed);
	ok(gaps * 10000 <= ran, "the known gap was met %u times", gaps);
	is_int(wrongs, 0, "and nothing went wrong");
	return done_testing();
}
