/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial_row - a test of a source as JSON: in the journal all of it, in
 * answers what is for people and programs (verbs.h: TEST).
 */
#ifndef SCLONE_SCLONED_TRIAL_ROW_H
#define SCLONE_SCLONED_TRIAL_ROW_H

#include "common/base/json.h"
#include "common/rules/trial.h"

/* What trial_row_read() reads; NULL: out of memory. */
struct json *trial_row(const struct trial *trial);

/* The same for answers: names and advice instead of numbers. */
struct json *trial_row_shown(const struct trial *trial);

/* PROTOCOL, CONFIG: it is no such row. */
int trial_row_read(const struct json *row, struct trial *trial,
		   struct err *err);

#endif
