/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service.h"

static const struct moref instance = { "ServiceInstance",
				       "ServiceInstance" };

void service_assume(struct service *service)
{
	*service = (struct service) {
		.session_manager = { "SessionManager", "SessionManager" },
		.property_collector = { "PropertyCollector",
					"propertyCollector" },
		.view_manager = { "ViewManager", "ViewManager" },
		.search_index = { "SearchIndex", "SearchIndex" },
		.authorization_manager = { "AuthorizationManager",
					   "AuthorizationManager" },
		.root_folder = { "Folder", "group-d1" },
	};
}

void service_write_request(struct soap_request *request)
{
	soap_begin(request, SOAP_READ, "RetrieveServiceContent", &instance,
		   NULL);
	request->takes_cookie = true;
}

static void _copy(char *to, const char *from)
{
	snprintf(to, SERVICE_TEXT_SIZE, "%s", from ? from : "");
}

static int _read_refs(struct service *service, const struct xml_node *content,
		      struct err *err)
{
	const struct { const char *name; struct moref *ref; } refs[] = {
		{ "sessionManager", &service->session_manager },
		{ "propertyCollector", &service->property_collector },
		{ "viewManager", &service->view_manager },
		{ "searchIndex", &service->search_index },
		{ "authorizationManager", &service->authorization_manager },
		{ "rootFolder", &service->root_folder },
	};

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		if (soap_ref(xml_child(content, refs[i].name), refs[i].ref,
			     NULL))
			return err_set(err, ERR_PROTOCOL,
				       "RetrieveServiceContent: no '%s'",
				       refs[i].name);
	return 0;
}

int service_read(struct service *service, const struct xml_node *response,
		 struct err *err)
{
	const struct xml_node *content = xml_child(response, "returnval");
	const struct xml_node *about = xml_child(content, "about");
	const char *type = xml_child_text(about, "apiType");
	struct service read = { .build = "" };

	if (!type)
		return err_set(err, ERR_PROTOCOL,
			       "RetrieveServiceContent: no 'about'");
	if (strcmp(type, "VirtualCenter"))
		return err_set(err, ERR_CONFIG, "this is a single host (%s), "
			       "not a vCenter: instant clones need one (see "
			       "VCenter=)", type);
	if (_read_refs(&read, content, err))
		return -1;
	_copy(read.api_version, xml_child_text(about, "apiVersion"));
	_copy(read.build, xml_child_text(about, "build"));
	_copy(read.instance, xml_child_text(about, "instanceUuid"));
	*service = read;
	return 0;
}

/* "6.7", "6.7.1", "8.0.3.0" */
static bool _is_recent(const char *version)
{
	char *end;
	unsigned long major = strtoul(version, &end, 10), minor = 0;

	if (end == version)
		return false;
	if (*end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return major > 6 || (major == 6 && minor >= 7);
}

/* One namespace element: its version and those before it. */
static bool _has_recent(const struct xml_node *space)
{
	const struct xml_node *prior = xml_child(space, "priorVersions");
	const struct xml_node *version = xml_child(prior, "version");

	if (_is_recent(xml_text(xml_child(space, "version"))))
		return true;
	for (; version; version = xml_next(version, "version"))
		if (_is_recent(xml_text(version)))
			return true;
	return false;
}

static struct xml *_parse_versions(const char *bytes, size_t len,
				   struct err *err)
{
	cleanup_xml struct xml *xml = NULL;
	struct err why = ERR_INIT;

	xml = xml_parse(bytes, len, &why);
	if (xml && !strcmp(xml_name(xml_root(xml)), "namespaces"))
		return steal_ptr(&xml);
	if (xml)
		err_set(&why, ERR_PROTOCOL, "a page of another kind");
	/* A gateway speaks in the place of a vCenter that is starting. */
	if (why.code == ERR_PROTOCOL)
		err_set(&why, ERR_TRANSIENT, "%s: " SERVICE_OTHER, why.text);
	err_set(err, why.code, "vimServiceVersions.xml: %s", why.text);
	return NULL;
}

int service_check_versions(const char *bytes, size_t len, struct err *err)
{
	cleanup_xml struct xml *xml = _parse_versions(bytes, len, err);
	const struct xml_node *space = NULL;
	const char *name;

	if (!xml)
		return -1;
	space = xml_child(xml_root(xml), "namespace");
	for (; space; space = xml_next(space, "namespace")) {
		name = xml_child_text(space, "name");
		if (name && !strcmp(name, "urn:vim25"))
			break;
	}
	if (!space)
		return err_set(err, ERR_PROTOCOL,
			       "vimServiceVersions.xml names no urn:vim25 "
			       "(see VCenter=)");
	if (_has_recent(space))
		return 0;
	return err_set(err, ERR_CONFIG, "this vCenter speaks version %.16s "
		       "of its API: instant clones need 6.7 or newer",
		       xml_text(xml_child(space, "version")));
}
