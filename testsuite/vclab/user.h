/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * user - accounts, roles and who may do what where (AuthorizationManager).
 *
 * A permission gives a user a role on an entity and, if it propagates, on
 * what is below; the nearest one counts, as in vSphere.
 */
#ifndef SCLONE_VCLAB_USER_H
#define SCLONE_VCLAB_USER_H

#include "common/base/json.h"
#include "entity.h"

struct user {
	char *name;
	char *password;
	int64_t failures;	/* in a row */
	int64_t locked_until;	/* monotonic µs; 0: not locked */
	struct permission *permissions;
	size_t npermissions;
};

extern const struct mob_class authorization_manager_class;

/* Read "roles" and "users" of the inventory; entities must exist. */
int user_load(struct lab *lab, const struct json *inventory,
	      struct err *err);
void user_free_all(struct lab *lab);

bool user_may(const struct lab *lab, const struct user *user,
	      const struct mob *mob, const char *privilege);

#endif
