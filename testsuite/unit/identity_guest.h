/* SPDX-License-Identifier: GPL-2.0-or-later */
/* identity_guest - the guest's reader, kept apart from the writer: both have
 * a struct identity. */
#ifndef SCLONE_UNIT_IDENTITY_GUEST_H
#define SCLONE_UNIT_IDENTITY_GUEST_H

#include <stddef.h>

#include "common/base/err.h"

/* 0 when the guest takes it for this node. */
int identity_guest_read(const char *text, size_t len, const char *node,
			struct err *err);

#endif
