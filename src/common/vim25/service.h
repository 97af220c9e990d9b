/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service - what stands at the entrance of a vCenter: which API versions it
 * speaks, and what its singletons are called.
 */
#ifndef SCLONE_VIM25_SERVICE_H
#define SCLONE_VIM25_SERVICE_H

#include <stdbool.h>

#include "soap.h"

#define SERVICE_TEXT_SIZE 64

struct service {
	struct moref session_manager, property_collector, view_manager,
		search_index, authorization_manager, root_folder;
	char api_version[SERVICE_TEXT_SIZE];	/* "8.0.2.0"; "" not asked */
	char build[SERVICE_TEXT_SIZE];
	char instance[SERVICE_TEXT_SIZE];	/* the vCenter's own UUID */
};

/* The names every vCenter has used so far, until it was asked. */
void service_assume(struct service *service);

/* RetrieveServiceContent */
void service_write_request(struct soap_request *request);

/* Take its reply. CONFIG when this is no vCenter, PROTOCOL. */
int service_read(struct service *service, const struct xml_node *response,
		 struct err *err);

/* Who answers, when it is not as a vCenter does: the end of an error. */
#define SERVICE_OTHER "vCenter is starting, or VCenter= is another server"

/*
 * Whether vimServiceVersions.xml names 6.7, the first version with instant
 * clones, or a newer one. CONFIG if not, PROTOCOL when it does not say,
 * TRANSIENT when it is another page, as gateways have instead.
 */
int service_check_versions(const char *bytes, size_t len, struct err *err);

#endif
