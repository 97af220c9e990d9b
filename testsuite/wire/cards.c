/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clones' cards before an emulated vCenter: what cannot be had holds a clone
 * back with the reason, and never makes one that is not as it was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "await.h"
#include "stage.h"
#include "tap.h"

#define ALL "vm[1-99],t[1-199],o[1-199]"
#define LOOKING "still being looked up"
#define TRIES 3000
#define PAUSE_MS 10

/* What an attempt to clone ends with, once the networks were looked up. */
static const struct stage_seen *_submit(struct stage *stage,
					const char *more)
{
	const struct stage_seen *seen;
	struct record rec;
	char sources[512];

	snprintf(sources, sizeof(sources), STAGE_ESX01 "%s", more);
	stage_restart(stage, sources);
	stage_record(&rec, "vm1");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	for (int i = 0; i < TRIES && strstr(seen->text, LOOKING); i++) {
		await_quiet(stage->vc.loop, PAUSE_MS);
		seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	}
	return seen;
}

static void _fails(struct stage *stage, const char *more, const char *cause,
		   const char *want)
{
	const struct stage_seen *seen = _submit(stage, more);

	is_str(event_name(seen->ev.kind), "FAILED", want);
	is_str(failure_of(seen->ev.cause)->name, cause, "its cause");
	has_str(seen->text, want, "its reason");
}

int main(void)
{
	struct stage stage;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&stage);
	_fails(&stage, " Network=/DC1/network/gone", "TRANSIENT",
	       "Network=/DC1/network/gone: there is no such portgroup");
	_fails(&stage, " Network=/DC1/vm", "TRANSIENT",
	       "Network=/DC1/vm: it is no portgroup");
	_fails(&stage, " Network=\"/DC1/network/VM Network\"", "AUTH",
	       "Network.Assign");
	_fails(&stage, "\nNicName=s Nodes=" ALL, "CAPACITY",
	       "has 1 network cards, and the nodes have 2");
	_fails(&stage, "\nNicName=s Nodes=" ALL " Mac=02:00:00:00:00:01+",
	       "CAPACITY", "has no network card for");
	is_str(event_name(_submit(&stage, "")->ev.kind), "SUBMITTED",
	       "one that asks for nothing is made");
	stage_stop(&stage);
	return done_testing();
}
