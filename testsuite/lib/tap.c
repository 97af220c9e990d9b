/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static unsigned run, failed;

static bool _result(bool pass, const char *file, int line, const char *what)
{
	run++;
	printf("%sok %u - %s\n", pass ? "" : "not ", run, what);
	if (!pass) {
		failed++;
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return pass;
}

bool ok_at(bool pass, const char *file, int line, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return _result(pass, file, line, what);
}

bool is_str_at(const char *got, const char *want, const char *file, int line,
	       const char *what)
{
	bool pass = (!got || !want) ? got == want : !strcmp(got, want);

	_result(pass, file, line, what);
	if (!pass)
		printf("#   got  %s\n#   want %s\n", got ? got : "(null)",
		       want ? want : "(null)");
	return pass;
}

bool is_int_at(int64_t got, int64_t want, const char *file, int line,
	       const char *what)
{
	_result(got == want, file, line, what);
	if (got != want)
		printf("#   got  %" PRId64 "\n#   want %" PRId64 "\n", got,
		       want);
	return got == want;
}

bool has_str_at(const char *got, const char *part, const char *file, int line,
		const char *what)
{
	bool pass = got && strstr(got, part);

	_result(pass, file, line, what);
	if (!pass)
		printf("#   got  %s\n#   want in it %s\n",
		       got ? got : "(null)", part);
	return pass;
}

void diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void bail_out(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(255);
}

int done_testing(void)
{
	printf("1..%u\n", run);
	return failed ? 1 : 0;
}
