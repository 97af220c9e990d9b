/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "trial_row.h"

/* Its texts, alike in the journal and in answers. */
static const struct text {
	const char *key;
	size_t offset, size;
	bool shown;
} texts[] = {
#define TEXT(name, member, shown) \
	{ name, offsetof(struct trial, member), \
	  sizeof(((struct trial *) 0)->member), shown }
	TEXT("source", source, false),
	TEXT("template", template_name, false),
	TEXT("node", node, true),
	TEXT("who", who, true),
	TEXT("request", request, false),
	TEXT("why", why, true),
};

#define TEXTS (sizeof(texts) / sizeof(*texts))

static int _put_times(struct json *row, const struct trial *trial)
{
	struct json *at = json_new_object();
	int rc = at ? 0 : -1;

	for (int phase = PHASE_REQUESTED; !rc && phase < PHASES; phase++)
		if (trial->at[phase])
			rc = json_put_int(at, record_phase_name(
				(enum phase) phase), trial->at[phase]);
	return rc | json_put(row, "at", at);
}

static int _put_common(struct json *row, const struct trial *trial,
		       bool shown)
{
	int rc = 0;

	for (size_t i = 0; i < TEXTS; i++) {
		const char *text = (const char *) trial + texts[i].offset;

		if (*text && (texts[i].shown || !shown))
			rc |= json_put_str(row, texts[i].key, text);
	}
	rc |= json_put_int(row, "since", trial->since);
	rc |= json_put_int(row, "ended", trial->ended);
	rc |= json_put_int(row, "epoch", (int64_t) trial->epoch);
	return rc | _put_times(row, trial);
}

struct json *trial_row(const struct trial *trial)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= _put_common(row, trial, false);
	rc |= json_put_int(row, "limit", trial->limit);
	rc |= json_put_bool(row, "judged", trial->judged);
	rc |= json_put_bool(row, "passed", trial->passed);
	rc |= json_put_int(row, "step", trial->step);
	rc |= json_put_str(row, "cause", failure_of(trial->cause)->name);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

struct json *trial_row_shown(const struct trial *trial)
{
	cleanup_json struct json *row = json_new_object();
	const char *result = trial->passed ? "passed" : "failed";
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= _put_common(row, trial, true);
	rc |= json_put_str(row, "result", trial->judged ? result
							: "running");
	if (!trial->judged || trial->passed)
		return rc == 0 ? steal_ptr(&row) : NULL;
	rc |= json_put_str(row, "step", trial_step_name(trial->step));
	rc |= json_put_str(row, "code", failure_of(trial->cause)->name);
	rc |= json_put_str(row, "advice", trial_advice(trial->step));
	return rc == 0 ? steal_ptr(&row) : NULL;
}

/* --- reading ------------------------------------------------------------ */

static int _read_text(const struct json *row, const struct text *text,
		      struct trial *trial, struct err *err)
{
	const char *value;

	if (json_get_str_or(row, text->key, "", &value, err) < 0)
		return -1;
	if (strlen(value) >= text->size)
		return err_set(err, ERR_PROTOCOL, "%s is too long",
			       text->key);
	memcpy((char *) trial + text->offset, value, strlen(value) + 1);
	return 0;
}

static int _read_cause(const struct json *row, struct trial *trial,
		       struct err *err)
{
	const char *name;

	if (json_get_str(row, "cause", &name, err) < 0)
		return -1;
	for (int i = CAUSE_NONE; i < CAUSES; i++)
		if (!strcmp(failure_of((enum cause) i)->name, name)) {
			trial->cause = (enum cause) i;
			return 0;
		}
	return err_set(err, ERR_PROTOCOL, "no cause '%s'", name);
}

static int _read_times(const struct json *row, struct trial *trial,
		       struct err *err)
{
	const struct json *at = json_get(row, "at");

	for (int phase = PHASE_REQUESTED; phase < PHASES; phase++)
		if (json_get_int_or(at, record_phase_name(
					    (enum phase) phase), 0, INT64_MAX,
				    0, &trial->at[phase], err) < 0)
			return -1;
	return 0;
}

static int _read_numbers(const struct json *row, struct trial *trial,
			 struct err *err)
{
	int64_t step, epoch;

	if (json_get_int(row, "since", 0, INT64_MAX, &trial->since, err) < 0 ||
	    json_get_int(row, "limit", 0, INT64_MAX, &trial->limit, err) < 0 ||
	    json_get_int(row, "ended", 0, INT64_MAX, &trial->ended, err) < 0 ||
	    json_get_int(row, "epoch", 0, INT64_MAX, &epoch, err) < 0 ||
	    json_get_int(row, "step", 0, TRIAL_STEPS - 1, &step, err) < 0 ||
	    json_get_bool(row, "judged", &trial->judged, err) < 0 ||
	    json_get_bool(row, "passed", &trial->passed, err) < 0)
		return -1;
	trial->epoch = (uint64_t) epoch;
	trial->step = (enum trial_step) step;
	return 0;
}

int trial_row_read(const struct json *row, struct trial *trial,
		   struct err *err)
{
	struct trial read = { .since = 0 };

	for (size_t i = 0; i < TEXTS; i++)
		if (_read_text(row, &texts[i], &read, err) < 0)
			return -1;
	if (_read_numbers(row, &read, err) < 0 ||
	    _read_cause(row, &read, err) < 0 ||
	    _read_times(row, &read, err) < 0)
		return -1;
	*trial = read;
	return 0;
}
