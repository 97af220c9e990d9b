/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emulated - a vclab process of our own: a strict vCenter with TLS, two
 * hosts, three sources and faults on demand.
 */
#ifndef SCLONE_TESTSUITE_EMULATED_H
#define SCLONE_TESTSUITE_EMULATED_H

#include <sys/types.h>

#include "common/vim25/watch.h"

struct emulated {
	pid_t pid;
	struct loop *loop;
	char directory[64], url[64], ca_file[128], password_file[96];
	struct http *control;
	char answer[65536];	/* of the last control request */

	struct session *session;
	struct watch *watch;
};

/* Whether vclab has been built. */
bool emulated_exists(void);

/* Start it, with a session and a watch of the service account. Ends the
 * program when it cannot. */
void emulated_start(struct emulated *vc);
void emulated_stop(struct emulated *vc);

/* What a session needs; the test may change it. */
void emulated_config(const struct emulated *vc, struct session_config *config);

/* POST json to a path under /lab; the answer in vc->answer. */
void emulated_control(struct emulated *vc, const char *path,
		      const char *json);

/* A number in the last answer, or -1. */
long emulated_number(const struct emulated *vc, const char *key);

#endif
