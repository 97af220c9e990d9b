/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/path.h"
#include "tap.h"
#include "vc.h"

bool vc_is(const struct canned_request *request, const char *method)
{
	char tag[96];

	snprintf(tag, sizeof(tag), "<%s xmlns=\"urn:vim25\">", method);
	return strstr(request->body, tag) != NULL;
}

static void _versions(const struct vc *vc, struct buf *reply)
{
	char body[512];

	snprintf(body, sizeof(body), "<namespaces version=\"1.0\"><namespace>"
		 "<name>urn:vim2</name><version>9.9</version></namespace>"
		 "<namespace><name>urn:vim25</name><version>%s</version>"
		 "<priorVersions><version>5.5</version></priorVersions>"
		 "</namespace></namespaces>",
		 vc->version ? vc->version : "8.0.2.0");
	canned_reply(reply, 200, "", body, strlen(body));
}

static void _content(const struct vc *vc, struct buf *reply)
{
	char body[2048];

	snprintf(body, sizeof(body),
		 "<RetrieveServiceContentResponse xmlns=\"urn:vim25\">"
		 "<returnval>"
		 "<rootFolder type=\"Folder\">group-d1</rootFolder>"
		 "<propertyCollector type=\"PropertyCollector\">pc"
		 "</propertyCollector>"
		 "<viewManager type=\"ViewManager\">ViewManager</viewManager>"
		 "<about><apiType>%s</apiType><apiVersion>8.0.2.0"
		 "</apiVersion></about>"
		 "<sessionManager type=\"SessionManager\">sm</sessionManager>"
		 "<authorizationManager type=\"AuthorizationManager\">am"
		 "</authorizationManager>"
		 "<searchIndex type=\"SearchIndex\">SearchIndex</searchIndex>"
		 "</returnval></RetrieveServiceContentResponse>",
		 vc->api_type ? vc->api_type : "VirtualCenter");
	canned_soap(reply, 200, body);
}

static void _login(struct vc *vc, const struct canned_request *request,
		   struct buf *reply)
{
	static const char body[] =
		"<?xml version=\"1.0\"?><Envelope><Body><LoginResponse>"
		"<returnval><key>key-1</key></returnval></LoginResponse>"
		"</Body></Envelope>";
	char cookie[128];

	atomic_fetch_add(&vc->logins, 1);
	if (!strstr(request->body, "<password>good</password>") ||
	    !strstr(request->body, "<userName>svc@vsphere.local<")) {
		canned_fault(reply, "InvalidLogin");
		return;
	}
	snprintf(cookie, sizeof(cookie), "Set-Cookie: vmware_soap_session="
		 "\"s%u\"; Path=/; HttpOnly\r\n",
		 atomic_fetch_add(&vc->session, 1) + 1);
	canned_reply(reply, 200, cookie, body, sizeof(body) - 1);
}

static bool _is_logged_in(struct vc *vc, const struct canned_request *request)
{
	char cookie[64];

	snprintf(cookie, sizeof(cookie), "vmware_soap_session=\"s%u\"",
		 atomic_load(&vc->session));
	return strstr(request->head, cookie) != NULL;
}

static enum canned_act _call(struct vc *vc,
			     const struct canned_request *request,
			     struct buf *reply)
{
	if (!_is_logged_in(vc, request)) {
		atomic_fetch_add(&vc->strangers, 1);
		canned_fault(reply, "NotAuthenticated");
		return CANNED_KEEP;
	}
	if (vc_is(request, "Logout")) {
		atomic_fetch_add(&vc->logouts, 1);
		canned_soap(reply, 200, "<LogoutResponse/>");
		return CANNED_KEEP;
	}
	atomic_fetch_add(&vc->calls, 1);
	if (vc->serve)
		return vc->serve(request, reply, vc->arg);
	canned_soap(reply, 200, "<CurrentTimeResponse xmlns=\"urn:vim25\"/>");
	return CANNED_KEEP;
}

static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	struct vc *vc = arg;

	if (atomic_load(&vc->away)) {
		const char *page = vc->page ? vc->page : "<html/>";

		atomic_fetch_sub(&vc->away, 1);
		canned_reply(reply, vc->page ? 200 : 503, "", page,
			     strlen(page));
		return CANNED_KEEP;
	}
	if (!strncmp(request->head, "GET /sdk/vimServiceVersions.xml ", 32))
		_versions(vc, reply);
	else if (vc_is(request, "RetrieveServiceContent"))
		_content(vc, reply);
	else if (vc_is(request, "Login"))
		_login(vc, request, reply);
	else
		return _call(vc, request, reply);
	return CANNED_KEEP;
}

void vc_set_password(struct vc *vc, const char *password)
{
	if (path_write(vc->password_file, password, strlen(password), 0600,
		       NULL))
		bail_out("cannot write %s", vc->password_file);
}

void vc_start(struct vc *vc)
{
	snprintf(vc->directory, sizeof(vc->directory),
		 "/tmp/sclone-wire-XXXXXX");
	if (!mkdtemp(vc->directory))
		bail_out("cannot make a directory in /tmp");
	snprintf(vc->password_file, sizeof(vc->password_file), "%s/password",
		 vc->directory);
	vc_set_password(vc, "good");
	vc->loop = loop_create(NULL);
	if (!vc->loop)
		bail_out("no loop");
	vc->canned = canned_start(_serve, vc);
}

void vc_stop(struct vc *vc)
{
	canned_stop(vc->canned);
	loop_destroy(vc->loop);
	unlink(vc->password_file);
	rmdir(vc->directory);
}

struct session *vc_session(struct vc *vc)
{
	struct session_config config = {
		.http = { .url = canned_url(vc->canned), .reply_max = 1 << 20,
			  .connections = vc->connections ? vc->connections
							 : 4,
			  .connect_ms = 5000 },
		.user = "svc@vsphere.local",
		.password_file = vc->password_file,
		.password_owner = getuid(),
	};
	struct err err = ERR_INIT;
	struct session *session = session_create(vc->loop, &config, &err);

	if (!session)
		bail_out("%s", err.text);
	return session;
}

static void _done(const struct soap_reply *reply, void *arg)
{
	struct ends *ends = arg;

	ends->count++;
	if (reply->err) {
		ends->failed++;
		ends->err = *reply->err;
	}
	if (ends->cancel)
		session_cancel(steal_ptr(ends->cancel));
	if (ends->destroy)
		session_destroy(steal_ptr(ends->destroy));
}

struct session_call *vc_call(struct session *session, enum soap_kind kind,
			     unsigned timeout_ms, struct ends *ends)
{
	static const struct moref self = { "ServiceInstance",
					   "ServiceInstance" };
	struct soap_request request;

	soap_begin(&request, kind, "CurrentTime", &self, NULL);
	request.timeout_ms = timeout_ms;
	if (soap_end(&request, NULL))
		bail_out("cannot write a request");
	return session_call(session, &request, _done, ends, &ends->err);
}
