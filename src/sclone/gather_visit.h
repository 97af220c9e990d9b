/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_visit - what the files share that ask vCenter; see gather.h. */
#ifndef SCLONE_SCLONE_GATHER_VISIT_H
#define SCLONE_SCLONE_GATHER_VISIT_H

#include "common/vim25/privilege.h"
#include "common/vim25/property.h"
#include "common/vim25/search.h"
#include "gather.h"

/* Objects to ask for privileges on, with names for people. */
struct object {
	enum privileges_on on;
	struct moref ref;
	char name[FACTS_NAME_SIZE];
};

struct place {
	struct visit *visit;
	struct moref *ref;	/* to be found */
	struct search *search;
};

struct visit {
	struct facts *facts;
	struct facts_vcenter *out;
	struct loop *loop;
	struct session *session;
	int64_t until_us;
	size_t pending;		/* calls under way: */
	struct place *places;	/* one for each search */
	size_t place_count;
	struct property_query *query;
	struct privilege_check *check;
	struct err failure;	/* the first of the step's */
	struct moref folder, pool;
	struct object *objects;
	size_t object_count;
};

/* Of gather_vcenter.c: wait for all calls; one has ended. */
int gather_vcenter_await(struct visit *visit, struct err *err);
void gather_vcenter_ended(struct visit *visit, const struct err *failure);

/* Our privileges on visit->objects. */
int gather_privileges(struct visit *visit, struct err *err);

/* The machines in the folders of Sources=. */
int gather_members(struct visit *visit, struct err *err);

#endif
