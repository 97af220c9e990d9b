/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine is total: from every kind of state that can be reached, every
 * event is tried, and the laws of the engine must hold after each step.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/table.h"
#include "common/rules/engine.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define T0 (1700000000 * S)
#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define STATES_MAX 20000		/* there are about 11,300 */
#define STATES_QUICK 2000		/* unless SCLONE_LONG is set */
#define SHARED_QUICK 800		/* with Isolation=shared, likewise */
#define LAWS_SHOWN 10

struct state {
	struct record rec;
	int64_t now;
	int64_t wake;
};

static struct engine_conf conf;
static struct state *states;
static unsigned count, limit, broken, steps;
static struct table *known;

/* What is tried, with what must be filled in for each state. */
static struct event palette[200];
static int64_t delays[200];
static unsigned tried;

static void _add(struct event ev, int64_t delay)
{
	palette[tried] = ev;
	delays[tried++] = delay;
}

static struct nodeview views[] = {
	{ .base = NODE_ALLOCATED, .power_down = true },
	{ .base = NODE_ALLOCATED, .powering_up = true },
	{ .base = NODE_IDLE, .powering_up = true, .power_down = true },
	{ .base = NODE_IDLE, .powering_down = true },
	{ .base = NODE_IDLE, .powered_down = true },
	{ .base = NODE_DOWN, .powered_down = true },
	{ .base = NODE_ALLOCATED, .drain = true, .reason = "bad DIMM" },
	{ .base = NODE_IDLE, .powering_down = true, .drain = true,
	  .reason = "sclone: (UNPROVEN) x" },
	{ .base = NODE_IDLE, .powered_down = true, .drain = true,
	  .reason = "sclone: (CONFIG) x" },
};

static void _add_inputs(void)
{
	_add((struct event) { .kind = EVENT_REQUESTED, .id = "a", .job = 7 },
	     0);
	_add((struct event) { .kind = EVENT_REQUESTED, .id = "b", .job = 8 },
	     S);
	_add((struct event) { .kind = EVENT_REQUESTED, .id = "c" }, S);
	_add((struct event) { .kind = EVENT_SUSPENDED }, 0);
	_add((struct event) { .kind = EVENT_RESUME_FAILED }, 0);
	_add((struct event) { .kind = EVENT_PROLOG, .job = 7 }, 0);
	_add((struct event) { .kind = EVENT_PROLOG, .job = 9 }, 0);
	_add((struct event) { .kind = EVENT_CLAIM, .job = 9 }, S);
	_add((struct event) { .kind = EVENT_MISFIT, .job = 7,
			      .cause = CAUSE_TEMPLATE, .text = "x" }, 0);
	_add((struct event) { .kind = EVENT_MISFIT, .job = 8,
			      .cause = CAUSE_IMAGE, .text = "x" }, 0);
	_add((struct event) { .kind = EVENT_ADMITTED, .source = "s1" }, 0);
	_add((struct event) { .kind = EVENT_NOT_ADMITTED,
			      .cause = CAUSE_CAPACITY }, 0);
	_add((struct event) { .kind = EVENT_WAITS, .text = "no source" }, 0);
	_add((struct event) { .kind = EVENT_IDENTIFIED }, 0);
	_add((struct event) { .kind = EVENT_GUEST_FAILED }, 0);
	_add((struct event) { .kind = EVENT_VM_LOST }, 0);
	_add((struct event) { .kind = EVENT_FOUND, .found_epoch = 3,
			      .vm = "vm-3" }, 0);
	_add((struct event) { .kind = EVENT_CLEARED }, 0);
	_add((struct event) { .kind = EVENT_HOLD }, 0);
	_add((struct event) { .kind = EVENT_UNHOLD }, 0);
	_add((struct event) { .kind = EVENT_RESTARTED }, S);
	for (int c = 0; c < CAUSES; c++)
		_add((struct event) { .kind = EVENT_CONDEMN,
				      .cause = (enum cause) c }, 0);
	_add((struct event) { .kind = EVENT_TICK }, 0);
	_add((struct event) { .kind = EVENT_TICK }, -1);	/* at wake */
	_add((struct event) { .kind = EVENT_TICK }, 700 * S);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		_add((struct event) { .kind = EVENT_NODE_STATE,
				      .view = &views[i] }, S);
}

static void _add_ends(void)
{
	for (int look = 0; look < LOOKS; look++)
		_add((struct event) { .kind = EVENT_LOOKED_UP,
				      .look = (enum look) look,
				      .found_epoch = 1, .vm = "vm-1" },
		     5 * S);
	_add((struct event) { .kind = EVENT_LOOKED_UP, .look = LOOK_OURS,
			      .found_epoch = 9, .vm = "vm-9" }, 0);
	_add((struct event) { .kind = EVENT_SUBMITTED, .task = "t" }, 0);
	_add((struct event) { .kind = EVENT_CLONE_DONE, .vm = "vm-1" }, 0);
	_add((struct event) { .kind = EVENT_CLONE_DONE }, 0);
	_add((struct event) { .kind = EVENT_READ_BACK, .instance_uuid = UUID,
			      .owned = true }, 0);
	_add((struct event) { .kind = EVENT_READ_BACK,
			      .instance_uuid = UUID }, 0);
	_add((struct event) { .kind = EVENT_OWNER_SET }, 0);
	for (int bits = 0; bits < 4; bits++)
		_add((struct event) { .kind = EVENT_GUARD_OK,
				      .level = bits & 1 ? GUARD_DESTROY :
							  GUARD_POWER_OFF,
				      .powered_off = bits & 2 }, 0);
	_add((struct event) { .kind = EVENT_GUARD_REFUSED }, 0);
	_add((struct event) { .kind = EVENT_POWERED_OFF }, 0);
	_add((struct event) { .kind = EVENT_DESTROYED }, 0);
	_add((struct event) { .kind = EVENT_ABSENCE_PROVEN }, 0);
	_add((struct event) { .kind = EVENT_ABSENCE_UNPROVEN }, 0);
	_add((struct event) { .kind = EVENT_ABSENCE_UNPROVEN,
			      .vm = "vm-1" }, 0);
	_add((struct event) { .kind = EVENT_RECORDED }, 0);
	/* act 0 stands for: whatever is under way on the VM, or in Slurm */
	_add((struct event) { .kind = EVENT_VM_GONE }, 0);
	_add((struct event) { .kind = EVENT_SLURM_DONE }, 0);
	_add((struct event) { .kind = EVENT_UNKNOWN }, 0);
	_add((struct event) { .kind = EVENT_UNKNOWN,
			      .act = ACTION_SLURM_LOOK }, 0);
	for (int c = 0; c < CAUSES; c++) {
		_add((struct event) { .kind = EVENT_FAILED,
				      .cause = (enum cause) c }, 0);
		_add((struct event) { .kind = EVENT_FAILED,
				      .act = ACTION_SLURM_LOOK,
				      .cause = (enum cause) c }, 0);
	}
}

static void _law(bool holds, const struct record *before,
		 const struct event *ev, const struct record *after,
		 const char *law)
{
	if (holds || ++broken > LAWS_SHOWN)
		return;
	diag("%s broken by %s(%s): %s/%s -> %s/%s", law, event_name(ev->kind),
	     action_name(ev->act), record_phase_name(before->phase),
	     record_release_name(before->release),
	     record_phase_name(after->phase),
	     record_release_name(after->release));
}

#define LAW(condition, text) _law(condition, before, ev, after, text)

static void _check_act(const struct record *before, const struct event *ev,
		       const struct record *after, const struct action *act)
{
	bool verdict = ev->kind == EVENT_GUARD_OK &&
		       ev->now - ev->facts_at <= 2 * S &&
		       before->vm_busy == ACTION_GUARD && !before->hold;

	LAW(act->epoch == after->epoch, "acts are of the present epoch");
	switch (act->kind) {
	case ACTION_SUBMIT_CLONE:
		LAW(act->durable && after->submit == SUBMIT_SENT,
		    "intent before submit");
		LAW(before->submit == SUBMIT_NONE &&
		    ev->kind == EVENT_ADMITTED, "one submit in an epoch");
		LAW(after->req.marked || !after->req.job || after->req.shared,
		    "mark before submit");
		break;
	case ACTION_POWER_OFF:
		LAW(act->durable && verdict &&
		    ev->level == GUARD_POWER_OFF, "guard before power-off");
		break;
	case ACTION_DESTROY:
		LAW(act->durable && verdict && ev->powered_off &&
		    ev->level == GUARD_DESTROY, "guard before destroy");
		break;
	case ACTION_SLURM_FORCE_DOWN:
	case ACTION_SLURM_SET_DOWN:
		LAW(act->durable && ev->now - after->view.got <= 2 * S,
		    "a fresh view before force");
		break;
	case ACTION_SLURM_MARK:
	case ACTION_SLURM_REQUEUE:
	case ACTION_SLURM_KILL:
		LAW(!record_request(after) || !record_request(after)->shared,
		    "a shared VM is for all jobs");
		break;
	case ACTION_SLURM_NODE_RESUME:
		LAW(act->durable && after->phase == PHASE_ABSENT &&
		    after->recorded, "absence before NODE_RESUME");
		break;
	default:
		break;
	}
}

/* Whoever waits is woken, or somebody else has the next move. */
static void _check_waiting(const struct record *before,
			   const struct event *ev, const struct record *after,
			   const struct outcome *out)
{
	bool going = after->phase == PHASE_CONDEMNED ||
		     after->phase == PHASE_RELEASING;

	LAW(!out->wake || out->wake > ev->now, "wake-ups are in the future");
	LAW(!going || after->hold || after->vm_busy ||
	    after->vm_not_before > ev->now ||
	    ((record_doubts_orphan(after) ||
	      record_tells_first(after, ev->now)) &&
	     (after->slurm_busy || after->slurm_not_before > ev->now)),
	    "a release never stalls");
	LAW(!after->tell || after->slurm_busy ||
	    after->slurm_not_before > ev->now ||
	    (record_doubts_loss(after, ev->now) && out->wake &&
	     out->wake <= after->tell_since + RECORD_DOUBT),
	    "a job is told");
	LAW(!after->settle || after->slurm_busy ||
	    after->slurm_not_before > ev->now, "Slurm is told");
	LAW(after->phase < PHASE_REQUESTED ||
	    after->phase > PHASE_IDENTIFIED ||
	    ev->now < after->req.deadline || after->slurm_busy ||
	    after->registered || after->slurm_not_before > ev->now,
	    "deadlines are kept");
	LAW(after->vm_not_before <= ev->now ||
	    (out->wake && out->wake <= after->vm_not_before),
	    "pauses end");
}

static void _check_record(const struct record *before,
			  const struct event *ev, const struct record *after)
{
	cleanup_buf struct buf line = { .max = RECORD_LINE_MAX };
	struct err err = ERR_INIT;
	struct record back;
	bool same = after->epoch == before->epoch;

	record_encode(after, &line);
	LAW(record_decode(buf_str(&line), &back, &err) == 0,
	    *err.text ? err.text : "the record makes sense");
	LAW(after->last_epoch >= before->last_epoch, "epochs only grow");
	LAW(!same || before->phase < PHASE_CONDEMNED ||
	    after->phase >= PHASE_CONDEMNED || after->phase == PHASE_ABSENT ||
	    (before->cause == CAUSE_ORPHAN && nodeview_up(&after->view) &&
	     before->release <= RELEASE_GUARD_DESTROY),
	    "what is condemned stays so, but for an orphan at work");
	LAW(after->phase != PHASE_ABSENT || before->phase == PHASE_ABSENT ||
	    after->recorded, "absence is recorded");
	LAW(same || after->phase == PHASE_REQUESTED ||
	    after->phase == PHASE_RELEASING || nodeview_up(&after->view),
	    "a new epoch begins a cycle");
	LAW(same || !before->vm_busy || before->vm_busy == event_ends(ev) ||
	    ev->kind == EVENT_RESTARTED, "no act goes over an epoch");
}

/* A name for the kind of state, to explore each kind once. */
static void _kind(const struct record *rec, int64_t now, char *key,
		  size_t size)
{
	const uint64_t parts[] = {
		rec->phase, rec->submit, rec->release, rec->vm_busy,
		rec->slurm_busy, rec->tell, rec->hold, rec->next.used,
		rec->registered, rec->settle, nodeview_released(&rec->view),
		rec->vm_not_before > now,
	};

	*key = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		text_add_number(key, size, parts[i]);
		text_add(key, size, ".");
	}
}

static void _keep(const struct record *rec, int64_t now, int64_t wake)
{
	static int present;
	char key[200];

	_kind(rec, now, key, sizeof(key));
	if (count >= limit || table_get(known, key))
		return;
	if (table_set(known, key, &present, NULL) < 0)
		bail_out("out of memory");
	states[count++] = (struct state) { *rec, now, wake };
}

static void _fill(const struct state *state, struct event *ev, int64_t delay)
{
	const struct record *rec = &state->rec;

	ev->now = delay < 0 ? state->wake : state->now + delay;
	if (ev->now < state->now)
		ev->now = state->now;
	ev->mono = ev->now;
	ev->epoch = rec->epoch;
	ev->asked = ev->now;
	ev->deadline = ev->now + 100 * S;
	ev->facts_at = ev->now - S;
	if (ev->found_epoch == 1)
		ev->found_epoch = rec->epoch;
	if (ev->kind == EVENT_SLURM_DONE || ev->act == ACTION_SLURM_LOOK)
		ev->act = rec->slurm_busy;
	else if (ev->kind >= EVENT_SUBMITTED)
		ev->act = rec->vm_busy;
}

static void _try(const struct state *state, const struct event *tried_event,
		 int64_t delay)
{
	struct record copy = state->rec;
	const struct record *before = &state->rec, *after = &copy;
	struct event filled = *tried_event, *ev = &filled;
	struct nodeview view;
	struct outcome out;

	_fill(state, ev, delay);
	if (ev->view) {
		view = *ev->view;
		view.seen = ev->now;
		ev->view = &view;
		if (state->rec.slurm_busy == ACTION_SLURM_LOOK)
			ev->act = ACTION_SLURM_LOOK;
	}
	engine_step(&conf, &copy, ev, &out);
	steps++;
	LAW(out.count <= ENGINE_ACTIONS, "few acts");
	for (unsigned i = 0; i < out.count; i++)
		_check_act(before, ev, after, &out.actions[i]);
	_check_waiting(before, ev, after, &out);
	_check_record(before, ev, after);
	_keep(&copy, ev->now, out.wake);
}

/* From a node that nothing was asked of yet. */
static void _walk(const struct record *first, unsigned most, const char *what)
{
	unsigned phases = 0, releases = 0;
	bool seen[PHASES] = { false }, went[RELEASES] = { false };

	diag("%s", what);
	limit = getenv("SCLONE_LONG") ? STATES_MAX : most;
	count = steps = 0;
	known = table_create(STATES_MAX, NULL);
	if (!known)
		bail_out("out of memory");
	_keep(first, T0, 0);
	for (unsigned i = 0; i < count; i++) {
		seen[states[i].rec.phase] = true;
		went[states[i].rec.release] = true;
		for (unsigned k = 0; k < tried; k++)
			_try(&states[i], &palette[k], delays[k]);
	}
	for (int i = 0; i < PHASES; i++)
		phases += seen[i];
	for (int i = 0; i < RELEASES; i++)
		releases += went[i];
	is_int(phases, PHASES, "every phase was reached");
	is_int(releases, RELEASES, "and every step of a release");
	ok(count > 500, "%u kinds of state, %u events each, %u steps", count,
	   tried, steps);
	is_int(broken, 0, "all laws hold after each");
	table_destroy(known);
}

int main(void)
{
	struct record first;

	engine_conf_init(&conf);
	states = calloc(STATES_MAX, sizeof(*states));
	if (!states || record_init(&first, "hpc1", "vm1", NULL) < 0)
		bail_out("out of memory");
	_add_inputs();
	_add_ends();
	_walk(&first, STATES_QUICK, "one job a VM");
	first.shares = true;
	_walk(&first, SHARED_QUICK, "any job");
	free(states);
	return done_testing();
}
