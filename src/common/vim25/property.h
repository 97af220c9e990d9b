/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * property - reads properties of many objects in few requests.
 *
 * RetrievePropertiesEx with paging; objects are named one by one, or are what
 * one object refers to (a folder's children). Named objects that do not exist
 * (any more) are left out (reportMissingObjectsInResults, vSphere 4.1); should
 * vCenter still fail the whole request for one, it is asked again without it,
 * a bounded number of times. A property the server does not know or does not
 * tell counts as unset, but "not allowed" is an error unless it is said to be
 * expected.
 */
#ifndef SCLONE_VIM25_PROPERTY_H
#define SCLONE_VIM25_PROPERTY_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

#define PROPERTY_OBJECTS_MAX 16384	/* named in one query */
#define PROPERTY_PAGE 500		/* objects in one reply */

struct property_spec {
	const char *type;		/* of the objects wanted */
	const char *const *paths;	/* static storage */
	size_t n_paths;
	const struct moref *objects;	/* copied; or */
	size_t n_objects;
	const struct moref *from;	/* copied; what this refers to ... */
	const char *via;		/* ... by this property, e.g. a
					 * Folder's childEntity; static */
	bool lenient;			/* "not allowed" counts as unset */
	unsigned page;			/* objects in one reply; 0: default.
					 * 40 with config.extraConfig */
	const char *operation;		/* copied; may be NULL */
};

/* One object of a reply, or an update of one, which tells what changed.
 * Borrowed for the callback. */
struct property_object {
	struct moref ref;
	const struct xml_node *node;
};

/* -1 ends the query with the error it set. */
typedef int property_each_fn(const struct property_object *object, void *arg,
			     struct err *err);
/* After the last object, or in their midst: err is NULL on success. */
typedef void property_done_fn(const struct err *err, void *arg);

struct property_query;

/* NULL, and no callback: BUSY, REFUSED, FATAL. */
struct property_query *property_read(struct session *session,
				     const struct property_spec *spec,
				     property_each_fn *each,
				     property_done_fn *done, void *arg,
				     struct err *err);

/* No callback will come. Fine inside each(), not inside done(). Accepts
 * NULL. */
void property_cancel(struct property_query *query);

/* The value element of a property; NULL when unset. */
const struct xml_node *property_value(const struct property_object *object,
				      const char *path);

/*
 * Typed values. An unset property gives NULL, the fallback, or an unset
 * reference; one that is not of the type is PROTOCOL and leaves *out alone.
 * Strings are borrowed with the object.
 */
int property_str(const struct property_object *object, const char *path,
		 const char **out, struct err *err);
int property_int(const struct property_object *object, const char *path,
		 int64_t fallback, int64_t *out, struct err *err);
int property_bool(const struct property_object *object, const char *path,
		  bool fallback, bool *out, struct err *err);
int property_ref(const struct property_object *object, const char *path,
		 struct moref *out, struct err *err);

/* An array of references: at most max of them to out; more is PROTOCOL. */
int property_refs(const struct property_object *object, const char *path,
		  struct moref *out, size_t max, size_t *count,
		  struct err *err);

/* The value under a key in an array of OptionValue (config.extraConfig);
 * NULL when there is none. Borrowed. */
const char *property_option(const struct xml_node *array, const char *key);

/* The requests themselves. */
void property_write_retrieve(struct soap_request *request,
			     const struct moref *collector,
			     const struct property_spec *spec);
void property_write_continue(struct soap_request *request,
			     const struct moref *collector,
			     const char *token, const char *operation);

#endif
