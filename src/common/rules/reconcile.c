/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#define ANY(kinds) ((1u << (kinds)) - 1u)
#define ONE(kind) (1u << (kind))
#define OUR_VM (ONE(SIGHT_OURS) | ONE(SIGHT_OLDER) | ONE(SIGHT_NEWER))
#define NOT_THE_VM (ONE(SIGHT_NONE) | ONE(SIGHT_FOREIGN) | ONE(SIGHT_OLDER))
#define WANTED (ONE(RECONCILE_UP) | ONE(RECONCILE_BOOTING))

struct rule {
	unsigned stages, sights, nodes;
	struct reconcile_row row;
};

#define NOTHING(why) { .text = why }
#define LEAVE(why) { .odd = true, .text = why }
#define ROW(what, why, ...) \
	{ .event = EVENT_##what, .found = true, .odd = true, .text = why, \
	  __VA_ARGS__ }
#define AT_ONCE .twice = false
#define TWICE .twice = true
#define UNASKED .twice = true, .unasked = true
#define CONDEMN(code, why) ROW(CONDEMN, why, .cause = CAUSE_##code, UNASKED)

/* The first that fits is right. */
static const struct rule rules[] = {
	{ ANY(STAGES), ANY(SIGHTS), ONE(RECONCILE_UNKNOWN),
	  LEAVE("Slurm does not tell: nothing is done") },
	{ ANY(STAGES), ONE(SIGHT_UNKNOWN), ANY(RECONCILE_NODES),
	  LEAVE("vCenter was not read whole: nothing is done") },
	{ ONE(STAGE_ENDING), ANY(SIGHTS), ANY(RECONCILE_NODES),
	  NOTHING("being released") },
	{ ONE(STAGE_ABSENT), ONE(SIGHT_NONE), ONE(RECONCILE_MISSING),
	  NOTHING("not in Slurm's node table") },
	{ ANY(STAGES), ANY(SIGHTS), ONE(RECONCILE_MISSING),
	  LEAVE("not in Slurm's node table: \"sclone release\" if the VM "
		"must go") },
	{ ONE(STAGE_ABSENT), ONE(SIGHT_NONE), ONE(RECONCILE_DOWN),
	  NOTHING("an admin has set the node down") },
	{ ANY(STAGES), ANY(SIGHTS), ONE(RECONCILE_DOWN),
	  LEAVE("an admin has set the node down: left as it is") },

	/* No record of a VM. */
	{ ONE(STAGE_ABSENT), ONE(SIGHT_FOREIGN), ANY(RECONCILE_NODES),
	  LEAVE("a VM without sclone's mark has the node's name: it is "
		"never touched") },
	{ ONE(STAGE_ABSENT), OUR_VM, WANTED,
	  LEAVE("a clone without record serves; it goes when Slurm ends it") },
	{ ONE(STAGE_ABSENT), OUR_VM, ONE(RECONCILE_GOING),
	  ROW(FOUND, "a clone without record, and Slurm gives it up",
	      AT_ONCE) },
	{ ONE(STAGE_ABSENT), OUR_VM, ANY(RECONCILE_NODES),
	  ROW(FOUND, "a clone that nobody uses", UNASKED) },
	{ ONE(STAGE_ABSENT), ONE(SIGHT_NONE), ONE(RECONCILE_GOING),
	  ROW(SUSPENDED, "Slurm waits for a release that nobody passed on",
	      TWICE) },
	{ ONE(STAGE_ABSENT), ONE(SIGHT_NONE), ONE(RECONCILE_STUCK),
	  ROW(RESUME_FAILED, "the node is stuck down", TWICE) },
	{ ONE(STAGE_ABSENT), ONE(SIGHT_NONE), ONE(RECONCILE_BOOTING),
	  CONDEMN(LOST, "Slurm waits for a node that nobody makes") },
	{ ONE(STAGE_ABSENT), ONE(SIGHT_NONE), ONE(RECONCILE_UP),
	  CONDEMN(LOST, "Slurm counts on a node that has no VM") },

	/* A clone is on its way or at work. */
	{ ONE(STAGE_USING), ONE(SIGHT_NEWER), WANTED | ONE(RECONCILE_GOING),
	  ROW(FOUND, "the journal is older than the node's VM", AT_ONCE) },
	{ ONE(STAGE_USING), ONE(SIGHT_NEWER), ANY(RECONCILE_NODES),
	  ROW(FOUND, "the journal is older than the node's VM, which nobody "
		     "uses", UNASKED) },
	{ ONE(STAGE_COMING) | ONE(STAGE_USING), ANY(SIGHTS),
	  ONE(RECONCILE_GOING),
	  ROW(SUSPENDED, "Slurm gives the node up, but nobody passed it on",
	      AT_ONCE) },
	{ ONE(STAGE_USING), ONE(SIGHT_OURS), ONE(RECONCILE_STUCK),
	  ROW(RESUME_FAILED, "the VM is there, but Slurm gave its node up",
	      UNASKED) },
	{ ONE(STAGE_COMING) | ONE(STAGE_USING), ANY(SIGHTS),
	  ONE(RECONCILE_STUCK),
	  ROW(RESUME_FAILED, "Slurm gave up waiting, but nobody passed it on",
	      TWICE) },
	{ ONE(STAGE_USING), NOT_THE_VM, ONE(RECONCILE_OFF),
	  ROW(SUSPENDED, "the VM is gone, and Slurm has the node off",
	      TWICE) },
	{ ONE(STAGE_USING), NOT_THE_VM, ANY(RECONCILE_NODES),
	  ROW(VM_LOST, "the node's VM does not exist any more", UNASKED) },
	{ ONE(STAGE_COMING) | ONE(STAGE_USING), ANY(SIGHTS),
	  ONE(RECONCILE_OFF),
	  CONDEMN(ORPHAN, "Slurm thinks the node is off") },
	{ ANY(STAGES), ANY(SIGHTS), ANY(RECONCILE_NODES),
	  NOTHING("in order") },
};

static const char *const sights[SIGHTS] = {
	"unknown", "none", "ours", "older", "newer", "foreign"
};

static const char *const nodes[RECONCILE_NODES] = {
	"unknown", "missing", "off", "booting", "up", "going", "stuck",
	"admin-down"
};

enum reconcile_stage reconcile_stage(enum phase phase)
{
	if (phase == PHASE_ABSENT)
		return STAGE_ABSENT;
	if (phase <= PHASE_CLONING)
		return STAGE_COMING;
	return phase <= PHASE_READY ? STAGE_USING : STAGE_ENDING;
}

enum reconcile_node reconcile_node(const struct nodeview *view, bool missing)
{
	if (missing)
		return RECONCILE_MISSING;
	if (!view->seen || view->base == NODE_UNKNOWN)
		return RECONCILE_UNKNOWN;
	if (view->powering_down)
		return RECONCILE_GOING;
	if (view->powering_up)
		return RECONCILE_BOOTING;
	if (view->base == NODE_DOWN)
		return nodeview_admin_down(view) ? RECONCILE_DOWN
						 : RECONCILE_STUCK;
	if (view->powered_down && view->not_responding &&
	    view->base != NODE_ALLOCATED)
		return RECONCILE_STUCK;
	if (view->powered_down)
		return view->base == NODE_ALLOCATED ? RECONCILE_BOOTING :
						      RECONCILE_OFF;
	if (view->base == NODE_OTHER)
		return RECONCILE_UNKNOWN;
	return RECONCILE_UP;
}

enum reconcile_sight reconcile_sight(const struct record *rec, uint64_t epoch)
{
	if (epoch == rec->epoch)
		return SIGHT_OURS;
	return epoch > rec->last_epoch ? SIGHT_NEWER : SIGHT_OLDER;
}

struct reconcile_row reconcile_row(enum reconcile_stage stage,
				   enum reconcile_sight sight,
				   enum reconcile_node node)
{
	size_t last = sizeof(rules) / sizeof(rules[0]) - 1;

	for (size_t i = 0; i < last; i++)
		if (rules[i].stages & (1u << stage) &&
		    rules[i].sights & (1u << sight) &&
		    rules[i].nodes & (1u << node))
			return rules[i].row;
	return rules[last].row;
}

const char *reconcile_sight_name(enum reconcile_sight sight)
{
	return (unsigned) sight < SIGHTS ? sights[sight] : "invalid";
}

const char *reconcile_node_name(enum reconcile_node node)
{
	return (unsigned) node < RECONCILE_NODES ? nodes[node] : "invalid";
}

/* Times come from journals, slurmctld and clocks: any of them may be odd. */
static int64_t _elapsed(int64_t since, int64_t now)
{
	int64_t elapsed;

	if (__builtin_sub_overflow(now, since, &elapsed))
		return now > since ? INT64_MAX : INT64_MIN;
	return elapsed;
}

static bool _is_young(uint64_t epoch, int64_t first, int64_t now)
{
	int64_t born = now >= 0 && epoch <= (uint64_t) now ? (int64_t) epoch
							   : first;

	return _elapsed(born, now) < RECONCILE_YOUNG;
}

enum reconcile_when reconcile_confirm(struct reconcile_count *count,
				      enum reconcile_stage stage,
				      enum reconcile_sight sight,
				      enum reconcile_node node,
				      uint64_t epoch, bool exists,
				      int64_t now)
{
	struct reconcile_row row = reconcile_row(stage, sight, node);
	unsigned what = 1 + stage + STAGES * (sight + SIGHTS * node);

	if (!row.found || !row.twice) {
		*count = (struct reconcile_count) { 0 };
		return RECONCILE_NOW;
	}
	if (count->what != what || count->epoch != epoch ||
	    now < count->first)
		*count = (struct reconcile_count) { epoch, what, now };
	if (exists && _is_young(epoch, count->first, now))
		return RECONCILE_AGE;
	return _elapsed(count->first, now) >= RECONCILE_GAP ? RECONCILE_NOW
							    : RECONCILE_AGAIN;
}

bool reconcile_calm(bool slurm_answers, int64_t slurm_started, int64_t now)
{
	/* It cannot start in the future: the clock was set back since. */
	return slurm_answers && (slurm_started > now ||
				 _elapsed(slurm_started, now) >=
					 RECONCILE_CALM);
}

bool reconcile_brake(size_t unasked, size_t vms)
{
	size_t allowed = vms / 20;	/* 5 % */

	return unasked > (allowed > 4 ? allowed : 4);
}
