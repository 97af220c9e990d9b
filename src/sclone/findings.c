/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "findings.h"

struct findings {
	const char *topic;
	enum findings_level worst;
	size_t count;
	struct finding list[FINDINGS_MAX];
};

struct findings *findings_create(void)
{
	struct findings *findings = calloc(1, sizeof(*findings));

	if (findings)
		findings->topic = "";
	return findings;
}

void findings_destroy(struct findings *findings)
{
	free(findings);
}

void findings_topic(struct findings *findings, const char *topic)
{
	findings->topic = topic;
}

static void _add(struct findings *findings, enum findings_level level,
		 const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

static void _add(struct findings *findings, enum findings_level level,
		 const char *fmt, va_list args)
{
	struct finding *finding;

	if (level > findings->worst)
		findings->worst = level;
	if (findings->count++ >= FINDINGS_MAX)
		return;
	finding = &findings->list[findings->count - 1];
	finding->level = level;
	finding->topic = findings->topic;
	(void) vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	for (char *c = finding->text; *c; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			*c = '?';
}

void findings_ok(struct findings *findings, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	_add(findings, FINDINGS_OK, fmt, args);
	va_end(args);
}

void findings_warn(struct findings *findings, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	_add(findings, FINDINGS_WARN, fmt, args);
	va_end(args);
}

void findings_fail(struct findings *findings, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	_add(findings, FINDINGS_FAIL, fmt, args);
	va_end(args);
}

size_t findings_count(const struct findings *findings)
{
	return findings->count;
}

const struct finding *findings_at(const struct findings *findings,
				  size_t index)
{
	if (index >= findings->count || index >= FINDINGS_MAX)
		return NULL;
	return &findings->list[index];
}

enum findings_level findings_worst(const struct findings *findings)
{
	return findings->worst;
}

const char *findings_level_name(enum findings_level level)
{
	static const char *const names[] = { "ok", "warn", "FAIL" };

	return names[level];
}

static struct json *_row(const struct finding *finding)
{
	cleanup_json struct json *row = json_new_object();

	if (!row ||
	    json_put_str(row, "level", findings_level_name(finding->level)) ||
	    json_put_str(row, "topic", finding->topic) ||
	    json_put_str(row, "text", finding->text))
		return NULL;
	return steal_ptr(&row);
}

struct json *findings_json(const struct findings *findings)
{
	cleanup_json struct json *json = json_new_object();
	struct json *list = json_new_array();
	const struct finding *finding;
	int rc = json && list ? 0 : -1;

	for (size_t i = 0; !rc && (finding = findings_at(findings, i)); i++)
		rc = json_append(list, _row(finding));
	if (rc)
		json_destroy(list);
	else
		rc = json_put_str(json, "worst",
				  findings_level_name(findings->worst)) |
		     json_put(json, "findings", list);
	return rc ? NULL : steal_ptr(&json);
}
