/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - what `sclone check` tests: tables of checks, each a small function
 * over the facts. To add one, write the function and its row, give it a test
 * in testsuite/unit/findings.c and a line in doc/man/sclone.1.in.
 */
#ifndef SCLONE_SCLONE_CHECK_H
#define SCLONE_SCLONE_CHECK_H

#include "facts.h"
#include "findings.h"

#define CHECK_NAMES_SIZE 120

/* What a check judges; it is passed over when that could not be gathered,
 * which is a finding of another check. */
enum check_needs {
	CHECK_NOTHING,
	CHECK_CONFIG,		/* facts->config */
	CHECK_VCENTER,		/* facts->vcenter, after a login */
	CHECK_SLURM,		/* facts->slurm, after its answers */
};

struct check {
	const char *topic;	/* NULL ends a table */
	const char *fine;	/* said when the function finds nothing */
	enum check_needs needs;
	void (*run)(const struct facts *facts, struct findings *out);
};

extern const struct check check_config_table[];
extern const struct check check_vcenter_table[];
extern const struct check check_slurm_table[];
extern const struct check check_times_table[];
extern const struct check check_nodes_table[];
extern const struct check check_room_table[];

/* Run all tables. */
void check_run(const struct facts *facts, struct findings *out);

/* Names for the text of a finding, folded where they are like host names,
 * and cut. Start with { 0 }. */
struct check_names {
	struct hostlist *list;
	size_t others;		/* names that cannot be folded */
	char text[CHECK_NAMES_SIZE];
};
void check_names_add(struct check_names *names, const char *name);
size_t check_names_count(const struct check_names *names);
const char *check_names_print(struct check_names *names);
void check_names_clear(struct check_names *names);
#define cleanup_check_names __attribute__((cleanup(check_names_clear)))

#endif
