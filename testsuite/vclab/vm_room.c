/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_room - what a VM that is on takes of its host and its datastore: all of
 * its memory, and a swap file for what is not reserved of that; see vm.h.
 */
#include <inttypes.h>

#include "host_system.h"
#include "vm.h"

int64_t vm_memory_mb(const struct vm *vm)
{
	return vm->room_host ? vm->facts.memory_mb : 0;
}

static int64_t _swap_mb(const struct vm *vm)
{
	return vm->facts.memory_mb - vm->reserved_mb;
}

int64_t vm_committed_mb(const struct vm *vm)
{
	int64_t mb = vm->room_store ? _swap_mb(vm) : 0;

	if (vm->disk)
		mb += vm->disk->taken_mb;
	for (size_t i = 0; i < vm->nmore; i++)
		mb += vm->more[i]->taken_mb;
	return mb;
}

static void _take(struct vm *vm)
{
	vm->room_host = vm->host;
	vm->room_store = vm->datastore;
	host_use(vm->room_host, vm->facts.memory_mb);
	datastore_use(vm->room_store, _swap_mb(vm));
}

static int _no_memory(const struct vm *vm, int64_t free_mb,
		      struct fault *fault)
{
	char number[24];

	(void) fault_set(fault, "InsufficientMemoryResourcesFault",
			 "The host does not have sufficient memory resources "
			 "to satisfy the reservation.");
	(void) snprintf(number, sizeof(number), "%" PRId64, free_mb << 20);
	(void) fault_add(fault, "unreserved", number);
	(void) snprintf(number, sizeof(number), "%" PRId64,
			vm->facts.memory_mb << 20);
	return fault_add(fault, "requested", number);
}

int vm_take_room(struct vm *vm, struct fault *fault)
{
	int64_t free_mb = host_free_mb(vm->host);

	if (vm->room_host)
		return 0;
	if (free_mb < vm->facts.memory_mb)
		return _no_memory(vm, free_mb, fault);
	if (datastore_need(vm->datastore, _swap_mb(vm), "swap file",
			   fault) < 0)
		return -1;
	_take(vm);
	return 0;
}

void vm_force_room(struct vm *vm)
{
	if (!vm->room_host)
		_take(vm);
}

void vm_give_room(struct vm *vm)
{
	if (!vm->room_host)
		return;
	host_use(vm->room_host, -vm->facts.memory_mb);
	datastore_use(vm->room_store, -_swap_mb(vm));
	vm->room_host = NULL;
	vm->room_store = NULL;
}

void vm_move_room(struct vm *vm)
{
	if (!vm->room_host)
		return;
	vm_give_room(vm);
	_take(vm);
}
