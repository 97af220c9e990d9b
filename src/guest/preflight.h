/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preflight - whether this machine is fit to be frozen: one check, one
 * finding, one line that cures it. Reads files only; changes nothing.
 */
#ifndef SCLONE_GUEST_PREFLIGHT_H
#define SCLONE_GUEST_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "settings.h"

#define PREFLIGHT_MAX 64
#define PREFLIGHT_TEXT 256

struct preflight_finding {
	bool blocks;	/* false: advice */
	char text[PREFLIGHT_TEXT];
	char cure[PREFLIGHT_TEXT];
};

struct preflight {
	size_t count;
	struct preflight_finding list[PREFLIGHT_MAX];
};

/* root stands before every path that is read: "" on a real machine. */
void preflight_run(const struct settings *settings, const char *root,
		   struct preflight *preflight);

/* CONFIG with the first finding that blocks, and its cure. */
int preflight_must(const struct settings *settings, struct err *err);

#endif
