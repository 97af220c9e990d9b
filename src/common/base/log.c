/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"

#define LINE_SIZE 2048

static const int priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARN] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

static struct {
	const char *ident;
	enum log_level level;
	bool to_syslog;
	bool to_journal;	/* stderr is read by systemd */
} state = { .ident = "sclone", .level = LOG_LEVEL_INFO };

/* systemd names the stream by device and inode (systemd.exec(5)); what a
 * program was started with may have been redirected since. */
static bool _is_journal(void)
{
	const char *stream = secure_getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

void log_open(const char *ident, enum log_level level, bool to_syslog)
{
	state.ident = ident;
	state.level = level;
	state.to_syslog = to_syslog;
	state.to_journal = _is_journal();
	if (to_syslog)
		openlog(ident, LOG_PID, LOG_DAEMON);
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

static void _write(int priority, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void _write(int priority, const char *fmt, va_list ap)
{
	char line[LINE_SIZE];

	vsnprintf(line, sizeof(line), fmt, ap);
	for (char *p = line; *p; p++)
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			*p = '?';
	if (state.to_syslog)
		syslog(priority, "%s", line);
	else if (state.to_journal)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "%s: %s\n", state.ident, line);
}

#define DEFINE_LOG(name, least)                                             \
	void name(const char *fmt, ...)                                     \
	{                                                                   \
		va_list ap;                                                 \
                                                                            \
		if (least > state.level)                                    \
			return;                                             \
		va_start(ap, fmt);                                          \
		_write(priorities[least], fmt, ap);                         \
		va_end(ap);                                                 \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void log_notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	_write(LOG_NOTICE, fmt, ap);
	va_end(ap);
}
