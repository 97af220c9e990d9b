/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search - from names to objects, and from a machine to what is going on
 * with it.
 */
#ifndef SCLONE_VIM25_SEARCH_H
#define SCLONE_VIM25_SEARCH_H

#include "property.h"

struct search;

/* found is NULL when there is no such object, or on an error. */
typedef void search_done_fn(const struct moref *found, const struct err *err,
			    void *arg);

/* FindByInventoryPath: "/DC1/vm/templates/rocky9". A '/' in a name is %2f. */
struct search *search_path(struct session *session, const char *path,
			   const char *operation, search_done_fn *done,
			   void *arg, struct err *err);

/* FindChild: what has that name directly in a folder (or pool ...). NOTFOUND:
 * there is no such folder. */
struct search *search_child(struct session *session,
			    const struct moref *parent, const char *name,
			    const char *operation, search_done_fn *done,
			    void *arg, struct err *err);

/* FindByUuid: the machine with this BIOS (or instance) UUID, anywhere. If
 * several have it, vCenter picks one. */
struct search *search_uuid(struct session *session, const char *uuid,
			   bool instance, const char *operation,
			   search_done_fn *done, void *arg, struct err *err);

/* No callback will come. Accepts NULL. */
void search_cancel(struct search *search);

/* A recent task of an object, borrowed for the callback; NULL: not told. */
struct recent_task {
	struct moref ref;
	const char *method;	/* info.descriptionId, such as
				 * "VirtualMachine.instantClone" */
	const char *state;	/* "queued" "running" "success" "error" */
	struct moref result;	/* what it made; unset: nothing (yet) */
};

static inline bool recent_task_is_unfinished(const struct recent_task *task)
{
	return !task->state || (strcmp(task->state, "success") &&
				strcmp(task->state, "error"));
}

/* Ask, by property_read(), for the recent tasks of a machine
 * (VirtualMachine.recentTask); one request. */
void recent_task_spec(struct property_spec *spec,
		      const struct moref *machine);

/* Take one object of the reply. */
int recent_task_parse(struct recent_task *task,
		      const struct property_object *object, struct err *err);

/* The requests themselves. */
void search_write_path(struct soap_request *request,
		       const struct moref *index, const char *path,
		       const char *operation);
void search_write_child(struct soap_request *request,
			const struct moref *index, const struct moref *parent,
			const char *name, const char *operation);
void search_write_uuid(struct soap_request *request,
		       const struct moref *index, const char *uuid,
		       bool instance, const char *operation);

#endif
