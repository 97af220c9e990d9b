/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err - what went wrong, and what the caller does about it.
 *
 * A function that can fail returns 0 or -1 (or a pointer, or NULL) and takes
 * a caller-owned struct err as its last argument. On success the err is not
 * touched. The code names the caller's next act, not the place of the fault;
 * the text is one line for a human and never holds a secret.
 *
 * Libraries fill errors and stay silent; programs log each one once.
 */
#ifndef SCLONE_BASE_ERR_H
#define SCLONE_BASE_ERR_H

#define ERR_TEXT_SIZE 512

enum err_code {
	ERR_NONE = 0,	/* no error */
	ERR_UNKNOWN,	/* it may or may not have happened: look it up first */
	ERR_TRANSIENT,	/* try again after a pause */
	ERR_BUSY,	/* the target is occupied: try again later */
	ERR_CAPACITY,	/* no room here: try another source or host */
	ERR_AUTH,	/* not logged in, or not allowed */
	ERR_NOTFOUND,	/* the object does not exist */
	ERR_EXISTS,	/* the name is taken: look up who has it */
	ERR_CONFIG,	/* a human must change a file or a setting */
	ERR_PROTOCOL,	/* the peer's reply makes no sense */
	ERR_REFUSED,	/* a rule of ours forbids it */
	ERR_FATAL,	/* out of memory, a bug: give up this operation */
	ERR_CODES	/* count, not a code */
};

struct err {
	enum err_code code;
	char text[ERR_TEXT_SIZE];	/* NUL-terminated, cut when too long */
};

#define ERR_INIT { ERR_NONE, "" }

/*
 * Set *err (may be NULL) to code and the formatted text. Control characters
 * in the text become '?', so that hostile input cannot forge log lines.
 * Always returns -1, so that failing is one statement:
 *	return err_set(err, ERR_CONFIG, "...");
 * Arguments may point into err->text.
 */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(errnum) after the text. */
int err_errno(struct err *err, enum err_code code, int errnum,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Put context before an error already set: "context: text". The code stays.
 * Always returns -1.
 */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ERR_FATAL "out of memory". Always returns -1. */
int err_nomem(struct err *err);

/* Upper-case name of a code ("TRANSIENT"), static storage. */
const char *err_name(enum err_code code);

/* Code of an upper-case name, or -1 when there is none. */
int err_code_of(const char *name);

#endif
