/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine - see machine.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "command.h"
#include "files.h"
#include "machine.h"

int machine_set_name(const char *name, struct err *err)
{
	if (sethostname(name, strlen(name)) < 0)
		return err_errno(err, ERR_FATAL, errno, "sethostname");
	return 0;
}

int machine_set_id(const char *path, struct err *err)
{
	uint8_t bytes[16];
	char text[2 * sizeof(bytes) + 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
		return err_errno(err, ERR_FATAL, errno, "getrandom");
	bytes[6] = (uint8_t) ((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t) ((bytes[8] & 0x3f) | 0x80);
	parse_print_hex(bytes, sizeof(bytes), text);
	text[2 * sizeof(bytes)] = '\n';
	text[2 * sizeof(bytes) + 1] = '\0';
	return files_write(path, text, err);
}

int machine_set_clock(int64_t us, struct err *err)
{
	struct timespec ts = {
		.tv_sec = (time_t) (us / CLOCK_US_PER_S),
		.tv_nsec = (long) (us % CLOCK_US_PER_S) * 1000,
	};

	if (clock_settime(CLOCK_REALTIME, &ts) < 0)
		return err_errno(err, ERR_FATAL, errno, "clock_settime");
	return 0;
}

int machine_hardware_clock(int64_t *us, struct err *err)
{
	cleanup_close int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
	struct rtc_time rtc;
	struct tm tm;

	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "open /dev/rtc0");
	if (ioctl(fd, RTC_RD_TIME, &rtc) < 0)
		return err_errno(err, ERR_FATAL, errno, "RTC_RD_TIME");
	memset(&tm, 0, sizeof(tm));
	tm.tm_sec = rtc.tm_sec;
	tm.tm_min = rtc.tm_min;
	tm.tm_hour = rtc.tm_hour;
	tm.tm_mday = rtc.tm_mday;
	tm.tm_mon = rtc.tm_mon;
	tm.tm_year = rtc.tm_year;
	*us = (int64_t) timegm(&tm) * CLOCK_US_PER_S;
	return 0;
}

int64_t machine_boot_time(void)
{
	struct timespec up = { 0, 0 };

	(void) clock_gettime(CLOCK_BOOTTIME, &up);
	return clock_wall_us() - up.tv_sec * CLOCK_US_PER_S -
	       up.tv_nsec / 1000;
}

void machine_await_second(void)
{
	struct timespec at;

	if (clock_gettime(CLOCK_BOOTTIME, &at) < 0)
		return;
	at.tv_sec++;
	at.tv_nsec = 0;
	(void) clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
}

void machine_power_off(const struct settings *settings, const char *why)
{
	const char *argv[] = { settings->power_off, NULL };
	struct command command = { .argv = argv,
				   .limit_s = settings->service_time };
	struct err err = ERR_INIT;

	log_error("powering off: %s", why);
	if (strcmp(settings->power_off, "kernel") != 0) {
		if (command_must(&command, &err) < 0)
			log_error("power off: %s", err.text);
		return;
	}
	if (reboot(RB_POWER_OFF) < 0)
		log_error("power off: %s", strerror(errno));
}
