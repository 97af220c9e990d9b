/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site - sclone.conf as rules/submit wants it: which templates there are, and
 * which of Slurm's partitions offer them. Read once, never changed.
 */
#ifndef SCLONE_JOB_SUBMIT_SITE_H
#define SCLONE_JOB_SUBMIT_SITE_H

#include "common/base/err.h"
#include "common/rules/submit.h"

struct site;

/* NULL and CONFIG, NOTFOUND, FATAL. */
struct site *site_read(const char *path, struct err *err);

/* Accepts NULL. */
void site_destroy(struct site *site);

/* Borrowed from the site. */
const struct submit_site *site_rules(const struct site *site);

#endif
