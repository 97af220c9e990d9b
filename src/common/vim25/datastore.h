/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datastore - looks at directories of datastores, as plain data.
 *
 * vSphere Web Services API Reference: Datastore, HostDatastoreBrowser. To see
 * a datastore at all takes System.Read on it, to search it Datastore.Browse.
 */
#ifndef SCLONE_VIM25_DATASTORE_H
#define SCLONE_VIM25_DATASTORE_H

#include "property.h"
#include "task.h"

/* Borrowed for the callback. */
struct datastore {
	struct moref ref;
	const char *name;	/* as in "[name] directory" */
	struct moref browser;	/* its HostDatastoreBrowser */
};

/* Ask, by property_read(), for the datastores of a machine; one request. */
void datastore_spec(struct property_spec *spec, const struct moref *machine);

/* Take one object of the reply. */
int datastore_parse(struct datastore *datastore,
		    const struct property_object *object, struct err *err);

/*
 * SearchDatastore_Task: is the directory "[name] directory" there? Success
 * says that it is; the fault FileNotFound that it is not. See task.h for the
 * rest. Nothing is changed by it, so it may be repeated.
 */
struct task *datastore_search(struct watch *watch,
			      const struct moref *browser, const char *path,
			      const char *operation, unsigned limit_ms,
			      task_done_fn *done, void *arg, struct err *err);

/* The request itself. */
void datastore_write_search(struct soap_request *request,
			    const struct moref *browser, const char *path,
			    const char *operation);

#endif
