/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls to scloned-slurm: order, deadlines, and a child that misbehaves. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/ipc/slurm_link.h"
#include "tap.h"

#define LONG_US (20 * CLOCK_US_PER_S)	/* no wait here is longer */
#define SHORT_US (300 * CLOCK_US_PER_MS)

struct result {
	unsigned done;		/* times called back */
	unsigned order;		/* among all results, from 1 */
	struct err failure;
	int64_t count, pid;
	size_t text;
	char argv[64];
};

static struct loop *loop;
static struct slurm_link *link_;
static unsigned finished, deaths;
static char how[64];

static void _died(const char *text, void *arg)
{
	(void) arg;
	deaths++;
	snprintf(how, sizeof(how), "%s", text);
}

static void _join(const struct json *list, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < json_count(list) && len < size; i++)
		len += (size_t) snprintf(out + len, size - len, "%s ",
					 json_str(json_at(list, i)));
}

static void _done(const struct json *answer, const struct err *failure,
		  void *arg)
{
	struct result *result = arg;
	const char *text = "";

	result->done++;
	result->order = ++finished;
	if (!answer) {
		result->failure = *failure;
		return;
	}
	(void) json_get_int(answer, "count", 0, INT64_MAX, &result->count,
			    NULL);
	(void) json_get_int(answer, "pid", 0, INT64_MAX, &result->pid, NULL);
	(void) json_get_str_or(answer, "text", "", &text, NULL);
	result->text = strlen(text);
	_join(json_get(answer, "argv"), result->argv, sizeof(result->argv));
}

static void _call(const char *verb, int64_t timeout_us, struct result *result)
{
	struct err err = ERR_INIT;

	memset(result, 0, sizeof(*result));
	if (slurm_link_call(link_, verb, NULL, timeout_us, _done, result,
			    &err))
		bail_out("slurm_link_call: %s", err.text);
	if (result->done)
		bail_out("called back from within the call");
}

static void _await(const struct result *result)
{
	int64_t end = clock_mono_us() + LONG_US;

	while (!result->done && clock_mono_us() < end)
		(void) loop_turn(loop, SHORT_US, NULL);
	if (!result->done)
		bail_out("no callback in time");
}

static void _ask(const char *verb, int64_t timeout_us, struct result *result)
{
	_call(verb, timeout_us, result);
	_await(result);
}

static void _test_calls(void)
{
	struct result a, b, c;

	_call("ping", LONG_US, &a);
	_call("nodes", LONG_US, &b);
	_call("big", LONG_US, &c);
	is_int((int64_t) slurm_link_waiting(link_), 3, "three calls wait");
	_await(&c);
	ok(a.order == 1 && b.order == 2 && c.order == 3, "answered in order");
	ok(a.pid == slurm_link_pid(link_) && b.pid == a.pid,
	   "all by the same child");
	is_int(c.count, 3, "which saw each once");
	is_int((int64_t) c.text, 3000000, "a long answer is whole");
	is_str(a.argv, "--fd 3 --conf /etc/some.conf ", "its arguments");
	_ask("refuse", LONG_US, &a);
	is_int(a.failure.code, ERR_REFUSED, "Slurm's failure keeps its code");
	is_str(a.failure.text, "no", "and its text");
	_ask("lost", LONG_US, &a);
	is_int(a.failure.code, ERR_UNKNOWN, "a lost answer is UNKNOWN");
	is_int((int64_t) slurm_link_waiting(link_), 0, "nothing waits");
}

static void _test_args(void)
{
	struct json *args = json_new_object();
	struct err err = ERR_INIT;
	struct result result = { 0 };

	(void) json_put_str(args, "nodes", "vm[1-3]");
	is_int(slurm_link_call(link_, "mark", args, LONG_US, _done, &result,
			       &err), 0, "a call with members");
	_await(&result);
	is_int(result.failure.code, ERR_NONE, "is answered");
}

static void _test_stall(void)
{
	pid_t before = slurm_link_pid(link_);
	struct result stalled, behind, later;

	deaths = 0;
	_call("stall", SHORT_US, &stalled);
	_call("ping", SHORT_US, &behind);
	_call("ping", LONG_US, &later);
	_await(&later);
	is_int(stalled.failure.code, ERR_UNKNOWN,
	       "an update that is not answered in time is UNKNOWN");
	is_int(behind.failure.code, ERR_TRANSIENT,
	       "what waited behind it was never sent: TRANSIENT");
	is_int(later.failure.code, ERR_NONE, "who has time gets an answer");
	ok(later.pid != before, "from a new child");
	is_int(later.count, 1, "that saw only this call");
	ok(kill(before, 0) < 0, "the stalled child is gone");
	is_int(deaths, 1, "its end was told");
}

static void _test_die(void)
{
	struct result dying, next;

	deaths = 0;
	_call("die", LONG_US, &dying);
	_call("ping", LONG_US, &next);
	_await(&next);
	is_int(dying.failure.code, ERR_UNKNOWN,
	       "a child that dies over an update: UNKNOWN");
	has_str(dying.failure.text, "exited with 3", "with how it died");
	is_int(next.failure.code, ERR_NONE, "the next child answers");
	is_int(deaths, 1, "told once");
	is_str(how, "it exited with 3", "with the same words");
	deaths = 0;
	_call("ping", LONG_US, &next);
	(void) kill(slurm_link_pid(link_), SIGKILL);
	_await(&next);
	ok(next.failure.code == ERR_TRANSIENT || next.failure.code == ERR_NONE,
	   "killed over a question: TRANSIENT, or answered before");
}

static void _test_hostile(void)
{
	static const char *const verbs[] = { "garbage", "twice", "wrong_id" };
	struct result result, next;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		pid_t before;

		_ask("ping", LONG_US, &next);
		before = slurm_link_pid(link_);
		_call(verbs[i], LONG_US, &result);
		_call("ping", LONG_US, &next);
		_await(&next);
		is_int(result.failure.code, ERR_UNKNOWN, verbs[i]);
		ok(next.failure.code == ERR_NONE && next.pid != before,
		   "  costs the child its place");
	}
}

static void _test_restart(void)
{
	struct result before, after;
	pid_t pid;

	_ask("ping", LONG_US, &before);
	pid = slurm_link_pid(link_);
	deaths = 0;
	_call("nodes", LONG_US, &before);
	slurm_link_restart(link_);
	_call("ping", LONG_US, &after);
	_await(&after);
	is_int(before.pid, pid, "the call under way is answered first");
	ok(after.pid != pid, "the next one by a new child");
	is_int(deaths, 0, "which is no death");
}

static void _test_full(void)
{
	struct result results[5];
	struct err err = ERR_INIT;

	for (int i = 0; i < 4; i++)
		_call("ping", LONG_US, &results[i]);
	ok(slurm_link_call(link_, "ping", NULL, LONG_US, _done, &results[4],
			   &err) && err.code == ERR_BUSY,
	   "a full queue is BUSY");
	_await(&results[3]);
}

static void _test_no_program(void)
{
	struct slurm_link_options options = { .program = "/no/such/program",
					      .calls_max = 4 };
	struct err err = ERR_INIT;

	ok(!slurm_link_create(loop, &options, &err) &&
		   err.code == ERR_CONFIG,
	   "a missing program is told at once");
	has_str(err.text, "/no/such/program", "by name");
}

/* A program that ends at once, as libslurm's does on a bad slurm.conf. */
static void _test_useless(void)
{
	struct slurm_link_options options = { .program = "/bin/false",
					      .calls_max = 4,
					      .died = _died };
	struct err err = ERR_INIT;
	struct result result;

	link_ = slurm_link_create(loop, &options, &err);
	deaths = 0;
	_ask("mark", SHORT_US, &result);
	ok(result.failure.code == ERR_TRANSIENT ||
		   result.failure.code == ERR_UNKNOWN,
	   "a child that never answers fails the call");
	ok(deaths >= 1 && deaths <= 4, "and is not started in a frenzy");
	is_str(how, "it exited with 1", "its status is told");
	slurm_link_destroy(link_);
}

int main(void)
{
	struct err err = ERR_INIT;
	struct slurm_link_options options = { .conf = "/etc/some.conf",
					      .calls_max = 4,
					      .died = _died };
	struct result result;
	pid_t pid;

	options.program = getenv("FAKE_SLURM");
	if (!options.program)
		bail_out("FAKE_SLURM is not set");
	loop = loop_create(&err);
	link_ = slurm_link_create(loop, &options, &err);
	if (!link_)
		bail_out("slurm_link_create: %s", err.text);
	_test_calls();
	_test_args();
	_test_stall();
	_test_die();
	_test_hostile();
	_test_restart();
	_test_full();
	_call("stall", LONG_US, &result);
	pid = slurm_link_pid(link_);
	slurm_link_destroy(link_);
	is_int(result.done, 0, "no callback after the end");
	ok(kill(pid, 0) < 0, "and no child");
	_test_no_program();
	_test_useless();
	loop_destroy(loop);
	return done_testing();
}
