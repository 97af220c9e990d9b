/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules after a crash, with an old journal or a wrong clock. */
#include "engine_scene.h"

/* The record was restored from before its submit: its epoch may have been
 * used since. */
static void _renewed_epoch(void)
{
	uint64_t epoch;

	_reach(PHASE_REQUESTED);
	epoch = rec.epoch;
	now += S;
	engine_derive(&conf, &rec, now, &out);
	IN(REQUESTED, "after a restart");
	ok(rec.epoch > epoch && out.changed, "the epoch is a new one");
	_reach(PHASE_ADMITTED);
	epoch = rec.epoch;
	now += S;
	engine_derive(&conf, &rec, now, &out);
	ok(rec.epoch == epoch, "but not once a submit may be under way");
	ACTS(LOOK_UP, "which is looked up");
}

int main(void)
{
	_renewed_epoch();
	return done_testing();
}
