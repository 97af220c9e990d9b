/* SPDX-License-Identifier: GPL-2.0-or-later */
/* services - see services.h. */
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "command.h"
#include "files.h"
#include "services.h"

void services_slurmd_args(const struct settings *settings,
			  const struct identity *identity,
			  const char *argv[SERVICES_ARGS_MAX])
{
	size_t n = 0;

	argv[n++] = settings->slurmd;
	argv[n++] = "-b";
	argv[n++] = "-N";
	argv[n++] = identity->node;
	if (identity->conf_server[0]) {
		argv[n++] = "--conf-server";
		argv[n++] = identity->conf_server;
	}
	for (unsigned i = 0; i < identity->option_count; i++)
		argv[n++] = identity->options[i];
	argv[n] = NULL;
}

static int _systemctl(const struct settings *settings, const char *unit,
		      struct err *err)
{
	const char *argv[] = { settings->systemctl, "start", unit, NULL };
	struct command command = { .argv = argv,
				   .limit_s = settings->service_time };

	return command_must(&command, err);
}

int services_start_munge(const struct settings *settings, struct err *err)
{
	const char *argv[] = { settings->munged, NULL };
	struct command command = { .argv = argv,
				   .user = settings->munge_user,
				   .limit_s = settings->service_time };

	if (settings->systemd)
		return _systemctl(settings, "munge.service", err);
	return command_must(&command, err);
}

/*
 * The unit's drop-in reads this file. No value can hold a blank, a quote or
 * a '$': identity.c lets none through.
 */
static int _write_env(const struct settings *settings,
		      const char *const *argv, struct err *err)
{
	cleanup_buf struct buf text;

	buf_init(&text, 4096);
	buf_puts(&text, "SLURMD_OPTIONS=\"");
	for (size_t i = 1; argv[i]; i++)
		buf_printf(&text, "%s%s", i > 1 ? " " : "", argv[i]);
	buf_puts(&text, "\"\n");
	if (buf_ok(&text, "slurmd's options", err) < 0)
		return -1;
	return files_replace(settings->slurmd_env, buf_str(&text), err);
}

static void _note_time(void *when)
{
	*(int64_t *) when = clock_mono_us();
}

int services_start_slurmd(const struct settings *settings,
			  const struct identity *identity, int64_t *when,
			  struct err *err)
{
	const char *argv[SERVICES_ARGS_MAX];
	struct command command = { .argv = argv,
				   .limit_s = settings->service_time,
				   .started = _note_time,
				   .arg = when };

	services_slurmd_args(settings, identity, argv);
	if (!settings->systemd)
		return command_must(&command, err);
	if (_write_env(settings, argv, err) < 0)
		return -1;
	*when = clock_mono_us();
	return _systemctl(settings, "slurmd.service", err);
}
