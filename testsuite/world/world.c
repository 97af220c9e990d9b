/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "world.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "disk.h"
#include "fake_executor.h"
#include "front.h"
#include "fake_link.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"
#include "vcenter.h"

#define TROUBLE (3000 * S)	/* so long things go wrong */
#define PEACE (2400 * S)	/* so long they may heal */
#define SERVICE (600 * S)	/* so long the last jobs may take */

static uint64_t things, seeds;

int world_prepare(void)
{
	return process_prepare();
}

void world_release(void)
{
	process_release();
	disk_end();
	agenda_end();
}

/* --- what else happens once a second ------------------------------------ */

static void _turn_clock(void)
{
	if (plan_strikes(FAULT_CLOCK_FORWARD))
		agenda_set_error(dice_us(S, 3600 * S));
	else if (plan_strikes(FAULT_CLOCK_BACK))
		agenda_set_error(-dice_us(S, 3600 * S));
	else
		return;
	story("clock", "jumps to %+.1f s", (double) (agenda_wall() -
					 agenda_true_wall()) / S);
}

static void _give_orders(void)
{
	int node = (int) dice(SLURM_NODES);
	const struct record *rec;

	if (plan_strikes(FAULT_HOLD))
		front_order("hold", node);
	else if (dice_permille(50))
		front_order("unhold", node);
	rec = process_record(slurm_node_name(node));
	if (rec && *rec->quarantine && dice_permille(20))
		front_order("release", node);
	if (plan_strikes(FAULT_PAUSE))
		front_order("pause", -1);
	else if (dice_permille(100))
		front_order("unpause", -1);
}

static void _tick(void *data)
{
	(void) data;
	agenda_after(S, _tick, NULL, 0);
	slurm_tick();
	vcenter_tick();
	_turn_clock();
	_give_orders();
	if (dice_permille(10))
		disk_back_up();
}

/* --- a seed ------------------------------------------------------------- */

static void _run_for(int64_t us)
{
	int64_t end = agenda_now() + us;

	while (agenda_now() < end && !audit_is_wrong()) {
		if (!agenda_next())
			return;
		process_check();
		things++;
	}
}

static void _begin(uint64_t seed)
{
	dice_begin(seed);
	agenda_begin();
	plan_begin();
	audit_begin(seed);
	disk_begin();
	vcenter_begin();
	slurm_begin();
	front_begin();
	process_begin();
	agenda_after(0, _tick, NULL, 0);
	seeds++;
}

/* Whoever pays attention ends what he began. */
static void _make_peace(void)
{
	story("world", "peace");
	plan_make_peace();
	agenda_set_error(0);
	for (int i = 0; i < SLURM_NODES; i++)
		front_order("unhold", i);
	front_order("unpause", -1);
	process_kill();		/* the next one has the right sclone.conf */
}

/* Each node that is not drained serves a job of its own. */
static void _serve(void)
{
	story("world", "a job for each node");
	for (int i = 0; i < SLURM_NODES; i++)
		if (!*slurm_node(i)->admin_reason)
			slurm_submit(1, 10 * S);
}

bool world_run(uint64_t seed)
{
	_begin(seed);
	_run_for(TROUBLE);
	if (!audit_is_wrong())
		_make_peace();
	_run_for(PEACE);
	if (!audit_is_wrong())
		audit_end();
	if (!audit_is_wrong())
		_serve();
	_run_for(SERVICE);
	if (!audit_is_wrong())
		audit_end();
	process_end();
	return !audit_is_wrong();
}

void world_report(void)
{
	diag("%llu seeds, %llu things, %llu acts, %llu calls, %llu commits",
	     (unsigned long long) seeds, (unsigned long long) things,
	     (unsigned long long) executor_acts(),
	     (unsigned long long) link_calls(),
	     (unsigned long long) disk_commits());
	diag("%llu jobs ran, %llu were told why not",
	     (unsigned long long) slurm_jobs_run(),
	     (unsigned long long) slurm_jobs_told());
	for (int i = 0; i < BARRIERS; i++)
		diag("%9llu crashes %s",
		     (unsigned long long) process_crashes_at(i),
		     barrier_name(i));
	for (int i = 0; i < FAULTS; i++)
		diag("%9llu x %s", (unsigned long long) plan_struck(i),
		     plan_fault_name(i));
}
