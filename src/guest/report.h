/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report - the two lines of JSON the guest writes for its controller:
 * guestinfo.sclone.state by a clone, guestinfo.sclone.template by a source.
 * For display and timing; nobody trusts them. Pure.
 */
#ifndef SCLONE_GUEST_REPORT_H
#define SCLONE_GUEST_REPORT_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* Milliseconds; -1 for a phase that was not reached. */
struct report_times {
	int64_t thaw;	/* identity written by the controller -> read here;
			 * as coarse as the host's clock, 0.5 s */
	int64_t identity;	/* from the thaw to: identity taken */
	int64_t network;	/* ... address up and hooks done */
	int64_t slurmd;	/* ... slurmd executed */
};

struct report_state {
	int64_t epoch;	/* 0 when no identity could be read */
	const char *code;	/* NULL: ready; else what failed */
	const char *text;	/* for a human; NULL with ready */
	struct report_times ms;
};

/* {"v":1,"epoch":N,"state":"ready"|"failed",...} */
int report_print_state(const struct report_state *state, struct buf *out,
		       struct err *err);

/* {"v":1,"guest":VERSION,"slurmd":LINE,"boot":µs}; line is the output of
 * slurmd -C, of which the first line counts. */
int report_print_template(const char *version, const char *line, int64_t boot,
			  struct buf *out, struct err *err);

#endif
