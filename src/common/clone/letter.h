/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * letter - the identity that a clone is sent: one line of JSON under
 * guestinfo.sclone, written with the clone request and read once by
 * sclone-guest (src/guest/identity.h). It holds no secret that outlives the
 * clone; the guest validates every value as hostile.
 *
 * Version 1 knows one network card. What version 1 cannot say (several cards,
 * routes, a fixed MAC address, search domains) is written as version 2, which
 * a guest that knows only 1 refuses as a whole. In both, "shared" is there in
 * the clones that jobs share alone: a guest that does not know it would take
 * the mounts from under them at a job's end, and refuses it, too.
 */
#ifndef SCLONE_CLONE_LETTER_H
#define SCLONE_CLONE_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "config.h"

#define LETTER_KEY "guestinfo.sclone"		/* the JSON; then "used N" */
#define LETTER_STATE_KEY "guestinfo.sclone.state"	/* display only */
#define LETTER_TEMPLATE_KEY "guestinfo.sclone.template"
#define LETTER_MAX 8192			/* bytes */
#define LETTER_SEED_SIZE 32

struct letter {
	const char *node;
	int64_t epoch;		/* µs */
	const char *template;
	int64_t time;		/* µs since 1970: now */
	int64_t not_after;	/* µs since 1970: later it must not start */
	bool shared;		/* the clone is for several jobs */
	uint8_t seed[LETTER_SEED_SIZE];	/* mixed in, not credited */
	/* The MAC addresses of the source's cards, in their order, by which
	 * the guest knows them; "" when not known. */
	char sources[CONFIG_NICS_MAX][MAC_TEXT_SIZE];
};

/*
 * Append the line for a node of this configuration. CONFIG when the node is
 * not in it, FATAL when the line would be longer than LETTER_MAX.
 */
int letter_print(const struct letter *letter, const struct config *config,
		 struct buf *out, struct err *err);

/* Fresh seed from the kernel's random source; blocks only at boot. */
int letter_seed(struct letter *letter, struct err *err);

#endif
