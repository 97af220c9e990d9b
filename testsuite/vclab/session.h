/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session - SessionManager: logins, cookies, idle sessions that expire, and
 * accounts that lock after wrong passwords.
 */
#ifndef SCLONE_VCLAB_SESSION_H
#define SCLONE_VCLAB_SESSION_H

#include "call.h"

struct collector;
struct user;

#define SESSION_COOKIE "vmware_soap_session"
#define SESSIONS_MAX 2000
#define SESSION_TOKENS_MAX 64

/* Objects still to be told of a RetrievePropertiesEx. */
struct retrieval {
	char *token;
	struct spec *spec;
	struct mob **mobs;	/* hold references */
	size_t count;
	size_t next;
	size_t page;
	struct retrieval *after;
};

struct session {
	struct lab *lab;
	char *key;		/* the cookie and UserSession.key */
	struct user *user;	/* borrowed */
	int64_t login_us;	/* wall */
	int64_t active_us;	/* monotonic, last request */
	int64_t calls;
	struct collector *collector;	/* stands for "propertyCollector" */
	struct retrieval *retrievals;
	uint64_t next_id;
};

extern const struct mob_class session_manager_class;

/* The session of a cookie, if it has not expired; NULL. */
struct session *session_find(struct lab *lab, const char *cookie);

/* End it: its collectors, filters and views go. */
void session_end(struct session *session, const char *why);
void session_end_all(struct lab *lab, const char *why);

#endif
