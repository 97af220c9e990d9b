/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privileges - what the account needs in vCenter, and what it must not have:
 * the role table of doc/vcenter.md, which a test compares with this one.
 */
#ifndef SCLONE_SCLONE_PRIVILEGES_H
#define SCLONE_SCLONE_PRIVILEGES_H

#include <stddef.h>

enum privileges_on {
	PRIVILEGES_FOLDER,	/* the clone folder */
	PRIVILEGES_SOURCE,
	PRIVILEGES_POOL,
	PRIVILEGES_DATASTORE,	/* of the sources */
	PRIVILEGES_NETWORK,	/* that sclone.conf names */
	PRIVILEGES_ON		/* count */
};

enum privileges_rule {
	PRIVILEGES_NEEDED,
	PRIVILEGES_WANTED,	/* without it a human has to do it */
	PRIVILEGES_HARMFUL,	/* could cost a source */
	PRIVILEGES_EXCESS,	/* more than sclone ever uses */
};

struct privileges_row {
	enum privileges_on on;
	enum privileges_rule rule;
	const char *name;
	const char *why;	/* "destroy clones" */
};

extern const struct privileges_row privileges_table[];
extern const size_t privileges_count;

/* "clone folder", "source" ...; static storage. */
const char *privileges_on_name(enum privileges_on on);

#endif
