/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_disk - changes to a VM's disks and files; see README.md. */
#ifndef SCLONE_VCLAB_CONTROL_DISK_H
#define SCLONE_VCLAB_CONTROL_DISK_H

#include "common/base/json.h"
#include "vm.h"

/* The part of POST /lab/vm that is about files. */
int control_disk(struct vm *vm, const char *action, const struct json *json,
		 struct err *err);

#endif
