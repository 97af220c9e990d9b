/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receipt - what the two halves of `sclone receipt` share: receipt.c shows,
 * receipt_verify.c holds the chain against itself and the log.
 */
#ifndef SCLONE_SCLONE_RECEIPT_H
#define SCLONE_SCLONE_RECEIPT_H

#include "command.h"

/* What was asked for. */
struct receipt_order {
	const char *node;	/* NULL: all */
	int64_t job;		/* 0: all */
	int64_t limit;		/* of show; 0: the default */
	const char *head;	/* of verify, or NULL */
};

int receipt_verify(const struct command_options *options,
		   const struct receipt_order *order);

/* "12 2026-11-22T03:40:12.123Z vm1 epoch 17 job 7 ...", one line. */
void receipt_print_row(const struct json *row);

/* A row as JSON for programs: seq, hash, line, and the line's pairs. */
struct json *receipt_row_json(const struct json *row);

#endif
