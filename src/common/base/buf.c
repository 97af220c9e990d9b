/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define FIRST_CAP 256

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf) { .max = max };
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = buf->nomem = false;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	buf_free(buf);
}

void buf_nomem(struct buf *buf)
{
	buf->failed = buf->nomem = true;
}

/* Room for len more bytes and the NUL; latches failure. */
static bool _reserve(struct buf *buf, size_t len)
{
	size_t need, cap;
	char *data;

	if (buf->failed || len > buf->max - buf->len) {
		buf->failed = true;
		return false;
	}
	need = buf->len + len + 1;
	if (need <= buf->cap)
		return true;
	cap = buf->cap ? buf->cap : FIRST_CAP;
	while (cap < need)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data) {
		buf_nomem(buf);
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void buf_reserve(struct buf *buf, size_t len)
{
	(void) _reserve(buf, len);
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!len || !_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

/* Mostly there is room, and one go is enough. */
void buf_printf(struct buf *buf, const char *fmt, ...)
{
	size_t room = buf->data ? buf->cap - buf->len : 0;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(room ? buf->data + buf->len : NULL, room, fmt, ap);
	va_end(ap);
	if (len < 0)
		buf->failed = true;
	if (len <= 0 || !_reserve(buf, (size_t) len)) {
		if (room)
			buf->data[buf->len] = '\0';
		return;
	}
	if ((size_t) len >= room) {
		va_start(ap, fmt);
		vsnprintf(buf->data + buf->len, (size_t) len + 1, fmt, ap);
		va_end(ap);
	}
	buf->len += (size_t) len;
}

void buf_consume(struct buf *buf, size_t n)
{
	if (n >= buf->len) {
		buf->len = 0;
	} else {
		memmove(buf->data, buf->data + n, buf->len - n);
		buf->len -= n;
	}
	if (buf->data)
		buf->data[buf->len] = '\0';
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

int buf_ok(const struct buf *buf, const char *what, struct err *err)
{
	if (!buf->failed)
		return 0;
	if (buf->nomem)
		return err_nomem(err);
	return err_set(err, ERR_FATAL, "%s: longer than %zu bytes", what,
		       buf->max);
}

char *buf_steal(struct buf *buf)
{
	char *data = NULL;

	if (!buf->failed && _reserve(buf, 0))
		data = buf->data;
	if (!data) {
		buf_free(buf);
		return NULL;
	}
	data[buf->len] = '\0';
	buf_init(buf, buf->max);
	return data;
}
