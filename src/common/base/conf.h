/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - reads a file in slurm.conf's style and fills structs from it.
 *
 * One object a line: "Key=Value Key=Value ...", keys in any case, values
 * bare or in double quotes, '#' starts a comment, a trailing backslash
 * joins lines. What keys exist is said by tables (struct conf_key); an
 * unknown or repeated key, a bad value or a missing required key is an
 * error that names file, line, value and what is allowed.
 * The same tables feed the man page and `sclone check`.
 */
#ifndef SCLONE_BASE_CONF_H
#define SCLONE_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"

#define CONF_FILE_MAX (4 * 1024 * 1024)	/* bytes of one file */
#define CONF_LINES_MAX 20000		/* objects in one file */
#define CONF_PAIRS_MAX 64		/* pairs on one line */

enum conf_type {
	CONF_STRING,	/* char *, not empty */
	CONF_NAME,	/* char *, parse_is_name(); max, 0: 255 */
	CONF_PATH,	/* char *, starts with '/' */
	CONF_UINT,	/* uint64_t, min..max */
	CONF_DURATION,	/* uint64_t seconds, min..max; see parse_duration() */
	CONF_BOOL,	/* bool, yes or no */
	CONF_CHOICE,	/* int, index into choices */
};

struct conf_key {
	const char *name;	/* as documented, e.g. "NodeAddr" */
	enum conf_type type;
	size_t offset;		/* of the field in the struct to fill */
	bool required;
	bool secret;		/* not for a file that is handed on */
	const char *fallback;	/* default, as text; NULL leaves the field */
	uint64_t min, max;	/* CONF_UINT, CONF_DURATION, CONF_NAME */
	const char *const *choices;	/* CONF_CHOICE, NULL-terminated */
	const char *help;	/* one or two sentences, for the man page */
};

struct conf_pair {
	char *key;
	char *value;
};

struct conf_line {
	const char *file;	/* borrowed from the conf */
	unsigned number;	/* first line is 1 */
	size_t count;
	struct conf_pair pairs[CONF_PAIRS_MAX];
};

struct conf;

/* Read and split a whole file. NULL and CONFIG (with file:line), NOTFOUND
 * when there is no such file, FATAL. */
struct conf *conf_read(const char *path, struct err *err);

/* The same from memory; name stands for the file in errors. */
struct conf *conf_parse(const char *name, const char *text, size_t len,
			struct err *err);

/* Accepts NULL. */
void conf_destroy(struct conf *conf);
CLEANUP_DEFINE(struct conf *, conf_destroy)
#define cleanup_conf cleanup_with(conf_destroy_cleanup_)

size_t conf_count(const struct conf *conf);
const struct conf_line *conf_line(const struct conf *conf, size_t index);

/* The value of a key on this line (any case), or NULL. Borrowed. */
const char *conf_value(const struct conf_line *line, const char *key);

/*
 * Fill the struct at object from one line by a key table that ends with a
 * NULL name. Strings are allocated; conf_clear() frees them. The struct must
 * be zeroed before the first use. On failure the struct is cleared.
 */
int conf_fill(const struct conf_line *line, const struct conf_key *keys,
	      void *object, struct err *err);

/*
 * As conf_fill for objects that stand on many lines (global settings): takes
 * the keys of this line, and neither applies fallbacks nor misses
 * required keys; conf_finish() does that at the end. A key given twice is an
 * error that names both lines. lines has an element per key, zeroed before the
 * first call; at most CONF_PAIRS_MAX keys.
 */
int conf_merge(const struct conf_line *line, const struct conf_key *keys,
	       void *object, unsigned *lines, struct err *err);
int conf_finish(const char *file, const struct conf_key *keys, void *object,
		const unsigned *lines, struct err *err);

/*
 * Split a key's value at commas outside brackets and call each item in order.
 * An empty item, and one that each() refuses, is an error about the line.
 */
int conf_each(const struct conf_line *line, const char *key,
	      const char *value,
	      int (*each)(void *arg, const char *item, struct err *err),
	      void *arg, struct err *err);

/* Free the strings that conf_fill or conf_merge allocated and NULL them. */
void conf_clear(const struct conf_key *keys, void *object);

/* CONFIG error "file:line: ..." about a line. Always returns -1. */
int conf_error(const struct conf_line *line, struct err *err, const char *fmt,
	       ...) __attribute__((format(printf, 3, 4)));

#endif
