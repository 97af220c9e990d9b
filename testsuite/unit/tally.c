/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What node names count as, and which are closed and opened for isolation. */
#include <string.h>

#include "common/clone/tally.h"
#include "common/rules/text.h"
#include "tap.h"

#define CONF                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"MaxClones=3\n"                                                     \
	"TemplateName=r9 Sources=/DC/vm/t/r9\n"                             \
	"TemplateName=u22 Sources=/DC/vm/t/u22 MaxClones=1\n"               \
	"NodeName=vm[1-3] Templates=r9,u22\n"                               \
	"NodeName=sh1 Templates=u22,r9 Isolation=shared "             \
	"MaxClones=2\n"
#define OFF .base = NODE_IDLE, .powered_down = true
#define COUNT(node, ...)                                                    \
	_count(node, (struct nodeview) { .seen = 1, __VA_ARGS__ })
#define KIND(want, what) \
	is_int(tally_kind(tally, 0, 0), CAPACITY_##want, what)
#define MOVE(want, what)                                                    \
	ok(tally_move(tally, 0, 0) == TALLY_##want &&                       \
	   tally_moves(tally) == (TALLY_##want != TALLY_STAYS), what)

#define ISOLATED(want, what)                                                \
	is_int((int64_t) tally_isolated(tally, 0, &first), want, what)

static struct config *config;
static struct tally *tally;

static void _count(const char *node, struct nodeview view)
{
	struct record rec;

	if (record_init(&rec, "c1", node, NULL) < 0)
		bail_out("record_init");
	rec.view = view;
	tally_count(tally, &rec);
}

static void _isolation(void)
{
	size_t first = 9;

	COUNT("vm1", OFF);
	KIND(OPEN, "a free name");
	MOVE(STAYS, "of which isolation wants nothing");
	COUNT("vm1", OFF, .drain = true,
	      .reason = FAILURE_ISOLATION " partition vm");
	KIND(OUT, "one that was drained for that");
	MOVE(STAYS, "stays so before the partitions are known");
	tally_bar(tally, "vm1", true);
	COUNT("vm1", OFF);
	KIND(OUT, "no room is looked for a name that is shared");
	MOVE(CLOSES, "it is to be drained");
	ISOLATED(1, "and counted as out for isolation");
	COUNT("vm1", OFF, .drain = true,
	      .reason = FAILURE_ISOLATION " partition vm");
	KIND(OUT, "drained it is not opened for want of room");
	ISOLATED(1, "and is counted on");
	is_int((int64_t) first, 0, "the first one is told");
	MOVE(STAYS, "and stays so");
	COUNT("vm1", .base = NODE_ALLOCATED, .powered_down = true);
	MOVE(STAYS, "a job was quicker: not while it is in use");
	ISOLATED(0, "nor is it counted so then");
	COUNT("vm1", OFF, .drain = true, .reason = "disk");
	MOVE(STAYS, "nor with an admin's drain");
	COUNT("vm1", OFF, .drain = true, .reason = FAILURE_CAPACITY " x");
	KIND(OUT, "closed for want of room it is closed");
	tally_bar(tally, "vm1", false);
	COUNT("vm1", OFF, .drain = true, .reason = FAILURE_CAPACITY " x");
	KIND(CLOSED, "and waits for room afterwards");
	ISOLATED(0, "which is not for isolation");
	COUNT("vm2", OFF, .drain = true,
	      .reason = FAILURE_ISOLATION " partition vm");
	ISOLATED(1, "another name of the set is");
	is_int((int64_t) first, 1, "at its place");
	COUNT("vm2", OFF);
	COUNT("vm1", OFF, .drain = true,
	      .reason = FAILURE_ISOLATION " partition vm");
	MOVE(OPENS, "the partition is mended: it is given back");
	tally_refuse(tally, "vm1");
	MOVE(STAYS, "unless slurmctld does not take that");
	tally_bar(tally, "nosuch", true);
	COUNT("nosuch", OFF);
	is_int(tally_moves(tally), 0, "other nodes do not count");
}

static void _offers(void)
{
	const struct capacity_set *sets = tally_sets(tally);

	ok(sets[0].templates == 3 && sets[1].templates == 2,
	   "shared nodes want room for their default template alone");
}

static void _all_out(void)
{
	is_int((int64_t) tally_sets(tally)[0].kinds[CAPACITY_OUT], 3,
	       "names that were not counted yet are out");
	is_int(tally_template(tally, 0, 0), -1, "and clones of nothing");
	COUNT("vm1", OFF);
	tally_refuse(tally, "vm1");
	COUNT("vm1", OFF);
	KIND(OUT, "one that slurmctld does not take updates of stays out");
	tally_accept(tally, "vm1");
	COUNT("vm1", OFF);
	KIND(OPEN, "until it is shown again");
	tally_begin(tally, "vm1", "gone");
	KIND(CLONE, "a clone of a template that has left is a clone");
	is_int(tally_template(tally, 0, 0), -1, "of no template");
	COUNT("vm1", OFF);
}

/* How many more clones there may be, as far as that goes. */
static size_t _most(const char *node, const char *template_name)
{
	unsigned limits[KIND_LIMITS_EACH];
	unsigned count = tally_limits(config, node, template_name, limits);
	size_t most = SIZE_MAX;

	for (unsigned i = 0; i < count; i++)
		if (tally_room(tally, limits[i]) < most)
			most = tally_room(tally, limits[i]);
	return most;
}

static void _fits(const char *node, const char *template_name, size_t most,
		  const char *what)
{
	is_int((int64_t) _most(node, template_name), (int64_t) most, what);
}

static void _limits(void)
{
	_fits("vm1", "r9", 3, "so many clones as MaxClones= of all");
	_fits("vm1", "u22", 1, "or of the template");
	_fits("sh1", "r9", 2, "or of the node set");
	tally_begin(tally, "vm2", "u22");
	is_int(tally_template(tally, 0, 1), 1, "one has begun");
	is_int((int64_t) tally_templates(tally)[1].clones, 1, "and counts");
	_fits("vm1", "u22", 0, "for its template");
	_fits("vm1", "r9", 2, "and for all");
	_fits("sh1", "r9", 2, "but not for another set");
	tally_begin(tally, "sh1", "r9");
	_fits("sh1", "r9", 1, "as one of that set does");
	COUNT("vm2", OFF);
	COUNT("sh1", OFF);
	_fits("vm1", "u22", 1, "none does that is gone");
	ok(_most("nosuch", "r9") == SIZE_MAX &&
	   _most("vm1", "nosuch") == SIZE_MAX,
	   "what is not in sclone.conf has no limit here");
	for (const char *node = "vm1\0vm2\0vm3\0sh1\0"; *node; node += 4)
		tally_begin(tally, node, "r9");
	_fits("vm1", "r9", 0, "more clones than that leave no room");
	for (const char *node = "vm1\0vm2\0vm3\0sh1\0"; *node; node += 4)
		COUNT(node, OFF);
}

int main(void)
{
	struct err err = ERR_INIT;

	config = config_parse("s.conf", CONF, strlen(CONF), &err);
	tally = config ? tally_create(config, &err) : NULL;
	if (!tally)
		bail_out("%s", err.text);
	_all_out();
	_limits();
	_isolation();
	_offers();
	tally_destroy(tally);
	config_destroy(config);
	return done_testing();
}
