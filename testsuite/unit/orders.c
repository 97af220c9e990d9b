/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The release by hand, after a survey: of nodes that are in use, or not in
 * Slurm, while their views and the clock change. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/clone/census.h"
#include "scloned/daemon.h"
#include "scloned/orders.h"
#include "tap.h"

#define START INT64_C(1763782812000000)

static int64_t now = START;
static struct record rec;
static struct survey *survey;
static struct err surveyed, answered;
static unsigned releases;
static struct daemon daemon_;

static int64_t _now(void *arg)
{
	(void) arg;
	return now;
}

/* --- in place of what a survey asks -------------------------------------- */

static struct {
	void (*config)(const struct json *answer, const struct err *failure,
		       void *arg);
	void *config_arg;
	void (*looked)(int64_t began, const struct err *failure, void *arg);
	void *looked_arg;
	struct census_hooks census;
} asked;

int slurm_link_call(struct slurm_link *link, const char *verb,
		    struct json *args, int64_t timeout_us,
		    void (*done)(const struct json *answer,
				 const struct err *failure, void *arg),
		    void *arg, struct err *err)
{
	(void) link;
	(void) verb;
	(void) args;
	(void) timeout_us;
	(void) err;
	asked.config = done;
	asked.config_arg = arg;
	return 0;
}

void sight_whole(struct sight *sight,
		 void (*done)(int64_t began, const struct err *failure,
			      void *arg), void *arg)
{
	(void) sight;
	asked.looked = done;
	asked.looked_arg = arg;
}

struct census *census_start(struct executor *executor,
			    const struct census_hooks *hooks, struct err *err)
{
	(void) executor;
	(void) err;
	asked.census = *hooks;
	return (struct census *) &asked;
}

void census_cancel(struct census *census)
{
	(void) census;
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

/* --- in place of the fleet and the reconciler ---------------------------- */

const struct record *fleet_record(const struct fleet *fleet, const char *node)
{
	(void) fleet;
	return !strcmp(node, rec.node) ? &rec : NULL;
}

const struct record *fleet_next(const struct fleet *fleet, size_t *pos)
{
	(void) fleet;
	return (*pos)++ ? NULL : &rec;
}

void fleet_event(struct fleet *fleet, const char *node, struct event *ev)
{
	(void) fleet;
	(void) node;
	releases += ev->kind == EVENT_CONDEMN;
}

int fleet_clear(struct fleet *fleet, const char *node, struct err *err)
{
	(void) fleet;
	(void) node;
	(void) err;
	return 0;
}

static void (*passed)(const struct err *failure, void *arg);
static void *passed_arg;

int reconciler_pass(struct reconciler *reconciler, enum reconciler_mode mode,
		    void (*done)(const struct err *failure, void *arg),
		    void *arg, struct err *err)
{
	(void) reconciler;
	(void) mode;
	(void) err;
	passed = done;
	passed_arg = arg;
	return 0;
}

void reconciler_give_up(struct reconciler *reconciler)
{
	(void) reconciler;
}

const struct survey *reconciler_survey(const struct reconciler *reconciler)
{
	(void) reconciler;
	return survey;
}

const struct reconciler_tally *
reconciler_tally(const struct reconciler *reconciler)
{
	(void) reconciler;
	return NULL;
}

const struct difference *
reconciler_difference(const struct reconciler *reconciler, size_t index)
{
	(void) reconciler;
	(void) index;
	return NULL;
}

int reconciler_release(struct reconciler *reconciler,
		       const struct survey_vm *vm, const char *why,
		       struct err *err)
{
	(void) reconciler;
	(void) vm;
	(void) why;
	return err_set(err, ERR_FATAL, "not asked for here");
}

/* --- in place of the socket ---------------------------------------------- */

struct server_call {
	struct json *request;
};

const struct json *server_call_request(const struct server_call *call)
{
	return call->request;
}

const struct server_peer *server_call_peer(const struct server_call *call)
{
	static const struct server_peer root = { .trusted = true };

	(void) call;
	return &root;
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
	(void) call;
	json_destroy(reply);
}

void server_call_fail(struct server_call *call, const struct err *failure)
{
	(void) call;
	answered = *failure;
}

void server_call_drop(struct server_call *call)
{
	(void) call;
}

/* --- scenes -------------------------------------------------------------- */

static void _surveyed(const struct err *failure, void *arg)
{
	(void) arg;
	surveyed = failure ? *failure : (struct err) ERR_INIT;
}

static void _begin(enum phase phase)
{
	memset(&rec, 0, sizeof(rec));
	snprintf(rec.node, sizeof(rec.node), "vm1");
	rec.phase = phase;
	rec.epoch = 7;
	rec.view.base = NODE_ALLOCATED;
	rec.view.seen = now - 60 * CLOCK_US_PER_S;
	survey = survey_start(&daemon_, _surveyed, NULL, NULL);
	if (!survey)
		bail_out("no survey");
}

/* Slurm's table was asked for at that time. */
static void _look(int64_t began)
{
	cleanup_json struct json *answer = json_new_object();
	struct json *config = json_new_object();

	if (!answer || json_put_int(config, "boot", 1) < 0 ||
	    json_put(answer, "config", config) < 0)
		bail_out("no answer");
	asked.config(answer, NULL, asked.config_arg);
	asked.looked(began, NULL, asked.looked_arg);
}

/* Its code, when it is refused. */
static enum err_code _release(void)
{
	struct orders *orders = orders_create(&daemon_, NULL);
	struct server_call call = { .request = json_new_object() };

	if (!orders || json_put_str(call.request, "nodes", "vm1") < 0)
		bail_out("no order");
	releases = 0;
	answered = (struct err) ERR_INIT;
	orders_release(orders, &call);
	passed(NULL, passed_arg);
	orders_destroy(orders);
	json_destroy(call.request);
	survey_destroy(survey);
	survey = NULL;
	return answered.code;
}

static void _test_missing(void)
{
	_begin(PHASE_READY);
	_look(now);
	asked.census.done(NULL, asked.census.arg);
	is_int(survey_node(survey, &rec), RECONCILE_MISSING,
	       "Slurm's table does not hold it");
	is_int(_release(), ERR_NONE, "what Slurm does not have may go");
	is_int(releases, 1, "and goes");
}

/* What is known of a node is forgotten when it is changed in Slurm. */
static void _test_changed(void)
{
	_begin(PHASE_READY);
	rec.view.seen = now;
	_look(now);
	rec.view.seen = 0;
	asked.census.done(NULL, asked.census.arg);
	ok(survey_node(survey, &rec) != RECONCILE_MISSING,
	   "a node that was just changed is not missing");
	is_int(_release(), ERR_REFUSED, "in use, it is not released");
	is_int(releases, 0, "its VM stays");

	_begin(PHASE_ABSENT);
	rec.view.seen = now;
	_look(now);
	rec.view.seen = 0;
	asked.census.done(NULL, asked.census.arg);
	is_int(_release(), ERR_TRANSIENT, "nor without a record of its VM");
}

static void _test_clock(void)
{
	_begin(PHASE_READY);
	rec.view.seen = now;
	_look(now);
	rec.view.seen -= 3600 * CLOCK_US_PER_S;
	asked.census.done(NULL, asked.census.arg);
	is_int(_release(), ERR_REFUSED,
	       "the clock was set back after the look: still in use");

	_begin(PHASE_READY);
	rec.view.seen = now - 3600 * CLOCK_US_PER_S;
	_look(now + CLOCK_US_PER_S);
	is_int(surveyed.code, ERR_TRANSIENT,
	       "during the look: it tells nothing");
	survey_destroy(survey);
	survey = NULL;
}

int main(void)
{
	static const struct clock_source source = { _now, _now, NULL };

	log_set_level(LOG_LEVEL_ERROR);
	clock_set_source(&source);
	_test_missing();
	_test_changed();
	_test_clock();
	return done_testing();
}
