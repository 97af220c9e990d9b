/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

static const char *const names[ERR_CODES] = {
	[ERR_NONE] = "NONE",
	[ERR_UNKNOWN] = "UNKNOWN",
	[ERR_TRANSIENT] = "TRANSIENT",
	[ERR_BUSY] = "BUSY",
	[ERR_CAPACITY] = "CAPACITY",
	[ERR_AUTH] = "AUTH",
	[ERR_NOTFOUND] = "NOTFOUND",
	[ERR_EXISTS] = "EXISTS",
	[ERR_CONFIG] = "CONFIG",
	[ERR_PROTOCOL] = "PROTOCOL",
	[ERR_REFUSED] = "REFUSED",
	[ERR_FATAL] = "FATAL",
};

/* The text is built aside, since arguments may point into err->text. */
static void _store(struct err *err, enum err_code code, const char *text)
{
	size_t i;

	err->code = code;
	for (i = 0; text[i] && i < ERR_TEXT_SIZE - 1; i++) {
		unsigned char c = (unsigned char) text[i];

		err->text[i] = (c < 0x20 || c == 0x7f) ? '?' : text[i];
	}
	err->text[i] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	char text[ERR_TEXT_SIZE];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	_store(err, code, text);
	return -1;
}

int err_errno(struct err *err, enum err_code code, int errnum,
	      const char *fmt, ...)
{
	char text[ERR_TEXT_SIZE];
	char reason[128];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, code, "%s: %s", text,
		       strerror_r(errnum, reason, sizeof(reason)));
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char context[ERR_TEXT_SIZE];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	return err_set(err, err->code, "%s: %s", context, err->text);
}

int err_nomem(struct err *err)
{
	return err_set(err, ERR_FATAL, "out of memory");
}

const char *err_name(enum err_code code)
{
	if ((unsigned) code >= ERR_CODES)
		return "INVALID";
	return names[code];
}

int err_code_of(const char *name)
{
	for (int code = 0; code < ERR_CODES; code++)
		if (!strcmp(names[code], name))
			return code;
	return -1;
}
