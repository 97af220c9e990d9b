/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_file - for which Slurm a plugin was built, read from the file
 * without loading it: the value of its plugin_version, which slurmctld
 * compares with its own (common/plugin.c).
 */
#ifndef SCLONE_SCLONE_PLUGIN_FILE_H
#define SCLONE_SCLONE_PLUGIN_FILE_H

#include <stdint.h>

#include "common/base/err.h"

#define PLUGIN_FILE_MAX (64 * 1024 * 1024)
#define PLUGIN_FILE_VERSION_SIZE 16	/* "22.05.8" */

/* As Slurm numbers versions: 0x160508 is 22.05.8. NOTFOUND, or PROTOCOL when
 * the file is no plugin of this machine's kind. */
int plugin_file_version(const char *path, uint32_t *version,
			struct err *err);

void plugin_file_print(uint32_t version, char out[PLUGIN_FILE_VERSION_SIZE]);

#endif
