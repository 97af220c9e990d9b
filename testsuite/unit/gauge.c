/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capacity is told of sources: who shares a host or a datastore, what is
 * free there, and what is not known. Planner and sources are made up. */
#include <string.h>

#include "scloned/gauge.h"
#include "tap.h"

#define CONF                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9-[1-2]\n"                       \
	"TemplateName=u22 Sources=/DC/vm/t/u22\n"                           \
	"NodeName=vm[1-3] Templates=r9,u22\n"
#define COUNT 3

static struct place_source places[COUNT];
static struct source list[COUNT];
static struct err problem;
static struct config *config;
static struct gauge *gauge;
static struct capacity_facts facts;

/* --- what the gauge sees ------------------------------------------------ */

const struct place_source *planner_place(const struct planner *planner,
					 size_t source)
{
	(void) planner;
	return &places[source];
}

size_t sources_count(const struct sources *sources)
{
	(void) sources;
	return COUNT;
}

const struct source *sources_at(const struct sources *sources, size_t index)
{
	(void) sources;
	return &list[index];
}

const struct err *sources_problem(const struct sources *sources)
{
	(void) sources;
	return problem.code ? &problem : NULL;
}

/* All is well: two sources on one host, two on one datastore. */
static void _good(void)
{
	static const char *const hosts[] = { "host-1", "host-1", "host-2" };
	static const char *const stores[] = { "ds-1", "ds-2", "ds-1" };

	problem = (struct err) ERR_INIT;
	for (size_t i = 0; i < COUNT; i++) {
		list[i].state = SOURCE_FROZEN;
		places[i] = (struct place_source) {
			.name = "s", .template_name = i < 2 ? "r9" : "u22",
			.found = true, .powered_on = true, .frozen = true,
			.host_ok = true, .lanes = 8, .host_id = hosts[i],
			.store_id = stores[i],
			.memory_free = 10000, .memory_need = 1000,
			.space_free = 5000, .space_need = 500,
		};
	}
	gauge_outdate(gauge);
}

static const struct capacity_source *_read(size_t index)
{
	gauge_read(gauge, config, NULL, &facts);
	return &facts.sources[index];
}

/* --- the tests ---------------------------------------------------------- */

static void _test_shared(void)
{
	_good();
	ok(_read(1)->host == _read(0)->host && _read(2)->host != 0,
	   "sources of one host share its memory, others do not");
	ok(_read(2)->store == _read(0)->store && _read(1)->store == 1,
	   "likewise a datastore its space");
	is_int((int64_t) facts.source_count, COUNT, "all are told");
	ok(_read(0)->template == 0 && _read(2)->template == 1,
	   "with their templates");
	places[1].host_id = "host-2";
	is_int(_read(1)->host, 0, "that is of the last look");
	gauge_outdate(gauge);
	ok(_read(1)->host == 1 && _read(2)->host == 1,
	   "a source that was moved counts where it is after the next");
	places[0].host_id = places[1].host_id = "";
	places[0].store_id = places[2].store_id = NULL;
	gauge_outdate(gauge);
	ok(_read(0)->host == 0 && _read(1)->host == 1 &&
	   _read(0)->store == 0 && _read(2)->store == 2,
	   "nobody shares a place that is not told");
}

static void _test_free(void)
{
	_good();
	is_int(_read(0)->memory_free, 10000, "MiB are told as they are");
	is_int(_read(0)->space_free, 5000, "of a datastore as well");
	ok(_read(0)->memory_need == 1000 && _read(0)->space_need == 500 &&
	   _read(0)->lanes == 8, "and what a clone needs");
	places[0].memory_held = 4000;
	places[0].space_held = 4999;
	ok(_read(0)->memory_free == 6000 && _read(0)->space_free == 1,
	   "what clones will take is not free");
	places[0].memory_held = 10001;
	places[0].space_held = 99999;
	ok(!_read(0)->memory_free && !_read(0)->space_free,
	   "less than nothing is nothing");
}

/* An account that may not read a host or a datastore. */
static void _test_untold(void)
{
	_good();
	places[0].memory_free = places[0].space_free = PLACE_UNKNOWN;
	places[0].memory_need = places[0].space_need = PLACE_UNKNOWN;
	places[0].memory_held = places[0].space_held = 700;
	ok(_read(0)->memory_free == PLACE_UNKNOWN &&
	   _read(0)->space_free == PLACE_UNKNOWN,
	   "a figure that is not told is not known, whatever is held");
	ok(_read(0)->memory_need == PLACE_UNKNOWN &&
	   _read(0)->space_need == PLACE_UNKNOWN, "nor is such a need");
	ok(_read(0)->known && _read(0)->usable && !gauge_is_unsure(gauge),
	   "the source is known and of use all the same");
}

static void _test_known(void)
{
	_good();
	places[1].drained = true;
	ok(!_read(1)->usable && _read(1)->known && _read(0)->usable,
	   "one that is out of use is known to be");
	list[1].state = SOURCE_UNKNOWN;
	ok(!_read(1)->known && _read(0)->known && gauge_is_unsure(gauge),
	   "one that was not looked at yet is not");
	_good();
	places[2].template_name = "gone";
	ok(!_read(2)->known && !gauge_is_unsure(gauge),
	   "nor is one of a template that has left; that is no doubt");
	_good();
	err_set(&problem, ERR_TRANSIENT, "away");
	ok(!_read(0)->known && !_read(2)->known && gauge_is_unsure(gauge),
	   "nothing is while vCenter is away");
	_good();
	ok(_read(0)->known && !gauge_is_unsure(gauge), "all is, afterwards");
}

int main(void)
{
	struct err err = ERR_INIT;

	config = config_parse("s.conf", CONF, strlen(CONF), &err);
	gauge = gauge_create(NULL);
	if (!config || !gauge)
		bail_out("%s", err.text);
	_test_shared();
	_test_free();
	_test_untold();
	_test_known();
	gauge_destroy(gauge);
	config_destroy(config);
	return done_testing();
}
