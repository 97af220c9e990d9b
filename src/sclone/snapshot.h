/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot - what `sclone snapshot` and `sclone plan` share: the document of
 * clone/snapshot.h, as scloned has it now.
 */
#ifndef SCLONE_SCLONE_SNAPSHOT_H
#define SCLONE_SCLONE_SNAPSHOT_H

#include "command.h"

/* Ask scloned for all pages. NULL with the reason printed. */
struct json *snapshot_take(const struct command_options *options);

#endif
