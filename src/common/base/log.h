/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - where programs say what happened. Library code never calls this.
 *
 * To standard error (with the <N> prefix systemd reads when the stream is
 * connected to the journal) or to syslog for programs whose streams nobody
 * reads. Control characters are replaced; secrets are never passed in.
 */
#ifndef SCLONE_BASE_LOG_H
#define SCLONE_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
		 LOG_LEVEL_DEBUG };

/* ident is borrowed for the program's life. */
void log_open(const char *ident, enum log_level level, bool to_syslog);
void log_set_level(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whatever the level: what others must be able to rely on. */
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
