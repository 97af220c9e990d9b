/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats - what GET /lab/stats shows: requests by method, logins. */
#ifndef SCLONE_VCLAB_STATS_H
#define SCLONE_VCLAB_STATS_H

#include "common/base/json.h"
#include "common/base/table.h"

struct stats {
	struct table *methods;	/* name -> int64_t */
	int64_t requests;
	int64_t logins;
	int64_t failed_logins;
	int64_t connections;	/* accepted so far */
};

struct stats *stats_create(void);
void stats_destroy(struct stats *stats);	/* accepts NULL */
void stats_call(struct stats *stats, const char *method);
void stats_reset(struct stats *stats);

/* A new object; the caller owns it. */
struct json *stats_json(const struct stats *stats);

#endif
