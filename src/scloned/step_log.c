/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/log.h"
#include "common/rules/failure.h"
#include "step_log.h"

void step_log(const struct record *rec, const struct event *ev,
	      const struct outcome *out)
{
	/* The end of an act may have begun the next cycle already. */
	unsigned long long epoch = ev->epoch ? ev->epoch : rec->epoch;

	log_debug("node %s epoch %llu: %s %s -> %s%s%s", rec->node, epoch,
		  event_name(ev->kind), ev->text ? ev->text : "",
		  record_phase_name(rec->phase), out->ignored ? ": " : "",
		  out->ignored ? out->ignored : "");
	if (out->ready && !rec->at[PHASE_REQUESTED])
		log_info("node %s epoch %llu: taken over", rec->node, epoch);
	else if (out->ready)
		log_info("node %s epoch %llu: ready after %lld ms", rec->node,
			 epoch, (long long) (rec->at[PHASE_READY] -
					     rec->at[PHASE_REQUESTED]) /
					    1000);
	if (out->failed && failure_of(out->failed)->cure != CURE_NONE)
		log_warn("node %s epoch %llu: (%s) %s", rec->node, epoch,
			 failure_of(out->failed)->name,
			 *rec->error ? rec->error : rec->why);
	else if ((ev->kind == EVENT_FAILED && !ev->unsent) ||
		 ev->kind == EVENT_UNKNOWN ||
		 ev->kind == EVENT_GUARD_REFUSED)
		log_warn("node %s epoch %llu: %s: %s", rec->node, epoch,
			 action_name(ev->act), ev->text ? ev->text : "");
	if (ev->kind == EVENT_RECORDED)
		log_info("node %s epoch %llu: proven gone", rec->node, epoch);
}
