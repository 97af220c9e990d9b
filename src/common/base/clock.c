/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define START_TIME 22	/* its field in /proc/self/stat, from 1 on */

static const struct clock_source *source;

static int64_t _read(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	(void) clock_gettime(id, &ts);
	return ts.tv_sec * CLOCK_US_PER_S + ts.tv_nsec / 1000;
}

#ifdef CLOCK_JUMPS
static int64_t _jump(void)
{
	const char *path = getenv("SCLONE_CLOCK_JUMP");
	FILE *file = path ? fopen(path, "re") : NULL;
	char text[32] = "";

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	(void) fclose(file);
	return strtoll(text, NULL, 10);
}
#else
static int64_t _jump(void)
{
	return 0;
}
#endif

int64_t clock_wall_us(void)
{
	return source ? source->wall_us(source->arg)
		      : _read(CLOCK_REALTIME) + _jump();
}

int64_t clock_mono_us(void)
{
	return source ? source->mono_us(source->arg) : _read(CLOCK_MONOTONIC);
}

/* Ticks since the machine was started; -1: not known. */
static long long _start_ticks(void)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char text[1024];
	long long ticks = -1;
	const char *at;
	size_t len;

	if (!file)
		return -1;
	len = fread(text, 1, sizeof(text) - 1, file);
	(void) fclose(file);
	text[len] = '\0';
	/* The program's name before that may hold anything. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < START_TIME; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, "%lld", &ticks) == 1 ? ticks : -1;
}

int64_t clock_started_us(void)
{
	long long ticks = _start_ticks();
	int64_t hz = sysconf(_SC_CLK_TCK);
	/* Both after the file was read, which may take a while. */
	int64_t since_boot = _read(CLOCK_BOOTTIME), now = clock_wall_us();
	int64_t age;

	if (ticks < 0 || hz < 1)
		return now;
	age = since_boot - ticks * (CLOCK_US_PER_S / hz);
	return age > 0 ? now - age : now;
}

void clock_set_source(const struct clock_source *new_source)
{
	source = new_source;
}

void clock_print(int64_t wall_us, char *out)
{
	time_t seconds = (time_t) (wall_us / CLOCK_US_PER_S);
	int ms = (int) (wall_us % CLOCK_US_PER_S / CLOCK_US_PER_MS);
	struct tm tm;
	size_t len;

	if (wall_us < 0 || !gmtime_r(&seconds, &tm)) {
		snprintf(out, CLOCK_TEXT_SIZE, "-");
		return;
	}
	len = strftime(out, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, CLOCK_TEXT_SIZE - len, ".%03dZ", ms);
}
