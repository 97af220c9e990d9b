/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_nics - a VM's network cards: VirtualVmxnet3 devices from VM_NIC_KEY up,
 * each on a network, with an address that vCenter made or somebody set.
 */
#ifndef SCLONE_VCLAB_VM_NICS_H
#define SCLONE_VCLAB_VM_NICS_H

#include <libxml/tree.h>

#include "fault.h"
#include "mob.h"

struct call;
struct network;
struct vm;

#define VM_NIC_KEY 4000		/* of the first one */

struct vm_nic {
	struct network *network;	/* borrowed */
	char mac[18];
	bool manual;			/* the address was set */
	bool connected;
	bool start_connected;
};

/* One more, with a new address. -1: there are GUEST_NICS_MAX. */
int vm_nics_add(struct vm *vm, struct network *network);

/* The same cards as another VM's, on its networks, with new addresses. */
void vm_nics_copy(struct vm *vm, const struct vm *from);

/* Addresses counted up from this one: what its guest boots with. */
void vm_nics_count_from(struct vm *vm, const char *first);

/* Its set addresses are free again. */
void vm_nics_clear(struct vm *vm);

void vm_nics_emit(struct val *val, const struct vm *vm);
void vm_nics_networks(const struct mob *mob, mob_visit *visit, void *arg);

/* Check, and with apply do, the edit of a card.
 * InvalidDeviceSpec, InvalidDeviceBacking. */
int vm_nics_edit(struct vm *vm, const xmlNode *device, bool apply,
		 struct fault *fault);

/* Network.Assign on each network that the changes name. */
int vm_nics_need_rights(struct call *call, const xmlNode *first_change);

#endif
