/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/log.h"
#include "claims.h"

#define TOLD_MAX 256	/* the frame of a question has an end */

/* The next of the job's nodes that is for one job; NULL after the last. */
static const char *_next(const struct claims *claims, size_t *pos)
{
	size_t count = claims->nodes && claims->single
			       ? hostlist_count(claims->nodes) : 0;

	while (*pos < count) {
		const char *node = hostlist_at(claims->nodes, (*pos)++);

		if (table_get(claims->single, node))
			return node;
	}
	return NULL;
}

/* Somebody else's claim: 1 and the rest; what cannot be read is none. */
static bool _is_others(const struct claims *claims, const char *node,
		       struct claim *claim, int64_t *since)
{
	struct err err = ERR_INIT;
	int rc = claim_read(claims->spool, node, claim, since, &err);

	if (rc < 0)
		log_warn("%s", err.text);
	return rc > 0 && (claim->job != claims->mine.job ||
			  claim->run != claims->mine.run);
}

int claims_tell(const struct claims *claims, struct json *call)
{
	struct json *list = json_new_array();
	struct claim claim;
	const char *node;
	size_t pos = 0;
	int64_t since;

	while ((node = _next(claims, &pos)) != NULL &&
	       json_count(list) < TOLD_MAX) {
		struct json *row;

		if (!_is_others(claims, node, &claim, &since))
			continue;
		row = json_new_object();
		if (json_put_str(row, "node", node) ||
		    json_put_int(row, "job", claim.job) ||
		    json_put_int(row, "since", since) ||
		    json_append(list, row))
			return -1;
	}
	if (list && json_count(list))
		return json_put(call, "claims", list);
	json_destroy(list);
	return list ? 0 : -1;
}

static int _make(const struct claims *claims, bool for_sure, struct err *err)
{
	struct err why = ERR_INIT;
	const char *node;
	size_t pos = 0;

	while ((node = _next(claims, &pos)) != NULL) {
		if (claim_make(claims->spool, node, &claims->mine, for_sure,
			       &why) == 0)
			continue;
		if (why.code == ERR_EXISTS)
			return err_set(err, ERR_EXISTS, "%s", why.text);
		log_warn("not claimed: %s", why.text);
		return 0;	/* so it would be with the next one */
	}
	return 0;
}

void claims_take(const struct claims *claims)
{
	(void) _make(claims, true, NULL);
}

int claims_ask(const struct claims *claims, struct err *err)
{
	struct claim claim;
	const char *node;
	size_t pos = 0;
	int64_t since;

	/* All of them first: a job that does not start claims nothing. */
	while ((node = _next(claims, &pos)) != NULL)
		if (_is_others(claims, node, &claim, &since))
			return err_set(err, ERR_EXISTS, "the VM of %s has "
				       "served job %u", node,
				       (unsigned) claim.job);
	return _make(claims, false, err);
}
