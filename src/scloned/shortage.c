/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/rules/action.h"
#include "shortage.h"

static const char *_place(const struct sources *sources,
			  const struct capacity_verdict *verdict)
{
	const struct source *source;

	if (verdict->which >= sources_count(sources))
		return "";	/* it has left since */
	source = sources_at(sources, verdict->which);
	return verdict->limit == CAPACITY_SPACE ? source->store : source->host;
}

void shortage_reason(const struct config *config,
		     const struct sources *sources, size_t set,
		     const struct capacity_verdict *verdict, char *out,
		     size_t size)
{
	uint64_t number = 0;
	const char *name = "";

	switch (verdict->limit) {
	case CAPACITY_SET:
		number = config_set(config, set)->max_clones;
		break;
	case CAPACITY_ALL:
		number = config_global(config)->max_clones;
		break;
	case CAPACITY_TEMPLATE:
	case CAPACITY_LANES:
	case CAPACITY_SOURCES:
		number = config_template(config, verdict->which)->max_clones;
		name = config_template(config, verdict->which)->name;
		break;
	case CAPACITY_MEMORY:
	case CAPACITY_SPACE:
		name = _place(sources, verdict);
		break;
	default:
		break;
	}
	capacity_reason(verdict->limit, name, number, out, size);
}

static int _put_counts(struct json *row, const struct capacity_set *counts)
{
	static const char *const names[CAPACITY_KINDS] = {
		[CAPACITY_OUT] = "out", [CAPACITY_OPEN] = "free",
		[CAPACITY_CLOSED] = "drained",
		[CAPACITY_WAITING] = "waiting", [CAPACITY_CLONE] = "clones",
	};
	int rc = 0;

	for (int i = 0; i < CAPACITY_KINDS; i++)
		rc |= json_put_int(row, names[i], (int64_t) counts->kinds[i]);
	return rc;
}

static int _put_max(struct json *row, uint64_t max_clones)
{
	return max_clones ? json_put_int(row, "max", (int64_t) max_clones)
			  : 0;
}

static int _put_isolation(struct json *row, size_t isolated, const char *why)
{
	if (!isolated)
		return 0;
	return json_put_int(row, "isolated", (int64_t) isolated) |
	       json_put_str(row, "isolation", why);
}

struct json *shortage_row(const struct config *config,
			  const struct sources *sources, size_t set,
			  const struct capacity_set *counts,
			  const struct capacity_verdict *verdict,
			  size_t isolated, const char *why)
{
	const struct config_set *of = config_set(config, set);
	cleanup_json struct json *row = json_new_object();
	char text[ACTION_TEXT_SIZE];
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "nodes", of->nodes_text);
	rc |= json_put_str(row, "templates", of->templates_text);
	rc |= _put_counts(row, counts);
	rc |= json_put_int(row, "room", (int64_t) verdict->room);
	rc |= _put_max(row, of->max_clones);
	if (verdict->limit) {
		shortage_reason(config, sources, set, verdict, text,
				sizeof(text));
		rc |= json_put_str(row, "short",
				   text + sizeof(FAILURE_CAPACITY));
	}
	rc |= _put_isolation(row, isolated, why);
	return rc == 0 ? steal_ptr(&row) : NULL;
}
