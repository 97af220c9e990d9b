/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privilege - which privileges our own login has on which objects
 * (AuthorizationManager.HasPrivilegeOnEntities, since API 5.5): both the
 * missing ones and those it should not have.
 */
#ifndef SCLONE_VIM25_PRIVILEGE_H
#define SCLONE_VIM25_PRIVILEGE_H

#include "session.h"

struct privilege_check;

/* Once for each pair of object and privilege the server answers. */
typedef void privilege_each_fn(const struct moref *object,
			       const char *privilege, bool granted,
			       void *arg);
/* After the last one. err is NULL on success. */
typedef void privilege_done_fn(const struct err *err, void *arg);

/*
 * Ask for all privileges ("VirtualMachine.Inventory.Delete" ...) on all
 * objects in one request. NULL: TRANSIENT before the first login (make any
 * other call first), BUSY, REFUSED, FATAL.
 */
struct privilege_check *
privilege_ask(struct session *session, const struct moref *objects,
	      size_t n_objects, const char *const *privileges,
	      size_t n_privileges, privilege_each_fn *each,
	      privilege_done_fn *done, void *arg, struct err *err);

/* No callback will come. Accepts NULL. Not inside each() or done(). */
void privilege_cancel(struct privilege_check *check);

/* The request itself. */
void privilege_write(struct soap_request *request, const struct moref *manager,
		     const char *session_key, const struct moref *objects,
		     size_t n_objects, const char *const *privileges,
		     size_t n_privileges);

#endif
