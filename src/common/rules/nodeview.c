/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "failure.h"
#include "nodeview.h"

bool nodeview_up(const struct nodeview *view)
{
	return (view->base == NODE_IDLE || view->base == NODE_ALLOCATED) &&
	       !view->powering_up && !view->powered_down &&
	       !view->powering_down && !view->not_responding;
}

bool nodeview_released(const struct nodeview *view)
{
	return view->powering_down ||
	       (view->powered_down && !view->powering_up &&
		view->base != NODE_ALLOCATED);
}

bool nodeview_off(const struct nodeview *view)
{
	return view->base == NODE_IDLE && view->powered_down &&
	       !view->powering_up && !view->powering_down;
}

bool nodeview_our_drain(const struct nodeview *view)
{
	return view->drain && failure_is_ours(view->reason);
}

/* What a job has left on its VM: later versions name the job behind it. */
static bool _is_leftover(const char *reason)
{
	static const char *const begins[] = {
		"Epilog error", "Kill task failed"
	};

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(reason, begins[i], strlen(begins[i])))
			return true;
	return false;
}

bool nodeview_leftover_drain(const struct nodeview *view)
{
	return view->drain && _is_leftover(view->reason);
}

bool nodeview_admin_drain(const struct nodeview *view)
{
	return view->drain && !failure_is_ours(view->reason) &&
	       !_is_leftover(view->reason);
}

bool nodeview_slurms_reason(const struct nodeview *view)
{
	static const char *const reasons[] = {
		"Not responding", "ResumeTimeout reached",
		"Node unexpectedly rebooted"
	};

	if (_is_leftover(view->reason))
		return true;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (!strcmp(view->reason, reasons[i]))
			return true;
	return false;
}

bool nodeview_admin_down(const struct nodeview *view)
{
	return view->base == NODE_DOWN && *view->reason &&
	       !nodeview_slurms_reason(view) &&
	       !failure_is_ours(view->reason);
}
