/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_slurm - three questions to slurmctld, through scloned-slurm. */
#include <string.h>

#include "common/base/clock.h"
#include "common/ipc/slurm_link.h"
#include "common/ipc/slurmcall.h"
#include "gather.h"

struct question {
	const char *verb, *member;	/* of the answer */
	struct json *answer;
	struct err problem;
	size_t *pending;
};

/* The answer is borrowed for the callback. */
static struct json *_copy(const struct json *json, struct err *err)
{
	cleanup_buf struct buf text;

	buf_init(&text, SLURMCALL_ANSWER_MAX);
	json_print(json, &text);
	if (buf_ok(&text, "Slurm's answer", err))
		return NULL;
	return json_parse(buf_str(&text), text.len, err);
}

static void _answered(const struct json *answer, const struct err *failure,
		      void *arg)
{
	struct question *question = arg;
	const struct json *member = json_get(answer, question->member);

	--*question->pending;
	if (failure)
		question->problem = *failure;
	else if (!member)
		err_set(&question->problem, ERR_PROTOCOL, "scloned-slurm "
			"does not tell \"%s\"", question->member);
	else
		question->answer = _copy(member, &question->problem);
}

static int _ask(struct loop *loop, struct slurm_link *link,
		struct question *question, struct err *err)
{
	int64_t limit_us = GATHER_SLURM_MS * CLOCK_US_PER_MS;
	struct json *args = json_new_object();
	size_t pending = 1;

	question->pending = &pending;
	if (!args || json_put_bool(args, "all", true)) {
		json_destroy(args);
		return err_nomem(err);
	}
	if (slurm_link_call(link, question->verb, args, limit_us, _answered,
			    question, err) ||
	    gather_await(loop, &pending, clock_mono_us() + 2 * limit_us, err))
		return -1;
	if (!question->problem.code)
		return 0;
	*err = question->problem;
	return -1;
}

/* One after the other: when slurmctld is away, libslurm waits long enough
 * for one of them. */
static int _ask_all(struct facts *facts, const char *helper,
		    struct question *questions, size_t count,
		    struct err *err)
{
	struct slurm_link_options options = {
		.program = helper,
		.conf = config_global(facts->config)->slurm_conf,
		.calls_max = 1,
	};
	cleanup_loop struct loop *loop = loop_create(err);
	cleanup_slurm_link struct slurm_link *link = NULL;

	if (loop)
		link = slurm_link_create(loop, &options, err);
	if (!link)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (_ask(loop, link, &questions[i], err))
			return -1;
	return 0;
}

void gather_slurm(struct facts *facts, const char *helper)
{
	struct question questions[] = {
		{ .verb = "config", .member = "config" },
		{ .verb = "partitions", .member = "partitions" },
		{ .verb = "nodes", .member = "nodes" },
	};
	struct err *problem = &facts->slurm.problem;

	if (_ask_all(facts, helper, questions, 3, problem)) {
		for (size_t i = 0; i < 3; i++)
			json_destroy(questions[i].answer);
		return;
	}
	(void) facts_take_slurm(facts, questions[0].answer,
				questions[1].answer, questions[2].answer,
				problem);
}
