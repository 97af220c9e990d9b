/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciler, before a clone folder and a Slurm that are as the test says:
 * nodes with VMs that Slurm has off, too many of them for the brake. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "scloned/daemon.h"
#include "tap.h"

#define NODES 8			/* more than the brake lets go at once */
#define START INT64_C(1763782812000000)

static struct record recs[NODES];
static size_t nodes;
static unsigned events, told;
static int64_t now = START;
static struct daemon daemon_;

/* --- in place of the loop ----------------------------------------------- */

struct loop_timer {
	void (*cb)(void *arg);
	void *arg;
};

static struct loop_timer timer;

struct loop_timer *loop_timer_create(struct loop *loop, void (*cb)(void *arg),
				     void *arg, struct err *err)
{
	(void) loop;
	(void) err;
	timer = (struct loop_timer) { cb, arg };
	return &timer;
}

int loop_timer_set(struct loop_timer *set, int64_t delay_us)
{
	(void) set;
	(void) delay_us;
	return 0;
}

void loop_timer_destroy(struct loop_timer *gone)
{
	(void) gone;
}

/* --- in place of survey, fleet, Slurm and vCenter ------------------------ */

struct survey {
	int64_t began;
};

static struct survey surveys[2];	/* the last one is still looked at */
static unsigned begun;
static void (*survey_done)(const struct err *failure, void *arg);
static void *survey_arg;

struct survey *survey_start(struct daemon *daemon,
			    void (*done)(const struct err *failure,
					 void *arg),
			    void *arg, struct err *err)
{
	(void) daemon;
	(void) err;
	survey_done = done;
	survey_arg = arg;
	surveys[begun % 2].began = now;
	return &surveys[begun++ % 2];
}

void survey_destroy(struct survey *survey)
{
	(void) survey;
}

int64_t survey_began(const struct survey *survey)
{
	return survey->began;
}

int64_t survey_slurm_started(const struct survey *survey)
{
	(void) survey;
	return START - 2 * RECONCILE_CALM;
}

size_t survey_ours(const struct survey *survey)
{
	(void) survey;
	return nodes;
}

size_t survey_foreign(const struct survey *survey)
{
	(void) survey;
	return 0;
}

size_t survey_strays(const struct survey *survey)
{
	(void) survey;
	return 0;
}

enum reconcile_sight survey_sight(const struct survey *survey,
				  const struct record *rec)
{
	(void) survey;
	(void) rec;
	return SIGHT_OURS;
}

enum reconcile_node survey_node(const struct survey *survey,
				const struct record *rec)
{
	(void) survey;
	(void) rec;
	return RECONCILE_OFF;
}

const struct survey_vm *survey_vm(const struct survey *survey,
				  const char *node)
{
	(void) survey;
	(void) node;
	return NULL;
}

const struct record *fleet_record(const struct fleet *fleet, const char *node)
{
	(void) fleet;
	for (size_t i = 0; i < nodes; i++)
		if (!strcmp(recs[i].node, node))
			return &recs[i];
	return NULL;
}

const struct record *fleet_next(const struct fleet *fleet, size_t *pos)
{
	(void) fleet;
	return *pos < nodes ? &recs[(*pos)++] : NULL;
}

const struct record *fleet_next_in(const struct fleet *fleet, size_t *pos,
				   enum phase first, enum phase last)
{
	(void) fleet;
	(void) pos;
	(void) first;
	(void) last;
	return NULL;
}

void fleet_event(struct fleet *fleet, const char *node, struct event *ev)
{
	(void) fleet;
	(void) node;
	events += ev->kind == EVENT_CONDEMN;
}

int fleet_add(struct fleet *fleet, const char *cluster, const char *node,
	      struct err *err)
{
	(void) fleet;
	(void) cluster;
	(void) node;
	return err_set(err, ERR_FATAL, "not asked for here");
}

int fleet_forget(struct fleet *fleet, const char *node, struct err *err)
{
	(void) fleet;
	(void) node;
	return err_set(err, ERR_FATAL, "not asked for here");
}

const struct err *executor_problem(const struct executor *executor)
{
	(void) executor;
	return NULL;
}

const struct err *sight_problem(const struct sight *sight)
{
	(void) sight;
	return NULL;
}

/* --- scenes -------------------------------------------------------------- */

static void _begin_pass(void)
{
	now += RECONCILE_GAP + CLOCK_US_PER_S;
	timer.cb(timer.arg);
}

/* How many nodes were ended by it. */
static unsigned _end_pass(void)
{
	events = 0;
	survey_done(NULL, survey_arg);
	return events;
}

static unsigned _pass(void)
{
	_begin_pass();
	return _end_pass();
}

/* All seen once; the next sighting is the one that counts. */
static struct reconciler *_scene(size_t count)
{
	struct reconciler *reconciler = reconciler_create(&daemon_, NULL);

	if (!reconciler)
		bail_out("no reconciler");
	nodes = count;
	for (size_t i = 0; i < count; i++) {
		memset(&recs[i], 0, sizeof(recs[i]));
		snprintf(recs[i].node, sizeof(recs[i].node), "vm%zu", i);
		recs[i].phase = PHASE_READY;
		recs[i].epoch = (uint64_t) (START - 2 * RECONCILE_YOUNG);
	}
	is_int(_pass(), 0, "once is not enough");
	return reconciler;
}

static void _told(const struct err *failure, void *arg)
{
	(void) failure;
	(void) arg;
	told++;
}

static void _ask(struct reconciler *reconciler, enum reconciler_mode mode)
{
	if (reconciler_pass(reconciler, mode, _told, NULL, NULL) < 0)
		bail_out("no pass");
}

static void _test_brake(void)
{
	struct reconciler *reconciler = _scene(NODES);

	is_int(_pass(), 0, "too many at once: none is ended");
	ok(reconciler_tally(reconciler)->braked, "the brake says so");
	_ask(reconciler, RECONCILER_APPLY);
	is_int(_pass(), NODES, "--apply ends them");
	is_int(told, 1, "and tells who has asked");
	reconciler_destroy(reconciler);
}

static void _test_given_up(void)
{
	struct reconciler *reconciler = _scene(NODES);

	_ask(reconciler, RECONCILER_APPLY);
	reconciler_give_up(reconciler);
	is_int(_pass(), 0, "--apply was taken back before its pass: the "
	       "brake holds");
	_ask(reconciler, RECONCILER_APPLY);
	_begin_pass();
	reconciler_give_up(reconciler);
	is_int(_end_pass(), 0, "... in the midst of it: likewise");
	is_int(told, 1, "nobody is told");
	reconciler_destroy(reconciler);

	reconciler = _scene(NODES / 4);
	_ask(reconciler, RECONCILER_DRY);
	reconciler_give_up(reconciler);
	is_int(_pass(), NODES / 4, "a look was taken back: the next pass acts "
	       "as usual");
	reconciler_destroy(reconciler);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	_test_brake();
	_test_given_up();
	return done_testing();
}
