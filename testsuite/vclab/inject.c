/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inject - see inject.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inject.h"

#define RULES_MAX 64

struct rule {
	char method[64];
	int64_t nth;		/* calls to come, this one included */
	int64_t times;		/* strikes left; 0: no end */
	struct inject_rule what;
};

struct inject {
	struct rule rules[RULES_MAX];
	size_t count;
};

static const char *const _kinds[INJECT_KINDS] = {
	[INJECT_DELAY] = "delay",
	[INJECT_DELAY_REPLY] = "delay_reply",
	[INJECT_FAULT] = "fault",
	[INJECT_TASK_ERROR] = "task_error",
	[INJECT_ERROR_AFTER] = "error_after_success",
	[INJECT_LOST] = "reply_lost",
	[INJECT_HALF] = "half_reply",
	[INJECT_RESET] = "reset",
	[INJECT_HTML] = "http503",
	[INJECT_HUGE] = "huge_reply",
	[INJECT_EXPIRE] = "expire_session",
	[INJECT_RESTART] = "restart",
	[INJECT_SLOW] = "slow_bytes",
};

const char *inject_kind_name(enum inject_kind kind)
{
	return _kinds[kind];
}

int inject_kind_of(const char *name)
{
	for (int i = 1; i < INJECT_KINDS; i++) {
		if (strcmp(_kinds[i], name) == 0)
			return i;
	}
	return -1;
}

struct inject *inject_create(void)
{
	return calloc(1, sizeof(struct inject));
}

void inject_destroy(struct inject *inject)
{
	free(inject);
}

void inject_clear(struct inject *inject)
{
	inject->count = 0;
}

static int _read(struct rule *rule, const struct json *json, struct err *err)
{
	const char *method, *kind, *type, *text;
	int number;

	if (json_get_str(json, "method", &method, err) < 0 ||
	    json_get_str(json, "kind", &kind, err) < 0 ||
	    json_get_str_or(json, "type", "SystemError", &type, err) < 0 ||
	    json_get_str_or(json, "text", "fault on demand", &text, err) < 0 ||
	    json_get_int_or(json, "nth", 1, INT32_MAX, 1, &rule->nth,
			    err) < 0 ||
	    json_get_int_or(json, "times", 0, INT32_MAX, 1, &rule->times,
			    err) < 0 ||
	    json_get_int_or(json, "ms", 0, 3600000, 0, &rule->what.ms,
			    err) < 0 ||
	    json_get_int_or(json, "bytes", 1, 200 << 20, 10 << 20,
			    &rule->what.bytes, err) < 0)
		return -1;
	number = inject_kind_of(kind);
	if (number < 0)
		return err_set(err, ERR_CONFIG, "no fault kind '%s'", kind);
	rule->what.kind = (enum inject_kind) number;
	(void) snprintf(rule->method, sizeof(rule->method), "%s", method);
	(void) snprintf(rule->what.type, sizeof(rule->what.type), "%s", type);
	(void) snprintf(rule->what.text, sizeof(rule->what.text), "%s", text);
	return 0;
}

int inject_add(struct inject *inject, const struct json *json,
	       struct err *err)
{
	struct rule rule = { .nth = 1 };

	if (inject->count == RULES_MAX)
		return err_set(err, ERR_BUSY, "too many fault rules");
	if (_read(&rule, json, err) < 0)
		return -1;
	inject->rules[inject->count++] = rule;
	return 0;
}

static void _drop(struct inject *inject, size_t i)
{
	inject->count--;
	memmove(&inject->rules[i], &inject->rules[i + 1],
		(inject->count - i) * sizeof(inject->rules[0]));
}

struct inject_rule inject_next(struct inject *inject, const char *method)
{
	struct inject_rule none = { .kind = INJECT_NONE };

	for (size_t i = 0; i < inject->count; i++) {
		struct rule *rule = &inject->rules[i];
		struct inject_rule what = rule->what;

		if (strcmp(rule->method, "*") != 0 &&
		    strcmp(rule->method, method) != 0)
			continue;
		if (rule->nth > 1) {
			rule->nth--;
			continue;
		}
		if (rule->times == 1)
			_drop(inject, i);
		else if (rule->times > 1)
			rule->times--;
		return what;
	}
	return none;
}
