/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspends on their way in, with the real shelf: what is taken, started and
 * removed when the journal fails, or callers come all the time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/clone/choose.h"
#include "common/ipc/resume_file.h"
#include "common/ipc/slurmcall.h"
#include "common/ipc/spool.h"
#include "scloned/intake.h"
#include "tap.h"

#define ID "0000000000000001-0000001-0000000000000001"
#define CALL_ID "0000000000000002-0000001-0000000000000002"
#define S CLOCK_US_PER_S
#define MS CLOCK_US_PER_MS

static int64_t now;
static int64_t due;		/* the loop's timer; -1: not set */
static void (*scan)(void *arg);
static void *scan_arg;
static unsigned scans;

static bool there;		/* the one file */
static char file_nodes[32];
static char taken[200];		/* ids in the journal */
static bool full, uncommitted, busy;
static char posted[200], started[200];
static struct json *asked;	/* the call's request */
static enum err_code answered;
static bool was_answered;

static void _add(char *text, const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, sizeof(posted) - len, "%s ", word);
}

/* --- in place of the others --------------------------------------------- */

static int64_t _clock(void *arg)
{
	(void) arg;
	return now;
}

void log_error(const char *fmt, ...)
{
	(void) fmt;
}

void log_warn(const char *fmt, ...)
{
	(void) fmt;
}

void log_info(const char *fmt, ...)
{
	(void) fmt;
}

struct loop_timer *loop_timer_create(struct loop *loop, void (*cb)(void *arg),
				     void *arg, struct err *err)
{
	static char timer;

	(void) loop;
	(void) err;
	scan = cb;
	scan_arg = arg;
	return (struct loop_timer *) &timer;
}

int loop_timer_set(struct loop_timer *timer, int64_t delay_us)
{
	(void) timer;
	due = now + delay_us;
	return 0;
}

void loop_timer_stop(struct loop_timer *timer)
{
	(void) timer;
	due = -1;
}

void loop_timer_destroy(struct loop_timer *timer)
{
	(void) timer;
}

const struct config_global *config_global(const struct config *config)
{
	static char spool[] = "/spool", program[] = "/program";
	static const struct config_global global = {
		.spool_dir = spool, .chain_suspend = program
	};

	(void) config;
	return &global;
}

const struct config_node *config_node(const struct config *config,
				      const char *name)
{
	static const struct config_node node;

	(void) config;
	return strncmp(name, "own", 3) ? NULL : &node;
}

void fleet_event(struct fleet *fleet, const char *node, struct event *ev)
{
	(void) fleet;
	(void) ev;
	_add(posted, node);
}

int fleet_commit(struct fleet *fleet, struct err *err)
{
	(void) fleet;
	return uncommitted ? err_set(err, ERR_CAPACITY, "no room") : 0;
}

void fleet_commit_soon(struct fleet *fleet)
{
	(void) fleet;
}

void desk_set_behind(struct desk *desk, bool behind)
{
	(void) desk;
	(void) behind;
}

bool timing_known(const struct timing *timing)
{
	(void) timing;
	return true;
}

int journal_take_request(struct journal *journal, const char *id,
			 int64_t wall_us, struct err *err)
{
	(void) journal;
	(void) wall_us;
	(void) err;
	if (strstr(taken, id))
		return 0;
	_add(taken, id);
	return 1;
}

int journal_set_meta(struct journal *journal, const char *name,
		     const char *value, struct err *err)
{
	(void) journal;
	(void) name;
	(void) value;
	return full ? err_set(err, ERR_TRANSIENT, "I/O error") : 0;
}

int journal_forget_meta(struct journal *journal, const char *name,
			struct err *err)
{
	(void) journal;
	(void) name;
	(void) err;
	return 0;
}

int journal_each_meta(struct journal *journal, const char *prefix,
		      int (*each)(const char *name, const char *value,
				  void *arg, struct err *err),
		      void *arg, struct err *err)
{
	(void) journal;
	(void) prefix;
	(void) each;
	(void) arg;
	(void) err;
	return 0;
}

int chain_run(struct chain *chain, const char *program, const char *nodes,
	      const char *features, const char *resume, struct err *err)
{
	(void) chain;
	(void) program;
	(void) features;
	(void) resume;
	if (busy)
		return err_set(err, ERR_BUSY, "too many run");
	_add(started, nodes);
	return 0;
}

int spool_prepare(const char *dir, struct err *err)
{
	(void) dir;
	(void) err;
	return 0;
}

int spool_list(const char *dir, struct spool_list *list, struct err *err)
{
	(void) dir;
	(void) err;
	scans++;
	list->ids = calloc(1, sizeof(*list->ids));
	if (!list->ids)
		bail_out("out of memory");
	memcpy(list->ids[0], ID, sizeof(ID));
	list->count = there;
	return 0;
}

void spool_list_clear(struct spool_list *list)
{
	free(list->ids);
}

static struct request *_request(const char *id, const char *nodes)
{
	struct err err = ERR_INIT;
	struct request *request = request_create(REQUEST_SUSPEND, 0, NULL,
						 nodes, NULL, &err);

	if (!request)
		bail_out("%s", err.text);
	snprintf(request->id, sizeof(request->id), "%s", id);
	return request;
}

struct request *spool_read(const char *dir, const char *id, struct err *err)
{
	(void) dir;
	(void) err;
	return _request(id, file_nodes);
}

int spool_remove(const char *dir, const char *id, struct err *err)
{
	(void) dir;
	(void) id;
	(void) err;
	there = false;
	return 0;
}

const struct json *server_call_request(const struct server_call *call)
{
	(void) call;
	return asked;
}

void server_call_reply(struct server_call *call, struct json *reply)
{
	(void) call;
	json_destroy(reply);
	answered = ERR_NONE;
	was_answered = true;
}

void server_call_fail(struct server_call *call, const struct err *failure)
{
	(void) call;
	answered = failure->code;
	was_answered = true;
}

void server_call_drop(struct server_call *call)
{
	(void) call;
}

/* --- what suspends do not come to ---------------------------------------- */

#define NEVER(type, name, args) type name args { bail_out(#name); }

NEVER(const struct record *, fleet_next_in,
      (const struct fleet *fleet __attribute__((unused)),
       size_t *pos __attribute__((unused)),
       enum phase first __attribute__((unused)),
       enum phase last __attribute__((unused))))
NEVER(size_t, config_template_count,
      (const struct config *config __attribute__((unused))))
NEVER(int, config_template_index,
      (const struct config *config __attribute__((unused)),
       const char *name __attribute__((unused))))
NEVER(const char *, choose_template,
      (const struct config *config __attribute__((unused)),
       const struct config_node *node __attribute__((unused)),
       const struct resume_job *job __attribute__((unused)),
       const char *features __attribute__((unused)),
       uint64_t healthy __attribute__((unused)),
       char how[CHOOSE_TEXT_SIZE] __attribute__((unused)),
       struct err *err __attribute__((unused))))
NEVER(const char *, choose_default,
      (const struct config *config __attribute__((unused)),
       const struct config_node *node __attribute__((unused))))
NEVER(int64_t, timing_resume,
      (const struct timing *timing __attribute__((unused))))
NEVER(bool, partitions_fresh,
      (const struct partitions *partitions __attribute__((unused))))
NEVER(void, partitions_missed,
      (struct partitions *partitions __attribute__((unused))))
NEVER(int, partitions_take,
      (struct partitions *partitions __attribute__((unused)),
       const struct json *list __attribute__((unused)),
       struct err *err __attribute__((unused))))
NEVER(uint64_t, planner_healthy,
      (const struct planner *planner __attribute__((unused))))
NEVER(const struct trial *, trials_take,
      (struct trials *trials __attribute__((unused)),
       const char *node __attribute__((unused)),
       const char *id __attribute__((unused))))
NEVER(int, slurm_link_call,
      (struct slurm_link *link __attribute__((unused)),
       const char *verb __attribute__((unused)),
       struct json *args __attribute__((unused)),
       int64_t timeout_us __attribute__((unused)),
       void (*done)(const struct json *answer, const struct err *failure,
		    void *arg) __attribute__((unused)),
       void *arg __attribute__((unused)),
       struct err *err __attribute__((unused))))

/* --- scenes ------------------------------------------------------------- */

static void _pass(int64_t us)
{
	int64_t until = now + us;

	while (due >= 0 && due <= until) {
		now = due > now ? due : now;
		due = -1;
		scan(scan_arg);
		if (due == now)
			due++;	/* what is done again at once passes too */
	}
	now = until;
}

static struct intake *_open(const char *nodes)
{
	static const struct config *config;
	const struct intake_context context = { .config = &config };
	struct err err = ERR_INIT;
	struct intake *intake;

	full = uncommitted = busy = false;
	*taken = *posted = *started = '\0';
	scans = 0;
	snprintf(file_nodes, sizeof(file_nodes), "%s", nodes);
	there = true;
	intake = intake_create(&context, &err);
	if (!intake)
		bail_out("%s", err.text);
	return intake;
}

static void _taken(void)
{
	struct intake *intake = _open("own1,aws1");

	_pass(1);
	is_str(posted, "own1 ", "sclone's own nodes are taken");
	_pass(MS);
	is_str(started, "aws1 ", "for the others their program is started");
	ok(!there, "and the file goes");
	intake_destroy(intake);
}

static void _commit_fails(void)
{
	struct intake *intake = _open("own1,aws1");

	uncommitted = true;
	_pass(5 * S);
	ok(there && !*started, "without a commit nothing is started, and the "
	   "file stays");
	uncommitted = false;
	_pass(2 * S);
	is_str(started, "aws1 ", "when it works, it is started, once");
	is_str(posted, "own1 ", "and taken once");
	ok(!there, "then the file goes");
	intake_destroy(intake);
}

static void _owing_fails(void)
{
	struct intake *intake = _open("own1,aws1");

	full = true;
	_pass(5 * S);
	ok(there && !*taken && !*posted && !*started,
	   "what cannot be owed is not taken at all");
	full = false;
	_pass(2 * S);
	ok(!there, "it is taken later");
	is_str(started, "aws1 ", "with its program");
	is_str(posted, "own1 ", "and its nodes");
	intake_destroy(intake);
}

static void _taken_before(void)
{
	struct intake *intake = _open("own1,aws1");

	_add(taken, ID);
	_pass(5 * S);
	ok(!there && !*posted && !*started,
	   "what was taken before is not done again");
	intake_destroy(intake);
}

static void _call(struct intake *intake)
{
	static char call;

	was_answered = false;
	intake_take_call(intake, (struct server_call *) &call);
	if (!was_answered)
		bail_out("no answer");
}

/* As a front end without spool does. */
static void _callers(void)
{
	struct intake *intake = _open("aws1");
	struct request *request = _request(CALL_ID, "own2,aws2");
	struct err err = ERR_INIT;

	asked = json_new_object();
	if (json_put(asked, "request", request_to_json(request, &err)) < 0)
		bail_out("out of memory");
	busy = true;
	_pass(MS);
	_call(intake);
	is_int(answered, ERR_BUSY, "a caller is told that it is busy");
	is_str(posted, "own2 ", "sclone's own nodes are taken all the same");
	scans = 0;
	for (int i = 0; i < 100; i++) {
		_pass(20 * MS);
		_call(intake);
	}
	ok(scans > 0, "the spool is looked into while it calls again");
	busy = false;
	_pass(S);
	is_str(started, "aws1 ", "what was owed is started");
	_call(intake);
	is_int(answered, ERR_NONE, "then the caller's");
	is_str(started, "aws1 aws2 ", "in order");
	is_str(posted, "own2 ", "its own nodes were taken once");
	request_destroy(request);
	json_destroy(asked);
	intake_destroy(intake);
}

int main(void)
{
	static const struct clock_source clock = { _clock, _clock, NULL };

	clock_set_source(&clock);
	_taken();
	_commit_fails();
	_owing_fails();
	_taken_before();
	_callers();
	return done_testing();
}
