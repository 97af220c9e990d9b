/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#define ANY(kinds) ((1u << (kinds)) - 1u)
#define ONE(kind) (1u << (kind))
#define NO_VM (ONE(SIGHT_NONE) | ONE(SIGHT_FOREIGN))
#define OUR_VM (ONE(SIGHT_OURS) | ONE(SIGHT_OTHER))
#define NOT_THE_VM (ONE(SIGHT_NONE) | ONE(SIGHT_FOREIGN) | ONE(SIGHT_OTHER))

struct rule {
	unsigned stages, sights, nodes;
	struct reconcile_row row;
};

#define NOTHING { .text = "in order" }
#define LEAVE(why) { .text = why }
#define ROW(ev, why, much, ask) \
	{ EVENT_##ev, CAUSE_NONE, true, much, ask, why }
#define CONDEMN(code, why, much, ask) \
	{ EVENT_CONDEMN, CAUSE_##code, true, much, ask, why }

/* The first that fits is right. */
static const struct rule rules[] = {
	{ ANY(STAGES), ANY(SIGHTS), ONE(RECONCILE_UNKNOWN),
	  LEAVE("Slurm does not answer: nothing is done") },
	{ ANY(STAGES), ONE(SIGHT_UNKNOWN), ANY(RECONCILE_NODES),
	  LEAVE("vCenter was not read whole: nothing is done") },
	{ ONE(STAGE_ENDING), ANY(SIGHTS), ANY(RECONCILE_NODES),
	  LEAVE("being released") },
	{ ANY(STAGES), ANY(SIGHTS), ONE(RECONCILE_MISSING),
	  LEAVE("not in Slurm: release it by hand if it must go") },

	/* No record of a VM. */
	{ ONE(STAGE_ABSENT), OUR_VM,
	  ONE(RECONCILE_UP) | ONE(RECONCILE_BOOTING),
	  LEAVE("a clone without record serves; it goes when Slurm ends it") },
	{ ONE(STAGE_ABSENT), OUR_VM, ONE(RECONCILE_GOING),
	  ROW(FOUND, "a clone without record, and Slurm gives it up",
	      false, false) },
	{ ONE(STAGE_ABSENT), OUR_VM, ANY(RECONCILE_NODES),
	  ROW(FOUND, "a clone that nobody uses", true, true) },
	{ ONE(STAGE_ABSENT), NO_VM, ONE(RECONCILE_GOING),
	  ROW(SUSPENDED, "Slurm waits for a release that nobody passed on",
	      true, false) },
	{ ONE(STAGE_ABSENT), NO_VM, ONE(RECONCILE_STUCK),
	  ROW(RESUME_FAILED, "the node is stuck down", true, false) },
	{ ONE(STAGE_ABSENT), NO_VM,
	  ONE(RECONCILE_UP) | ONE(RECONCILE_BOOTING),
	  CONDEMN(LOST, "Slurm counts on a node that has no VM", true,
		  false) },

	/* A clone is on its way or at work. */
	{ ONE(STAGE_COMING) | ONE(STAGE_USING), ANY(SIGHTS),
	  ONE(RECONCILE_GOING),
	  ROW(SUSPENDED, "Slurm gives the node up, but nobody passed it on",
	      false, false) },
	{ ONE(STAGE_COMING) | ONE(STAGE_USING), ANY(SIGHTS),
	  ONE(RECONCILE_STUCK),
	  ROW(RESUME_FAILED, "Slurm gave up waiting, but nobody passed it on",
	      true, false) },
	{ ONE(STAGE_USING), NOT_THE_VM, ANY(RECONCILE_NODES),
	  ROW(VM_LOST, "the node's VM does not exist any more", true,
	      false) },
	{ ONE(STAGE_COMING) | ONE(STAGE_USING), ANY(SIGHTS),
	  ONE(RECONCILE_OFF),
	  CONDEMN(ORPHAN, "Slurm thinks the node is off", true, true) },
	{ ANY(STAGES), ANY(SIGHTS), ANY(RECONCILE_NODES), NOTHING },
};

enum reconcile_stage reconcile_stage(enum phase phase)
{
	if (phase == PHASE_ABSENT)
		return STAGE_ABSENT;
	if (phase <= PHASE_CLONING)
		return STAGE_COMING;
	return phase <= PHASE_READY ? STAGE_USING : STAGE_ENDING;
}

enum reconcile_node reconcile_node(const struct nodeview *view)
{
	if (!view->seen || view->base == NODE_UNKNOWN)
		return RECONCILE_UNKNOWN;
	if (view->powering_down)
		return RECONCILE_GOING;
	if (view->powering_up)
		return RECONCILE_BOOTING;
	if (view->base == NODE_DOWN ||
	    (view->powered_down && view->not_responding))
		return RECONCILE_STUCK;
	if (view->powered_down)
		return view->base == NODE_ALLOCATED ? RECONCILE_BOOTING :
						      RECONCILE_OFF;
	if (view->base == NODE_OTHER)
		return RECONCILE_UNKNOWN;
	return RECONCILE_UP;
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

bool reconcile_confirm(struct reconcile_count *count,
		       enum reconcile_stage stage, enum reconcile_sight sight,
		       enum reconcile_node node, uint64_t epoch, int64_t born,
		       int64_t now)
{
	struct reconcile_row row = reconcile_row(stage, sight, node);
	unsigned what = 1 + stage + STAGES * (sight + SIGHTS * node);

	if (!row.found) {
		*count = (struct reconcile_count) { 0 };
		return false;
	}
	if (!row.twice)
		return true;
	if (count->what != what || count->epoch != epoch ||
	    now < count->first)
		*count = (struct reconcile_count) { epoch, what, now };
	if (born && now - born < RECONCILE_YOUNG)
		return false;
	return now - count->first >= RECONCILE_GAP;
}

bool reconcile_calm(bool slurm_answers, int64_t slurm_started, int64_t now)
{
	return slurm_answers && now - slurm_started >= RECONCILE_CALM;
}

bool reconcile_brake(size_t unasked, size_t vms)
{
	size_t allowed = vms / 20;	/* 5 % */

	return unasked > (allowed > 4 ? allowed : 4);
}
