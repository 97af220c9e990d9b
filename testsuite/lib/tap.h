/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tap - the Test Anything Protocol for C tests.
 *
 *	ok(x == 3, "three is kept");
 *	is_str(got, "vm1", "name");
 *	return done_testing();
 */
#ifndef SCLONE_TESTSUITE_TAP_H
#define SCLONE_TESTSUITE_TAP_H

#include <stdbool.h>
#include <stdint.h>

/* One test. Returns the condition. */
bool ok_at(bool pass, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define ok(cond, ...) ok_at((cond), __FILE__, __LINE__, __VA_ARGS__)

/* Equal strings (NULL equals NULL), equal integers; both shown if not. */
bool is_str_at(const char *got, const char *want, const char *file, int line,
	       const char *what);
#define is_str(got, want, what) is_str_at(got, want, __FILE__, __LINE__, what)
bool is_int_at(int64_t got, int64_t want, const char *file, int line,
	       const char *what);
#define is_int(got, want, what) is_int_at(got, want, __FILE__, __LINE__, what)

/* got contains the text. */
bool has_str_at(const char *got, const char *part, const char *file, int line,
		const char *what);
#define has_str(got, part, what)                                            \
	has_str_at(got, part, __FILE__, __LINE__, what)

/* A comment in the output. */
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The harness itself cannot go on: ends the program. */
void bail_out(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Print the plan; the exit status for main. */
int done_testing(void);

#endif
