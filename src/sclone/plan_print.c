/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "command.h"
#include "plan.h"

static const char *const fates[] = {
	[FORECAST_OPEN] = "open", [FORECAST_PLACED] = "cloned",
	[FORECAST_REFUSED] = "refused", [FORECAST_WAITS] = "waits",
	[FORECAST_LATE] = "late",
};

static const struct place_source *_source(const struct plan_result *result,
					  const struct forecast *fate)
{
	return &result->snapshot->places[fate->source];
}

/* --- for people ---------------------------------------------------------- */

static void _print_placed(const struct plan_result *result,
			  const struct forecast *fate)
{
	const struct place_source *source = _source(result, fate);
	int64_t at = result->snapshot->at;

	printf("%5zu %+8.1fs %+8.1fs %s%s%s", fate->order,
	       (double) (fate->start - at) / CLOCK_US_PER_S,
	       (double) (fate->ready - at) / CLOCK_US_PER_S, source->name,
	       source->host && *source->host ? " on " : "",
	       source->host ? source->host : "");
	if (*fate->others)
		printf("; %s", fate->others);
}

static void _print_row(const struct plan_result *result, size_t i)
{
	const struct plan_row *row = &result->rows[i];
	const struct forecast *fate = &result->fates[i];

	printf("%-12s %-12s ", row->node,
	       *row->template_name ? row->template_name : "-");
	if (fate->fate == FORECAST_PLACED)
		_print_placed(result, fate);
	else
		printf("%5s %9s %9s %s: (%s) %s", "-", "-", "-",
		       fates[fate->fate], err_name(fate->why.code),
		       fate->why.text);
	if (*row->how)
		printf("; template by %s", row->how);
	if (row->note)
		printf("; drained in Slurm: %s", row->note);
	printf("\n");
}

static void _print_sum(const struct plan_result *result)
{
	size_t counts[sizeof(fates) / sizeof(*fates)] = { 0 };
	int64_t last = 0;

	for (size_t i = 0; i < result->count; i++) {
		const struct forecast *fate = &result->fates[i];

		counts[fate->fate]++;
		if (fate->fate == FORECAST_PLACED && fate->ready > last)
			last = fate->ready;
	}
	printf("\n%zu nodes: %zu cloned", result->count,
	       counts[FORECAST_PLACED]);
	if (last)
		printf(", the last up after %.1f s",
		       (double) (last - result->snapshot->at) /
			       CLOCK_US_PER_S);
	for (int i = FORECAST_REFUSED; i <= FORECAST_LATE; i++)
		if (counts[i])
			printf(", %zu %s", counts[i],
			       i == FORECAST_WAITS ? "wait" : fates[i]);
	printf("\n");
}

void plan_print(const struct plan_result *result)
{
	char when[CLOCK_TEXT_SIZE];

	clock_print(result->snapshot->at, when);
	printf("As of %s; a clone takes ", when);
	if (result->cloning)
		printf("%.1f s and its boot %.1f s, as measured\n\n",
		       (double) result->cloning / CLOCK_US_PER_S,
		       (double) result->booting / CLOCK_US_PER_S);
	else
		printf("and boots in a second each: nothing was measured "
		       "yet\n\n");
	printf("%-12s %-12s %5s %9s %9s %s\n", "NODE", "TEMPLATE", "ORDER",
	       "BEGUN", "UP", "SOURCE");
	for (size_t i = 0; i < result->count; i++)
		_print_row(result, i);
	_print_sum(result);
}

/* --- for programs -------------------------------------------------------- */

static int _put_placed(struct json *json, const struct plan_result *result,
		       const struct forecast *fate)
{
	const struct place_source *source = _source(result, fate);
	int rc = 0;

	rc |= json_put_str(json, "source", source->name);
	if (source->host && *source->host)
		rc |= json_put_str(json, "host", source->host);
	rc |= json_put_int(json, "order", (int64_t) fate->order);
	rc |= json_put_int(json, "start", fate->start);
	rc |= json_put_int(json, "ready", fate->ready);
	if (*fate->others)
		rc |= json_put_str(json, "others", fate->others);
	return rc;
}

static int _put_why(struct json *json, const struct err *why)
{
	return json_put_str(json, "code", err_name(why->code)) |
	       json_put_str(json, "why", why->text);
}

static struct json *_row_json(const struct plan_result *result, size_t i)
{
	const struct plan_row *row = &result->rows[i];
	const struct forecast *fate = &result->fates[i];
	cleanup_json struct json *json = json_new_object();
	int rc = json ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(json, "node", row->node);
	rc |= json_put_str(json, "fate", fates[fate->fate]);
	if (*row->template_name)
		rc |= json_put_str(json, "template", row->template_name);
	if (*row->how)
		rc |= json_put_str(json, "choice", row->how);
	if (row->note)
		rc |= json_put_str(json, "drained", row->note);
	if (fate->fate == FORECAST_PLACED)
		rc |= _put_placed(json, result, fate);
	else
		rc |= _put_why(json, &fate->why);
	return rc == 0 ? steal_ptr(&json) : NULL;
}

struct json *plan_json(const struct plan_result *result)
{
	cleanup_json struct json *json = json_new_object();
	struct json *list = json_new_array();
	int rc = json && list ? 0 : -1;

	for (size_t i = 0; !rc && i < result->count; i++)
		rc = json_append(list, _row_json(result, i));
	if (rc < 0) {
		json_destroy(list);
		return NULL;
	}
	rc |= json_put_int(json, "at", result->snapshot->at);
	rc |= json_put_int(json, "cloning", result->cloning);
	rc |= json_put_int(json, "booting", result->booting);
	rc |= json_put(json, "nodes", list);
	return rc == 0 ? steal_ptr(&json) : NULL;
}
