/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity - what a clone is told about itself: one line of JSON under
 * guestinfo.sclone, written with the clone request and read once by
 * sclone-guest. It holds no secret that outlives the clone; the guest
 * validates every value as hostile.
 */
#ifndef SCLONE_CLONE_IDENTITY_H
#define SCLONE_CLONE_IDENTITY_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "config.h"

#define IDENTITY_KEY "guestinfo.sclone"		/* the JSON; then "used N" */
#define IDENTITY_STATE_KEY "guestinfo.sclone.state"	/* display only */
#define IDENTITY_TEMPLATE_KEY "guestinfo.sclone.template"
#define IDENTITY_MAX 8192			/* bytes */
#define IDENTITY_SEED_SIZE 32

struct identity {
	const char *node;
	int64_t epoch;		/* µs */
	const char *template;
	int64_t time;		/* µs since 1970: now */
	int64_t not_after;	/* µs since 1970: later it must not start */
	uint8_t seed[IDENTITY_SEED_SIZE];	/* mixed in, not credited */
};

/*
 * Append the line for a node of this configuration. CONFIG when the node is
 * not in it, FATAL when the line would be longer than IDENTITY_MAX.
 */
int identity_print(const struct identity *identity,
		   const struct config *config, struct buf *out,
		   struct err *err);

/* Fresh seed from the kernel's random source; blocks only at boot. */
int identity_seed(struct identity *identity, struct err *err);

#endif
