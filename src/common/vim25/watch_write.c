/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_write.h"

#define SLACK_MS 15000	/* of the poll over its wait */

void watch_write_collector(struct soap_request *request,
			   const struct moref *collector)
{
	soap_begin(request, SOAP_READ, "CreatePropertyCollector", collector,
		   NULL);
}

void watch_write_list(struct soap_request *request,
		      const struct moref *view_manager)
{
	soap_begin(request, SOAP_READ, "CreateListView", view_manager, NULL);
}

static void _put_list(struct soap_request *request, const struct moref *list)
{
	struct buf *text = &request->text;

	buf_puts(text, "<objectSet>");
	soap_put_ref(request, "obj", list);
	buf_puts(text, "<skip>true</skip><selectSet"
		 " xsi:type=\"TraversalSpec\"><type>ListView</type>"
		 "<path>view</path><skip>false</skip></selectSet>"
		 "</objectSet></spec>");
	/* Whole properties, not the parts of them that changed. */
	xml_put_bool(text, "partialUpdates", false);
}

void watch_write_filter(struct soap_request *request,
			const struct moref *collector,
			const struct moref *list, bool news)
{
	struct buf *text = &request->text;

	soap_begin(request, SOAP_READ, "CreateFilter", collector, NULL);
	buf_puts(text, "<spec>");
	if (news)
		buf_puts(text, "<propSet><type>Task</type>"
			 "<pathSet>info.state</pathSet>"
			 "<pathSet>info.result</pathSet>"
			 "<pathSet>info.error</pathSet>"
			 "<pathSet>info.queueTime</pathSet>"
			 "<pathSet>info.completeTime</pathSet></propSet>");
	buf_puts(text, "<propSet><type>VirtualMachine</type>"
		 "<pathSet>runtime.powerState</pathSet>");
	if (news)
		buf_puts(text, "<pathSet>config.extraConfig</pathSet>"
			 "<pathSet>config.uuid</pathSet>"
			 "<pathSet>config.instanceUuid</pathSet>");
	buf_puts(text, "</propSet>");
	_put_list(request, list);
}

void watch_write_state_filter(struct soap_request *request,
			      const struct moref *collector,
			      const struct moref *list)
{
	soap_begin(request, SOAP_READ, "CreateFilter", collector, NULL);
	buf_puts(&request->text,
		 "<spec><propSet><type>VirtualMachine</type>"
		 "<pathSet>runtime.powerState</pathSet>"
		 "<pathSet>runtime.host</pathSet>"
		 "<pathSet>runtime.instantCloneFrozen</pathSet></propSet>"
		 "<propSet><type>HostSystem</type>"
		 "<pathSet>runtime.connectionState</pathSet>"
		 "<pathSet>runtime.inMaintenanceMode</pathSet>"
		 "<pathSet>summary.quickStats.overallMemoryUsage</pathSet>"
		 "</propSet><propSet><type>Datastore</type>"
		 "<pathSet>summary.accessible</pathSet>"
		 "<pathSet>summary.maintenanceMode</pathSet>"
		 "<pathSet>summary.freeSpace</pathSet></propSet>"
		 "<propSet><type>Folder</type>"
		 "<pathSet>childEntity</pathSet></propSet>");
	_put_list(request, list);
}

void watch_write_modify(struct soap_request *request,
			const struct moref *list, const struct moref *add,
			size_t n_add, const struct moref *remove,
			size_t n_remove)
{
	/* Doing it twice does no harm. */
	soap_begin(request, SOAP_READ, "ModifyListView", list, NULL);
	for (size_t i = 0; i < n_add; i++)
		soap_put_ref(request, "add", &add[i]);
	for (size_t i = 0; i < n_remove; i++)
		soap_put_ref(request, "remove", &remove[i]);
}

void watch_write_wait(struct soap_request *request,
		      const struct moref *collector, const char *version,
		      unsigned wait_s)
{
	struct buf *text = &request->text;

	soap_begin(request, SOAP_READ, "WaitForUpdatesEx", collector, NULL);
	request->lane = HTTP_POLL;
	request->timeout_ms = wait_s * 1000 + SLACK_MS;
	xml_put(text, "version", version);
	buf_puts(text, "<options>");
	xml_put_uint(text, "maxWaitSeconds", wait_s);
	xml_put_uint(text, "maxObjectUpdates", 256);
	buf_puts(text, "</options>");
}
