/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole of scloned in a faulty world in virtual time. Whatever happens:
 * no VM is lost, none is doubled, no stranger is touched, no job runs on a
 * used VM, and when the troubles end every node is back in service.
 *
 *	world [--seed N] [--count N] [--seconds N] [--crashes N] [--first]
 *	      [--verbose]
 *
 * Runs seeds from N on, so many of them, or until so much time has passed,
 * or until scloned has died so many times, or until something is wrong for
 * the first time. --verbose tells the story.
 */
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/parse.h"
#include "tap.h"
#include "world.h"
#include "audit.h"
#include "plan.h"
#include "process.h"
#include "story.h"

struct options {
	uint64_t seed, count, seconds, crashes;
	bool first, verbose;
};

static void _number(uint64_t *out)
{
	struct err err = ERR_INIT;

	if (parse_u64(optarg, 1, UINT64_MAX, out, &err) < 0)
		bail_out("%s", err.text);
}

static void _read_options(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "crashes", required_argument, NULL, 'c' },
		{ "first", no_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 's':
			_number(&options->seed);
			break;
		case 'n':
			_number(&options->count);
			break;
		case 't':
			_number(&options->seconds);
			break;
		case 'c':
			_number(&options->crashes);
			break;
		case 'f':
			options->first = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		default:
			exit(2);
		}
	}
}

static double _seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static bool _goes_on(const struct options *options, uint64_t done,
		     double since)
{
	if (options->count && done >= options->count)
		return false;
	if (options->first && audit_wrongs())
		return false;
	if (options->crashes && process_crashes() >= options->crashes)
		return false;
	return !options->seconds ||
	       _seconds() - since < (double) options->seconds;
}

int main(int argc, char **argv)
{
	struct options options = { .seed = 1 };
	double since = _seconds(), took;
	uint64_t done = 0;

	_read_options(argc, argv, &options);
	if (!options.count && !options.seconds && !options.crashes)
		options.count = 8;
	story_tell(options.verbose);
	if (world_prepare() < 0)
		bail_out("no configuration");
	for (; _goes_on(&options, done, since); done++)
		(void) world_run(options.seed + done);
	took = _seconds() - since;
	world_report();
	diag("%u crashes in %.1f s, %.0f a second; replay: --seed N "
	     "--count 1 --verbose", process_crashes(), took,
	     process_crashes() / took);
	is_int(audit_wrongs(), 0, "nothing was wrong in any seed");
	world_release();
	return done_testing();
}
