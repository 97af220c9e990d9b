/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the guest's pure decisions: role, fence, and the reading of what
 * open-vm-tools' programs print. */
#include <string.h>

#include "common/base/json.h"
#include "guest/boot.h"
#include "guest/fence.h"
#include "guest/report.h"
#include "guest/tools.h"
#include "tap.h"

#define S INT64_C(1000000)
#define T (INT64_C(1800000000) * S)

static void _test_answers(void)
{
	static const struct {
		int status;
		const char *output;
		enum tools_answer want;
	} cases[] = {
		{ 0, "{\"v\":1}", TOOLS_VALUE },
		{ 0, "used 5", TOOLS_VALUE },
		{ 0, "", TOOLS_NO_ANSWER },
		{ 1, "No value found", TOOLS_ABSENT },
		{ 1, "", TOOLS_NO_ANSWER },
		{ 1, "No value found ", TOOLS_NO_ANSWER },
		{ 1, "Failed to send message", TOOLS_NO_ANSWER },
		{ 0, "No value found", TOOLS_VALUE },
		{ 2, "No value found", TOOLS_NO_ANSWER },
		{ 127, "", TOOLS_NO_ANSWER },
		{ 139, "No value found", TOOLS_NO_ANSWER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(tools_judge(cases[i].status, cases[i].output),
		       cases[i].want, cases[i].output);
}

static void _test_roles(void)
{
	is_int(boot_decide(TOOLS_ABSENT), BOOT_FREEZE,
	       "no key at boot: the source freezes");
	is_int(boot_decide(TOOLS_VALUE), BOOT_POWER_OFF,
	       "any key at boot: a clone that was reset powers off");
	is_int(boot_decide(TOOLS_NO_ANSWER), BOOT_AGAIN,
	       "no answer at boot: ask again, never freeze");
	is_int(boot_thawed(TOOLS_VALUE, "{\"v\":1}"), BOOT_IDENTITY,
	       "a value after the thaw is the identity");
	is_int(boot_thawed(TOOLS_VALUE, "used 17"), BOOT_POWER_OFF,
	       "an identity that was used is not used again");
	is_int(boot_thawed(TOOLS_ABSENT, ""), BOOT_POWER_OFF,
	       "no key after the thaw: nobody's clone");
	is_int(boot_thawed(TOOLS_NO_ANSWER, ""), BOOT_AGAIN,
	       "no answer after the thaw: ask again");
}

static void _test_fence(void)
{
	static const struct {
		int64_t host, resolution;
		enum fence_verdict want;
		int64_t now;
		const char *what;
	} cases[] = {
		{ T, 0, FENCE_PASS, T, "at the time of writing" },
		{ T + S / 2, 0, FENCE_PASS, T + S / 2, "half a second on" },
		{ T + S, S, FENCE_PASS, T + S, "beginning of a step" },
		{ T - S / 2, S, FENCE_PASS, T,
		  "the writing cuts the step" },
		{ T - 2 * S, S, FENCE_PASS, T, "host a little behind" },
		{ T - 5 * S, 0, FENCE_PASS, T, "host 5 s behind" },
		{ T - 5 * S - 1, 0, FENCE_EARLY, 0, "a µs more" },
		{ T - 7 * S, S, FENCE_EARLY, 0, "host 6 s behind" },
		{ T - 600 * S, S, FENCE_EARLY, 0, "host ten minutes behind" },
		{ T + 600 * S, 0, FENCE_PASS, T + 600 * S, "at not_after" },
		{ T + 600 * S + 1, 0, FENCE_LATE, 0, "a µs after" },
		{ T + 599 * S, S, FENCE_PASS, T + 599 * S,
		  "the last whole step" },
		{ T + 600 * S, S, FENCE_LATE, 0, "a step that may be past" },
		{ T + 86400 * S, S, FENCE_LATE, 0, "a day late" },
		{ 0, S, FENCE_EARLY, 0, "1970" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fence_times times = { .host = cases[i].host,
					     .resolution =
						     cases[i].resolution,
					     .time = T,
					     .not_after = T + 600 * S };
		int64_t now = 0;

		is_int(fence_decide(&times, &now), cases[i].want,
		       cases[i].what);
		is_int(now, cases[i].now, cases[i].what);
	}
}

static void _test_time(void)
{
	static const char *const bad[] = {
		"", "22 Nov 2026", "22 Nov 2026 10:11:12 UTC",
		"2026-11-22 10:11:12", "22 now 2026 10:11:12",
		"22 anF 2026 10:11:12", "22 Nov 1960 10:11:12",
		"Unable to get host time",
	};
	struct err err = ERR_INIT;
	int64_t us = 0;

	ok(tools_read_time("22 Nov 2026 10:11:12", &us, &err) == 0 &&
		   us == INT64_C(1795342272) * S,
	   "a host time is read");
	ok(tools_read_time("01 Jan 2027 00:00:00", &us, &err) == 0 &&
		   us == INT64_C(1798761600) * S,
	   "another");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(tools_read_time(bad[i], &us, &err) < 0 &&
			   err.code == ERR_PROTOCOL,
		   "no host time: \"%s\"", bad[i]);
}

static void _test_reports(void)
{
	struct report_state ready = { .epoch = 7, .ms = { 40, 90, 120, 200 } };
	struct report_state failed = { .epoch = 7,
				       .code = "hook",
				       .text = "10-x ended \"badly\"",
				       .ms = { 40, 90, -1, -1 } };
	struct buf out;

	buf_init(&out, 2048);
	ok(report_print_state(&ready, &out, NULL) == 0, "ready is printed");
	has_str(buf_str(&out), "\"state\":\"ready\"", "state");
	has_str(buf_str(&out), "\"slurmd\":200", "the last phase");
	buf_reset(&out);
	ok(report_print_state(&failed, &out, NULL) == 0, "failed is printed");
	has_str(buf_str(&out), "\"code\":\"hook\"", "code");
	ok(!strstr(buf_str(&out), "slurmd"), "no time of a phase not reached");
	buf_reset(&out);
	ok(report_print_template("1.2", "NodeName=a CPUs=2\nUpTime=0\n", 5,
				 &out, NULL) == 0,
	   "the template's record is printed");
	has_str(buf_str(&out), "\"slurmd\":\"NodeName=a CPUs=2\"",
		"one line of slurmd -C");
	buf_free(&out);
}

int main(void)
{
	_test_answers();
	_test_roles();
	_test_fence();
	_test_time();
	_test_reports();
	return done_testing();
}
