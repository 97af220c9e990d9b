/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/rules/action.h"
#include "closings.h"

#define LIMIT_US (60 * CLOCK_US_PER_S)

/* One call. */
struct errand {
	LIST_ENTRY(errand) link;
	struct closings *closings;
	struct hostlist *nodes;
	enum closings_what what;
	char reason[ACTION_TEXT_SIZE];	/* of CLOSINGS_CLOSE */
};

struct closings {
	struct slurm_link *link;
	void (*refused)(const char *node, void *arg);
	void *arg;
	LIST_HEAD(, errand) errands;
	int64_t ended;
	bool failed;
};

static void _free(struct errand *errand)
{
	LIST_REMOVE(errand, link);
	hostlist_destroy(errand->nodes);
	free(errand);
}

static struct hostlist *_part(const struct hostlist *nodes, size_t from,
			      size_t to)
{
	struct hostlist *part = hostlist_create();

	for (size_t i = from; part && i < to; i++)
		if (hostlist_add(part, hostlist_at(nodes, i), NULL) < 0)
			abort();	/* restarted by systemd */
	if (!part)
		abort();	/* as above */
	return part;
}

/* One bad name spoils a whole call: which one is it? */
static void _refuse(struct errand *errand)
{
	struct closings *closings = errand->closings;
	size_t count = hostlist_count(errand->nodes);

	if (count == 1) {
		closings->refused(hostlist_at(errand->nodes, 0),
				  closings->arg);
		return;
	}
	closings_send(closings, errand->what,
		      _part(errand->nodes, 0, count / 2), errand->reason);
	closings_send(closings, errand->what,
		      _part(errand->nodes, count / 2, count), errand->reason);
}

static void _log(const struct errand *errand, const struct err *failure)
{
	cleanup_free char *nodes = hostlist_print(errand->nodes);

	if (failure)
		log_warn("nodes %s: %s", nodes ? nodes : "",
			 failure->text);
	else if (errand->what == CLOSINGS_CLOSE)
		log_info("nodes %s drained: %s", nodes ? nodes : "",
			 errand->reason);
	else
		log_info("nodes %s given back", nodes ? nodes : "");
}

static void _done(const struct json *answer, const struct err *failure,
		  void *arg)
{
	struct errand *errand = arg;
	struct closings *closings = errand->closings;

	(void) answer;
	_log(errand, failure);
	closings->failed = failure != NULL;
	closings->ended = clock_wall_us();
	if (failure && (failure->code == ERR_NOTFOUND ||
			failure->code == ERR_REFUSED))
		_refuse(errand);
	_free(errand);
}

static struct json *_args(const struct errand *errand)
{
	cleanup_free char *nodes = hostlist_print(errand->nodes);
	cleanup_json struct json *args = json_new_object();

	if (!args || !nodes || json_put_str(args, "nodes", nodes) < 0 ||
	    (errand->what == CLOSINGS_CLOSE &&
	     json_put_str(args, "reason", errand->reason) < 0))
		return NULL;
	return steal_ptr(&args);
}

void closings_send(struct closings *closings, enum closings_what what,
		   struct hostlist *nodes, const char *reason)
{
	static const char *const verbs[] = {
		[CLOSINGS_CLOSE] = "drain", [CLOSINGS_OPEN] = "give_back",
		[CLOSINGS_FORGIVE] = "undrain"
	};
	struct errand *errand = calloc(1, sizeof(*errand));
	struct err err = ERR_INIT;

	if (!errand)
		abort();	/* restarted by systemd; nothing is lost */
	errand->closings = closings;
	errand->nodes = nodes;
	errand->what = what;
	snprintf(errand->reason, sizeof(errand->reason), "%s", reason);
	LIST_INSERT_HEAD(&closings->errands, errand, link);
	if (slurm_link_call(closings->link, verbs[what], _args(errand),
			    LIMIT_US, _done, errand, &err) < 0)
		_done(NULL, &err, errand);
}

bool closings_busy(const struct closings *closings)
{
	return !LIST_EMPTY(&closings->errands);
}

int64_t closings_ended(const struct closings *closings)
{
	return closings->ended;
}

bool closings_failed(const struct closings *closings)
{
	return closings->failed;
}

struct closings *
closings_create(struct slurm_link *link,
		void (*refused)(const char *node, void *arg), void *arg)
{
	struct closings *closings = calloc(1, sizeof(*closings));

	if (!closings)
		return NULL;
	closings->link = link;
	closings->refused = refused;
	closings->arg = arg;
	LIST_INIT(&closings->errands);
	return closings;
}

void closings_destroy(struct closings *closings)
{
	struct errand *errand;

	if (!closings)
		return;
	while ((errand = LIST_FIRST(&closings->errands)) != NULL)
		_free(errand);
	free(closings);
}
