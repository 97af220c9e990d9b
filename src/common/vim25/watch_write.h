/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch_write - the requests by which watch.h sees changes: a collector, a
 * ListView of what is watched, filters over it, and the long poll.
 */
#ifndef SCLONE_VIM25_WATCH_WRITE_H
#define SCLONE_VIM25_WATCH_WRITE_H

#include "soap.h"

void watch_write_collector(struct soap_request *request,
			   const struct moref *collector);
void watch_write_list(struct soap_request *request,
		      const struct moref *view_manager);

/* Of power states; with news also of tasks and the guest's word. */
void watch_write_filter(struct soap_request *request,
			const struct moref *collector,
			const struct moref *list, bool news);

/* Of what WATCH_STATE tells. */
void watch_write_state_filter(struct soap_request *request,
			      const struct moref *collector,
			      const struct moref *list);
void watch_write_modify(struct soap_request *request,
			const struct moref *list, const struct moref *add,
			size_t n_add, const struct moref *remove,
			size_t n_remove);
void watch_write_wait(struct soap_request *request,
		      const struct moref *collector, const char *version,
		      unsigned wait_s);

#endif
