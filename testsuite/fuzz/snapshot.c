/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot, which anybody may have sent: any text is one that can be planned
 * by, or an error that says why; and what was read is written so that it is
 * read alike. */
#include <string.h>

#include "common/base/buf.h"
#include "common/clone/snapshot.h"
#include "common/rules/forecast.h"
#include "fuzz.h"

#define NODES 4
#define TEXT_MAX (1 << 20)

static const char *_why(const char *node, void *arg)
{
	const struct snapshot *snapshot = arg;

	return table_get(snapshot->refused, node);
}

static char *_write(struct snapshot *snapshot)
{
	struct snapshot_from from = { snapshot->config, snapshot->plan,
				      snapshot->tally, _why, snapshot };
	cleanup_json struct json *doc = json_new_object();
	struct buf text;

	fuzz_must(doc && snapshot_put(doc, &from) == 0);
	fuzz_must(json_put_int(doc, "at", snapshot->at) == 0 &&
		  json_put_int(doc, "resume_timeout",
			       snapshot->resume_timeout) == 0);
	buf_init(&text, TEXT_MAX);
	json_print(doc, &text);
	fuzz_must(buf_ok(&text, "snapshot", NULL) == 0);
	return buf_steal(&text);
}

static struct snapshot *_read(const char *text, size_t len, struct err *err)
{
	struct json *doc = json_parse(text, len, err);

	return doc ? snapshot_read(doc, err) : NULL;
}

static void _write_and_read(struct snapshot *snapshot)
{
	cleanup_free char *first = _write(snapshot), *second = NULL;
	cleanup_snapshot struct snapshot *again = NULL;
	struct err err = ERR_INIT;

	again = _read(first, strlen(first), &err);
	fuzz_must(again != NULL);
	second = _write(again);
	fuzz_must(!strcmp(first, second));
}

/* The first nodes of the first set ask, as one job. */
static void _plan(struct snapshot *snapshot)
{
	const struct config_set *set = config_set(snapshot->config, 0);
	struct forecast_count counts = { snapshot_took, snapshot };
	struct forecast nodes[NODES] = { { .fate = FORECAST_OPEN } };
	size_t count = 0;

	while (count < NODES && count < hostlist_count(set->nodes)) {
		nodes[count].entry = (struct admit_entry) {
			.node = hostlist_at(set->nodes, count), .job = 7,
			.template_name = config_template(
				snapshot->config, set->templates[0])->name,
			.deadline = snapshot->at + 1000000,
		};
		count++;
	}
	fuzz_must(forecast_run(snapshot->plan, nodes, count, snapshot->at,
			       &counts, NULL) == 0);
	for (size_t i = 0; i < count; i++)
		fuzz_must(nodes[i].fate != FORECAST_OPEN &&
			  (nodes[i].fate == FORECAST_PLACED ||
			   nodes[i].why.code));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_snapshot struct snapshot *snapshot = NULL;
	struct err err = ERR_INIT;

	snapshot = _read((const char *) bytes, len, &err);
	fuzz_must(snapshot ? !err.code : err.code && err.text[0]);
	if (!snapshot)
		return 0;
	_write_and_read(snapshot);
	_plan(snapshot);
	return 0;
}
