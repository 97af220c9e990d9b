/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buf - a growing byte buffer that always has a maximum.
 *
 * Failure (over the maximum, out of memory) latches: later additions do
 * nothing, so a builder appends freely and asks buf_ok() once at the end.
 * The bytes are always followed by a NUL that does not count.
 */
#ifndef SCLONE_BASE_BUF_H
#define SCLONE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct buf {
	char *data;	/* NULL until the first addition; see buf_str() */
	size_t len;	/* bytes in use, without the NUL */
	size_t cap;	/* bytes allocated */
	size_t max;	/* len never exceeds this */
	bool failed;	/* an addition did not fit */
	bool nomem;	/* it would have, but there was no memory */
};

/* Start empty; max is the largest len allowed. No allocation yet. */
void buf_init(struct buf *buf, size_t max);

/* Release the memory and start empty again with the same maximum. */
void buf_free(struct buf *buf);
#define cleanup_buf __attribute__((cleanup(buf_free)))

/* Forget the bytes and the failure, keep the memory. */
void buf_reset(struct buf *buf);

/* Overwrite the memory with zeros, then as buf_free: for secrets. */
void buf_wipe(struct buf *buf);

/* Make room for len more bytes now, so that they do not move the others (for
 * secrets: growing leaves a copy behind). */
void buf_reserve(struct buf *buf, size_t len);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Drop the first n bytes (n > len drops all). */
void buf_consume(struct buf *buf, size_t n);

/* The bytes as a C string, "" when empty. Borrowed until the next change. */
const char *buf_str(const struct buf *buf);

/* Latch that there was no memory for what was to be added. */
void buf_nomem(struct buf *buf);

/* 0 when nothing failed so far, else -1 with FATAL: too long, or out of
 * memory. */
int buf_ok(const struct buf *buf, const char *what, struct err *err);

/* Give the bytes (NUL-terminated, never NULL) to the caller, who frees them;
 * the buffer is empty afterwards. NULL when failed or out of memory. */
char *buf_steal(struct buf *buf);

#endif
