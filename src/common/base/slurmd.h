/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slurmd - what may reach slurmd's command line from outside the guest. The
 * configuration is checked by it, so that a mistake shows at once, and the
 * guest checks again, since what it is told is hostile to it. Knows Slurm by
 * these words alone.
 */
#ifndef SCLONE_BASE_SLURMD_H
#define SCLONE_BASE_SLURMD_H

#include <stdbool.h>
#include <stddef.h>

#define SLURMD_SERVERS_MAX 256	/* bytes of --conf-server's value */
#define SLURMD_OPTIONS_MAX 8	/* additional options */
#define SLURMD_OPTION_MAX 255	/* bytes of one */

/* For humans: what slurmd_option_allowed() allows. */
#define SLURMD_OPTIONS_TEXT \
	"-v, -vv, -vvv, --extra=, --instance-id= and --instance-type="

/* Whether it only describes the instance: names no file, plugin, user or
 * other mode, and holds nothing a shell or systemd would expand. */
bool slurmd_option_allowed(const char *option);

/* host[:port][,host[:port]]...; IPv6 in brackets, at most
 * SLURMD_SERVERS_MAX bytes. */
bool slurmd_is_servers(const char *text);

#endif
