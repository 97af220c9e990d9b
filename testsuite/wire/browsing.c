/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last part of the proof of absence: a VM's directory is looked for on
 * its datastore. Whatever goes wrong there costs this evidence alone.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "await.h"
#include "stage.h"
#include "tap.h"

#define INVENTORY_ONLY \
	(EVIDENCE_NAME | EVIDENCE_INSTANCE_UUID | EVIDENCE_BIOS_UUID)

static void _fault(struct stage *stage, const char *kind, const char *more)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"method\":\"SearchDatastore_Task\","
		 "\"kind\":\"%s\"%s}", kind, more);
	emulated_control(&stage->vc, "/lab/fault", json);
}

static long _searches(struct stage *stage)
{
	emulated_control(&stage->vc, "/lab/stats", "{}");
	return emulated_number(&stage->vc, "\"SearchDatastore_Task\"");
}

/* A VM that was made and destroyed, as its record is then. */
static void _end_of(struct stage *stage, struct record *rec,
		    const char *node)
{
	const struct stage_seen *seen;

	stage_clone(stage, rec, node);
	seen = stage_guard(stage, rec, GUARD_POWER_OFF);
	snprintf(rec->directory, sizeof(rec->directory), "%s",
		 seen->directory);
	stage_guarded(stage, rec, ACTION_POWER_OFF);
	seen = stage_guarded(stage, rec, ACTION_DESTROY);
	if (seen->ev.kind != EVENT_DESTROYED)
		bail_out("%s was not destroyed", node);
}

static const struct stage_seen *_prove(struct stage *stage,
				       const struct record *rec)
{
	const struct stage_seen *seen =
		stage_act(stage, rec, ACTION_PROVE_ABSENCE);

	if (seen->ev.kind != EVENT_ABSENCE_PROVEN)
		bail_out("%s: %s", rec->node, event_name(seen->ev.kind));
	return seen;
}

static void _test_present(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;
	long before;

	_end_of(stage, &rec, "vm1");
	is_str(rec.directory, "[ds1] vm1", "the guard saw where the VM lies");
	seen = _prove(stage, &rec);
	is_int(seen->ev.evidence, INVENTORY_ONLY | EVIDENCE_DATASTORE,
	       "its directory is gone, too");
	ok(!*seen->text && !seen->ev.lagging, "without reservation");
	before = _searches(stage);
	_prove(stage, &rec);
	is_int(_searches(stage), before + 1, "one search a proof");
}

static void _test_lagging(struct stage *stage)
{
	const struct stage_seen *seen;
	char path[160];
	struct record rec;

	_end_of(stage, &rec, "vm2");
	snprintf(path, sizeof(path), "%s/datastores/ds1/vm2",
		 stage->vc.directory);
	if (mkdir(path, 0755) < 0)
		bail_out("cannot make %s", path);
	seen = _prove(stage, &rec);
	ok(seen->ev.lagging && seen->ev.evidence == INVENTORY_ONLY,
	   "a directory that is still there is no evidence yet");
	has_str(seen->text, "still there", "and is said");
	rmdir(path);
	seen = _prove(stage, &rec);
	ok(seen->ev.evidence & EVIDENCE_DATASTORE, "when it has gone it is");
}

static void _check_without(struct stage *stage, const struct record *rec,
			   const char *why, const char *what)
{
	const struct stage_seen *seen = _prove(stage, rec);

	is_int(seen->ev.evidence, INVENTORY_ONLY, what);
	ok(!seen->ev.lagging, "which is final");
	has_str(seen->text, why, "and says why");
}

static void _test_failing(struct stage *stage)
{
	static const struct {
		const char *kind, *more, *why, *what;
	} cases[] = {
		{ "task_error", ",\"type\":\"FileFault\"", "FileFault",
		  "the search fails" },
		{ "fault", ",\"type\":\"HostConnectFault\"",
		  "HostConnectFault", "it is refused" },
		{ "reply_lost", "", "reply is lost",
		  "its reply is lost" },
		{ "half_reply", "", "reply is lost",
		  "half of its reply comes" },
		{ "reset", "", "reply is lost", "it is reset" },
		{ "http503", "", "503", "a gateway answers" },
	};
	struct record rec;

	_end_of(stage, &rec, "vm3");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_fault(stage, cases[i].kind, cases[i].more);
		_check_without(stage, &rec, cases[i].why, cases[i].what);
	}
	ok(_prove(stage, &rec)->ev.evidence & EVIDENCE_DATASTORE,
	   "none of them lasts");
}

static void _test_unknown(struct stage *stage)
{
	struct record rec;

	_end_of(stage, &rec, "vm4");
	snprintf(rec.directory, sizeof(rec.directory), "[ds9] vm4");
	_check_without(stage, &rec, "does not show", "another datastore");
	snprintf(rec.source, sizeof(rec.source), "/DC1/vm/templates/gone");
	_check_without(stage, &rec, "not known", "a source of the past");
	*rec.directory = '\0';
	_check_without(stage, &rec, "never read", "a directory never seen");
}

/* A privilege that is missing is not asked for with every VM. */
static void _test_denied(struct stage *stage)
{
	struct record rec;
	long before;

	_end_of(stage, &rec, "vm5");
	_fault(stage, "fault", ",\"type\":\"NoPermission\"");
	_check_without(stage, &rec, "NoPermission", "browsing is not allowed");
	before = _searches(stage);
	_check_without(stage, &rec, "NoPermission", "which is remembered");
	is_int(_searches(stage), before, "and not asked for again");
}

/* The session is gone, or vCenter restarts: what was a search is lost. */
static void _test_restart(struct stage *stage)
{
	struct record rec;

	_end_of(stage, &rec, "vm6");
	_fault(stage, "expire_session", "");
	ok(_prove(stage, &rec)->ev.evidence & EVIDENCE_DATASTORE,
	   "an expired session does not matter");
	_fault(stage, "restart", "");
	is_int(_prove(stage, &rec)->ev.evidence & INVENTORY_ONLY,
	       INVENTORY_ONLY, "nor a restart, for the rest");
}

/* As after a restart: the datastore is known when the source is. */
static void _test_early(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	_end_of(stage, &rec, "vm7");
	stage_reopen_slowly(stage);
	seen = stage_insist(stage, &rec, ACTION_PROVE_ABSENCE);
	is_int(seen->ev.evidence, INVENTORY_ONLY | EVIDENCE_DATASTORE,
	       "a proof before the first look waits for it");
	stage_reopen(stage, STAGE_ESX02);
	seen = stage_insist(stage, &rec, ACTION_PROVE_ABSENCE);
	is_int(seen->ev.evidence, INVENTORY_ONLY,
	       "but not for a source that is none any more");
	has_str(seen->text, "not known", "which is said");
}

int main(void)
{
	struct stage stage;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&stage);
	_test_present(&stage);
	_test_lagging(&stage);
	_test_failing(&stage);
	_test_unknown(&stage);
	_test_restart(&stage);
	_test_denied(&stage);
	_test_early(&stage);
	stage_stop(&stage);
	return done_testing();
}
