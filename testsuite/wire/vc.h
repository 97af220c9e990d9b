/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vc - the entrance of a vCenter on a canned server: versions, service
 * content, login. What comes after the login is up to the test.
 */
#ifndef SCLONE_TESTSUITE_VC_H
#define SCLONE_TESTSUITE_VC_H

#include <stdatomic.h>

#include "common/vim25/session.h"
#include "canned.h"

struct vc {
	/* what the test sets, before the client asks */
	const char *version;	/* NULL: "8.0.2.0" */
	const char *api_type;	/* NULL: "VirtualCenter" */
	unsigned connections;	/* of each client; 0: 4 */
	atomic_uint away;	/* answer so many requests with 503, */
	const char *page;	/* or, if set, with 200 and this page */
	canned_fn *serve;	/* calls of a valid session */
	void *arg;

	/* what the server knows */
	atomic_uint session;	/* the valid cookie; change: expired */
	atomic_uint logins, logouts, calls;
	atomic_uint strangers;	/* calls without a valid session */

	struct canned *canned;
	struct loop *loop;
	char directory[64], password_file[96];
};

/* The right password is "good". Ends the program when it cannot. */
void vc_start(struct vc *vc);
void vc_stop(struct vc *vc);

void vc_set_password(struct vc *vc, const char *password);

/* A client of it. */
struct session *vc_session(struct vc *vc);

/* Whether the request is a call of this method. */
bool vc_is(const struct canned_request *request, const char *method);

/* Expected outcomes of calls. */
struct ends {
	unsigned count, failed;
	struct err err;		/* of the last failure */
	struct session_call **cancel;
	struct session **destroy;
};

/* Make a CurrentTime call that counts into ends. */
struct session_call *vc_call(struct session *session, enum soap_kind kind,
			     unsigned timeout_ms, struct ends *ends);

#endif
