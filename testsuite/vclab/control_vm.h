/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_vm - changes to VMs behind the clients' back; see README.md. */
#ifndef SCLONE_VCLAB_CONTROL_VM_H
#define SCLONE_VCLAB_CONTROL_VM_H

#include "common/base/json.h"

struct lab;
struct vm;

/* A VM by its id, its inventory path, or a name that only one VM has. */
struct vm *control_find(struct lab *lab, const char *text);

/* POST /lab/vm */
int control_vm(struct lab *lab, const struct json *json, struct json *answer,
	       struct err *err);

/* /lab/vms: what the lab itself thinks of all VMs. */
int control_vms(struct lab *lab, const struct json *json,
		struct json *answer, struct err *err);

#endif
