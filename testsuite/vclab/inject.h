/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inject - faults on demand: rules that wait for the n-th call of a method.
 */
#ifndef SCLONE_VCLAB_INJECT_H
#define SCLONE_VCLAB_INJECT_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"

enum inject_kind {
	INJECT_NONE = 0,
	INJECT_DELAY,		/* executed ms later */
	INJECT_DELAY_REPLY,	/* executed, answered ms later */
	INJECT_FAULT,		/* not executed, SOAP fault of a type */
	INJECT_TASK_ERROR,	/* a task, but it fails without doing it */
	INJECT_ERROR_AFTER,	/* done, but its task says error */
	INJECT_LOST,		/* executed, closed without a byte */
	INJECT_HALF,		/* executed, half of the reply, closed */
	INJECT_RESET,		/* not executed, connection reset */
	INJECT_HTML,		/* not executed, 503 with HTML */
	INJECT_HUGE,		/* executed, reply padded to bytes */
	INJECT_EXPIRE,		/* session gone before it is executed */
	INJECT_RESTART,		/* vCenter restarts before it is executed */
	INJECT_SLOW,		/* executed, reply trickles at bytes/s */
	INJECT_KINDS
};

struct inject_rule {
	enum inject_kind kind;
	int64_t ms;
	int64_t bytes;
	char type[64];		/* fault type */
	char text[128];
};

struct inject;

struct inject *inject_create(void);
void inject_destroy(struct inject *inject);	/* accepts NULL */

/*
 * Add {"method":M|"*", "kind":K, "nth":1, "times":1, "type":…, "text":…,
 * "ms":…, "bytes":…}: it strikes at the nth matching call from now on, and
 * the times - 1 that follow (times 0: for ever).
 */
int inject_add(struct inject *inject, const struct json *json,
	       struct err *err);
void inject_clear(struct inject *inject);

/* Count a call; the rule that strikes it, or kind INJECT_NONE. */
struct inject_rule inject_next(struct inject *inject, const char *method);

/* Number of a kind's name ("task_error"), or -1; and the name of one but
 * INJECT_NONE, static storage. */
int inject_kind_of(const char *name);
const char *inject_kind_name(enum inject_kind kind);

#endif
