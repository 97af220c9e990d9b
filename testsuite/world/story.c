/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Also stands in place of base/log. */
#include <stdarg.h>
#include <stdio.h>

#include "common/base/log.h"
#include "agenda.h"
#include "process.h"
#include "story.h"

static bool telling;

void story_tell(bool tell)
{
	telling = tell;
}

__attribute__((format(printf, 2, 0)))
static void _line(const char *who, const char *fmt, va_list args)
{
	printf("# %10.3f %-8s ", (double) agenda_now() / 1e6, who);
	vprintf(fmt, args);
	putchar('\n');
}

void story(const char *who, const char *fmt, ...)
{
	va_list args;

	if (!telling)
		return;
	va_start(args, fmt);
	_line(who, fmt, args);
	va_end(args);
}

#define LOG(level)                                                          \
	void log_##level(const char *fmt, ...)                              \
	{                                                                   \
		va_list args;                                               \
                                                                            \
		if (!telling || !process_lives())                           \
			return;                                             \
		va_start(args, fmt);                                        \
		_line("scloned", fmt, args);                                \
		va_end(args);                                               \
	}

LOG(error)
LOG(warn)
LOG(notice)
LOG(info)
LOG(debug)

void log_set_level(enum log_level level)
{
	(void) level;
}
