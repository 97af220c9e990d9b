/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_params - what an inventory says about a qemu guest; the keys are
 * listed in guest_qemu.c. */
#ifndef SCLONE_VCLAB_QEMU_PARAMS_H
#define SCLONE_VCLAB_QEMU_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "guest.h"
#include "qemu.h"

struct qemu_params {
	const char *image;	/* strings are borrowed from vm->params */
	char accel[8];
	int64_t tb_mb;
	const char *bridge;
	int64_t port_base;
	const char *cache;
	bool dump;
};

/* CONFIG, PROTOCOL: with the VM's name and the key. */
int qemu_params_read(const struct guest_vm *vm, struct qemu_params *params,
		     struct err *err);

/* All of spec but its files; strings are borrowed from both. */
void qemu_params_spec(const struct qemu_params *params,
		      const struct guest_vm *vm, bool fork,
		      struct qemu_spec *spec);

#endif
