/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xw - writes XML elements into a buffer, with texts escaped. Tags and
 * xsi types are trusted (they come from the program). Failures latch in buf.
 */
#ifndef SCLONE_VCLAB_XW_H
#define SCLONE_VCLAB_XW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

/* Character data; characters XML 1.0 does not know become '?'. */
void xw_text(struct buf *out, const char *text);

void xw_open(struct buf *out, const char *tag);
/* <tag xsi:type="type">; type NULL as xw_open. */
void xw_open_as(struct buf *out, const char *tag, const char *type);
void xw_close(struct buf *out, const char *tag);

/* Whole elements; a NULL text or id writes nothing. */
void xw_str(struct buf *out, const char *tag, const char *text);
void xw_str_as(struct buf *out, const char *tag, const char *type,
	       const char *text);
void xw_int(struct buf *out, const char *tag, int64_t value);
void xw_bool(struct buf *out, const char *tag, bool value);
void xw_time(struct buf *out, const char *tag, int64_t wall_us);
void xw_ref(struct buf *out, const char *tag, const char *type,
	    const char *id);

/* A key and a string, the content of an OptionValue. */
void xw_option(struct buf *out, const char *key, const char *value);

#endif
