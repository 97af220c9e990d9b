/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/table.h"
#include "drains.h"

#define META "drain/"		/* and the name; the value: JSON */
#define META_SIZE (sizeof(META) + RECORD_SOURCE_SIZE)
#define DRAINS_MAX (2 * (CONFIG_SOURCES_MAX + CONFIG_TEMPLATES_MAX))

struct drains {
	struct journal *journal;
	struct table *table;	/* by name */
};

/* --- one of them -------------------------------------------------------- */

static void _set_text(struct drain *drain)
{
	snprintf(drain->text, sizeof(drain->text), "%s is drained by %s%s%s",
		 drain->name, drain->who, *drain->why ? ": " : "",
		 drain->why);
}

static int _copy(char *out, size_t size, const char *text, const char *what,
		 struct err *err)
{
	size_t len = strlen(text);

	if (len >= size)
		return err_set(err, ERR_CONFIG, "%s is longer than %zu bytes",
			       what, size - 1);
	for (const char *at = text; *at; at++)
		if ((unsigned char) *at < ' ' || *at == 0x7f)
			return err_set(err, ERR_CONFIG, "%s is not plain "
				       "text on one line", what);
	memcpy(out, text, len + 1);
	return 0;
}

static int _fill(struct drain *drain, const char *name, const char *who,
		 const char *why, int64_t since, struct err *err)
{
	drain->since = since;
	if (_copy(drain->name, sizeof(drain->name), name, "the name",
		  err) < 0 ||
	    _copy(drain->who, sizeof(drain->who), who, "the user's name",
		  err) < 0 ||
	    _copy(drain->why, sizeof(drain->why), why, "the reason", err) < 0)
		return -1;
	_set_text(drain);
	return 0;
}

static int _read(struct drain *drain, const char *name, const char *value,
		 struct err *err)
{
	cleanup_json struct json *json = json_parse(value, strlen(value),
						    err);
	const char *who, *why;
	int64_t since;

	if (!json || json_get_str(json, "who", &who, err) < 0 ||
	    json_get_str_or(json, "why", "", &why, err) < 0 ||
	    json_get_int(json, "since", 0, INT64_MAX, &since, err) < 0)
		return -1;
	return _fill(drain, name, who, why, since, err);
}

static int _print(const struct drain *drain, struct buf *out,
		  struct err *err)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || json_put_str(json, "who", drain->who) < 0 ||
	    json_put_str(json, "why", drain->why) < 0 ||
	    json_put_int(json, "since", drain->since) < 0)
		return err_nomem(err);
	json_print(json, out);
	return buf_ok(out, "drain", err);
}

/* --- all of them -------------------------------------------------------- */

static int _insert(struct drains *drains, const struct drain *drain,
		   struct err *err)
{
	struct drain *kept = malloc(sizeof(*kept));

	if (!kept)
		return err_nomem(err);
	*kept = *drain;
	if (table_set(drains->table, drain->name, kept, err) < 0) {
		free(kept);
		return err_wrap(err, "drains");
	}
	return 0;
}

static int _load(const char *meta, const char *value, void *arg,
		 struct err *err)
{
	const char *name = meta + sizeof(META) - 1;
	struct drain drain = { .since = 0 };

	/* What cannot be read was meant to keep something out of use; what
	 * has no possible name keeps nothing. */
	if (_read(&drain, name, value, NULL) < 0 &&
	    _fill(&drain, name, "somebody", "the journal's note of it cannot "
		  "be read", 0, NULL) < 0)
		return 0;
	return _insert(arg, &drain, err);
}

struct drains *drains_create(struct journal *journal, struct err *err)
{
	cleanup_drains struct drains *drains = calloc(1, sizeof(*drains));

	if (drains) {
		drains->journal = journal;
		drains->table = table_create(DRAINS_MAX, free);
	}
	if (!drains || !drains->table) {
		err_nomem(err);
		return NULL;
	}
	if (journal_each_meta(journal, META, _load, drains, err) < 0)
		return NULL;
	return steal_ptr(&drains);
}

void drains_destroy(struct drains *drains)
{
	if (!drains)
		return;
	table_destroy(drains->table);
	free(drains);
}

static void _meta(const char *name, char out[META_SIZE])
{
	snprintf(out, META_SIZE, META "%s", name);
}

int drains_set(struct drains *drains, const char *name, const char *who,
	       const char *why, int64_t now, struct err *err)
{
	char meta[META_SIZE];
	struct drain drain = { .since = now };
	cleanup_buf struct buf value;

	buf_init(&value, JOURNAL_TEXT_MAX);
	if (_fill(&drain, name, who, why, now, err) < 0 ||
	    _print(&drain, &value, err) < 0)
		return -1;
	_meta(name, meta);
	if (journal_set_meta(drains->journal, meta, buf_str(&value),
			     err) < 0)
		return -1;
	if (_insert(drains, &drain, err) < 0) {
		(void) journal_forget_meta(drains->journal, meta, NULL);
		return -1;
	}
	return 0;
}

int drains_clear(struct drains *drains, const char *name, struct err *err)
{
	char meta[META_SIZE];

	if (!table_get(drains->table, name))
		return err_set(err, ERR_NOTFOUND, "%s is not drained", name);
	_meta(name, meta);
	if (journal_forget_meta(drains->journal, meta, err) < 0)
		return -1;
	free(table_take(drains->table, name));
	return 0;
}

int drains_rename(struct drains *drains, const char *from, const char *to,
		  struct err *err)
{
	const struct drain *former = drains_get(drains, from);

	if (!former)
		return 0;
	if (drains_set(drains, to, former->who, former->why, former->since,
		       err) < 0)
		return -1;
	return drains_clear(drains, from, err);
}

const struct drain *drains_get(const struct drains *drains, const char *name)
{
	return table_get(drains->table, name);
}

const struct drain *drains_of(const struct drains *drains,
			      const char *template_name, const char *path)
{
	const struct drain *drain = table_get(drains->table, template_name);

	return drain ? drain : table_get(drains->table, path);
}

const struct drain *drains_next(const struct drains *drains, size_t *pos)
{
	return table_next(drains->table, pos, NULL);
}
