/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start - powers a source on. Never a clone: only what stands in Sources=,
 * as the last look found it. */
#include <stdlib.h>
#include <string.h>

#include "hand.h"

#define POWER_ON_MS 600000
#define LACKING                                                            \
	"the account lacks VirtualMachine.Interact.PowerOn on it; add it " \
	"to the role there, or power it on by hand"

struct start {
	struct task *task;
	void (*done)(const struct err *failure, void *arg);
	void *arg;
};

static void _done(const struct task_result *result, void *arg)
{
	struct start *start = arg;
	const char *fault = result->fault ? result->fault->type : "";
	struct err err = ERR_INIT;

	if (result->err)
		err = *result->err;
	if (!strcmp(fault, "InvalidPowerState"))
		err = (struct err) ERR_INIT;	/* somebody else did */
	else if (!strcmp(fault, "NoPermission"))
		err_set(&err, ERR_AUTH, LACKING);
	start->done(err.code ? &err : NULL, start->arg);
	free(start);
}

struct start *executor_start(struct executor *executor, const char *path,
			     void (*done)(const struct err *failure,
					  void *arg),
			     void *arg, struct err *err)
{
	const struct source *source = sources_find(executor->sources, path);
	struct start *start;

	if (!source || source->state != SOURCE_OFF || source->powered != 0 ||
	    source->is_template == 1 || !moref_is_set(&source->vm)) {
		err_set(err, ERR_REFUSED, "%s is no source that is off", path);
		return NULL;
	}
	start = calloc(1, sizeof(*start));
	if (!start) {
		err_nomem(err);
		return NULL;
	}
	start->done = done;
	start->arg = arg;
	start->task = vm_power_on(executor->watch, &source->vm,
				  "sclone-start", POWER_ON_MS, _done, start,
				  err);
	if (start->task)
		return start;
	free(start);
	return NULL;
}

void executor_start_cancel(struct start *start)
{
	if (start)
		task_cancel(start->task);
	free(start);
}
