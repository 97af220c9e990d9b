/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tools - open-vm-tools seen through its two command lines, the guest's
 * only way to its host: vmware-rpctool 'info-get guestinfo.x',
 * 'info-set guestinfo.x VALUE', 'instantclone.freeze', and
 * vmware-toolbox-cmd stat hosttime (open-vm-tools, rpctool.c and
 * toolboxcmd-stat.c). Status 0 and the value, or status 1 and a text.
 */
#ifndef SCLONE_GUEST_TOOLS_H
#define SCLONE_GUEST_TOOLS_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "settings.h"

#define TOOLS_KEY "guestinfo.sclone"
#define TOOLS_KEY_STATE "guestinfo.sclone.state"
#define TOOLS_KEY_TEMPLATE "guestinfo.sclone.template"
#define TOOLS_VALUE_MAX 8192
#define TOOLS_TRIES 5	/* of a call that gets no answer */

enum tools_answer {
	TOOLS_VALUE,	/* the key holds a value */
	TOOLS_ABSENT,	/* the host says definitely that there is none */
	TOOLS_NO_ANSWER,	/* anything else: nothing is known */
};

/*
 * What a finished rpctool said to info-get: pure. Only VMware's own words
 * for a missing key are taken as absence; a value without a byte is doubt.
 */
enum tools_answer tools_judge(int status, const char *output);

/* Ask once. value (initialised, max at least TOOLS_VALUE_MAX + 2) gets the
 * text without its newline; err is set with TOOLS_NO_ANSWER. */
enum tools_answer tools_get(const struct settings *settings, const char *key,
			    struct buf *value, struct err *err);

/* Set a key; tried up to TOOLS_TRIES times. TRANSIENT. */
int tools_set(const struct settings *settings, const char *key,
	      const char *value, struct err *err);

/* Returns in a clone (or in the source when the host refuses: -1). */
int tools_freeze(const struct settings *settings, struct err *err);

/* "22 Nov 2026 10:11:12" in UTC to µs since 1970: pure. PROTOCOL. */
int tools_read_time(const char *text, int64_t *us, struct err *err);

/* The host's time, *us <= truth < *us + *resolution. TRANSIENT, PROTOCOL. */
int tools_host_time(const struct settings *settings, int64_t *us,
		    int64_t *resolution, struct err *err);

/* Wait before the n-th repetition of a call: 100 ms, doubled, at most 2 s. */
void tools_pause(unsigned n);

#endif
