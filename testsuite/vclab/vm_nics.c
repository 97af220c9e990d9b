/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_nics - see vm_nics.h. */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "common/base/mac.h"
#include "host_system.h"
#include "network.h"
#include "vm.h"
#include "witness.h"
#include "xn.h"
#include "xw.h"

#define CONTROLLER_KEY 100
#define FIRST_UNIT 7

/* -- cards ---------------------------------------------------------- */

/* The range that vCenter with the id 15 makes addresses in. */
static void _new_mac(struct lab *lab, char out[18])
{
	uint64_t n = lab->next_mac++;

	(void) snprintf(out, 18, "00:50:56:8f:%02x:%02x",
			(unsigned) (n >> 8 & 0xff), (unsigned) (n & 0xff));
}

/* What the guest sees. */
static void _show(struct vm *vm)
{
	vm->facts.nnics = vm->nnics;
	for (size_t i = 0; i < vm->nnics; i++)
		vm->facts.macs[i] = vm->nics[i].mac;
}

int vm_nics_add(struct vm *vm, struct network *network)
{
	struct vm_nic *nic = &vm->nics[vm->nnics];

	if (vm->nnics == GUEST_NICS_MAX)
		return -1;
	nic->network = network;
	nic->connected = true;
	nic->start_connected = true;
	_new_mac(vm->entity.mob.lab, nic->mac);
	vm->nnics++;
	_show(vm);
	return 0;
}

void vm_nics_copy(struct vm *vm, const struct vm *from)
{
	for (size_t i = 0; i < from->nnics; i++) {
		(void) vm_nics_add(vm, from->nics[i].network);
		vm->nics[i].connected = from->nics[i].connected;
		vm->nics[i].start_connected = from->nics[i].start_connected;
	}
}

void vm_nics_count_from(struct vm *vm, const char *first)
{
	struct mac mac;

	for (size_t i = 0; i < vm->nnics; i++)
		if (mac_parse(first, &mac, NULL) == 0 &&
		    mac_add(&mac, i, &mac, NULL) == 0)
			mac_print(&mac, vm->nics[i].mac);
}

static void _release(struct vm *vm, struct vm_nic *nic)
{
	struct table *macs = vm->entity.mob.lab->macs;

	if (nic->manual && table_get(macs, nic->mac) == vm)
		(void) table_take(macs, nic->mac);
	nic->manual = false;
}

void vm_nics_clear(struct vm *vm)
{
	for (size_t i = 0; i < vm->nnics; i++)
		_release(vm, &vm->nics[i]);
}

/* -- as devices ----------------------------------------------------- */

static void _write_backing(struct buf *out, const struct network *network)
{
	const char *id = network->entity.mob.id;

	if (network->dvs) {
		xw_open_as(out, "backing", "VirtualEthernetCard"
			   "DistributedVirtualPortBackingInfo");
		xw_open(out, "port");
		xw_str(out, "switchUuid", network->dvs->uuid);
		xw_str(out, "portgroupKey", id);
		xw_close(out, "port");
	} else {
		xw_open_as(out, "backing",
			   "VirtualEthernetCardNetworkBackingInfo");
		xw_str(out, "deviceName", network->entity.name);
		xw_ref(out, "network", "Network", id);
	}
	xw_close(out, "backing");
}

static void _emit(struct val *val, const struct vm_nic *nic, size_t number)
{
	struct buf *out = val->out;
	char label[48];

	(void) snprintf(label, sizeof(label), "Network adapter %zu",
			number + 1);
	val_open(val, "VirtualVmxnet3");
	xw_int(out, "key", VM_NIC_KEY + (int64_t) number);
	xw_open(out, "deviceInfo");
	xw_str(out, "label", label);
	xw_str(out, "summary", nic->network->entity.name);
	xw_close(out, "deviceInfo");
	_write_backing(out, nic->network);
	xw_open(out, "connectable");
	xw_str(out, "migrateConnect", "unset");
	xw_bool(out, "startConnected", nic->start_connected);
	xw_bool(out, "allowGuestControl", true);
	xw_bool(out, "connected", nic->connected);
	xw_str(out, "status", "ok");
	xw_close(out, "connectable");
	xw_int(out, "controllerKey", CONTROLLER_KEY);
	xw_int(out, "unitNumber", FIRST_UNIT + (int64_t) number);
	xw_str(out, "addressType", nic->manual ? "manual" : "assigned");
	xw_str(out, "macAddress", nic->mac);
	xw_bool(out, "wakeOnLanEnabled", true);
	val_close(val);
}

void vm_nics_emit(struct val *val, const struct vm *vm)
{
	for (size_t i = 0; i < vm->nnics; i++)
		_emit(val, &vm->nics[i], i);
}

/* Each once. */
void vm_nics_networks(const struct mob *mob, mob_visit *visit, void *arg)
{
	const struct vm *vm = (const struct vm *) mob;

	for (size_t i = 0; i < vm->nnics; i++) {
		size_t j = 0;

		while (vm->nics[j].network != vm->nics[i].network)
			j++;
		if (j == i)
			visit(&vm->nics[i].network->entity.mob, arg);
	}
}

/* -- edits ---------------------------------------------------------- */

static int _bad(struct fault *fault, const char *type, const char *property,
		const char *what)
{
	(void) fault_set(fault, type,
			 "Invalid configuration for device: %s", what);
	(void) fault_add(fault, "property", property);
	return fault_add(fault, "deviceIndex", "0");
}

static int _bad_spec(struct fault *fault, const char *what)
{
	return _bad(fault, "InvalidDeviceSpec", "deviceChange", what);
}

/* A standard network by its name alone, where the VM is. */
static struct network *_by_name(const struct vm *vm, const char *name)
{
	struct entity *folder = entity_child(
		vm->host->cluster->entity.parent->parent, "network");
	struct entity *found = folder && name ? entity_child(folder, name)
					      : NULL;

	return found ? network_of(&found->mob) : NULL;
}

/* The network that a backing names; NULL: none of ours. */
static struct network *_target(const struct vm *vm, const xmlNode *device)
{
	const struct lab *lab = vm->entity.mob.lab;
	const xmlNode *backing = xn_child(device, "backing");
	const xmlNode *port = xn_child(backing, "port");
	const xmlNode *ref = xn_child(backing, "network");
	const char *name = xn_child_text(backing, "deviceName");
	struct network *network;

	if (port)
		return network_by_port(lab, xn_child_text(port, "switchUuid"),
				       xn_child_text(port, "portgroupKey"));
	network = ref ? network_of(mob_find(lab, xn_text(ref)))
		      : _by_name(vm, name);
	if (!network || network->dvs || !name ||
	    strcmp(network->entity.name, name) != 0)
		return NULL;
	return network;
}

static struct vm_nic *_card(struct vm *vm, const xmlNode *device)
{
	int64_t number = xn_child_int(device, "key", -1) - VM_NIC_KEY;

	return number >= 0 && number < (int64_t) vm->nnics
		       ? &vm->nics[number] : NULL;
}

/* As vCenter, which keeps the upper part of its range to itself. */
static bool _may_be_set(const struct mac *mac)
{
	static const uint8_t vmware[3] = { 0x00, 0x50, 0x56 };

	return mac_is_unicast(mac) &&
	       (memcmp(mac->bytes, vmware, 3) != 0 || mac->bytes[3] <= 0x3f);
}

/* "" in out when the address is not set by hand. */
static int _read_mac(const struct vm *vm, const xmlNode *device,
		     char out[18], struct fault *fault)
{
	const char *type = xn_child_text(device, "addressType");
	const char *text = xn_child_text(device, "macAddress");
	const struct vm *other;
	struct mac mac;

	out[0] = '\0';
	if (!type || strcmp(type, "manual") != 0)
		return 0;
	if (!text || mac_parse(text, &mac, NULL) < 0 || !_may_be_set(&mac))
		return _bad(fault, "InvalidDeviceSpec",
			    "deviceChange.device.macAddress",
			    "not an allowed static Ethernet address");
	mac_print(&mac, out);
	other = table_get(vm->entity.mob.lab->macs, out);
	if (other && other != vm)
		return _bad(fault, "InvalidDeviceSpec",
			    "deviceChange.device.macAddress",
			    "the MAC address is in use by another machine");
	return 0;
}

static void _connect(struct vm_nic *nic, const xmlNode *device)
{
	const xmlNode *c = xn_child(device, "connectable");
	const char *migrate = xn_child_text(c, "migrateConnect");

	if (!c)
		return;
	nic->start_connected = xn_child_bool(c, "startConnected", true);
	nic->connected = xn_child_bool(c, "connected", true);
	if (migrate && strcmp(migrate, "disconnect") == 0)
		nic->connected = false;
	if (migrate && strcmp(migrate, "connect") == 0)
		nic->connected = true;
}

static void _apply(struct vm *vm, struct vm_nic *nic, struct network *network,
		   const char *mac)
{
	char text[256];

	nic->network = network;
	if (*mac) {
		_release(vm, nic);
		(void) snprintf(nic->mac, sizeof(nic->mac), "%.17s", mac);
		(void) table_set(vm->entity.mob.lab->macs, mac, vm, NULL);
		nic->manual = true;
	}
	(void) snprintf(text, sizeof(text), "%d %s %s",
			(int) (nic - vm->nics), nic->mac,
			network->entity.name);
	vm_note(vm, "nic_edited", NULL, NULL, text);
}

int vm_nics_edit(struct vm *vm, const xmlNode *device, bool apply,
		 struct fault *fault)
{
	const struct schema_type *card = schema_type("VirtualEthernetCard");
	struct network *network = _target(vm, device);
	struct vm_nic *nic = _card(vm, device);
	const char *type = xn_xsi_type(device);
	char mac[18];

	if (!type || !schema_is_a(schema_type(type), card))
		return _bad_spec(fault, "only network cards can be edited");
	if (!nic)
		return _bad_spec(fault, "no such key");
	if (strcmp(type, "VirtualVmxnet3") != 0)
		return _bad_spec(fault, "the card is a VirtualVmxnet3");
	if (!xn_child(device, "backing"))
		return _bad_spec(fault, "backing is missing");
	if (!network || !network_is_on(network, vm->host))
		return _bad(fault, "InvalidDeviceBacking",
			    "deviceChange.device.backing",
			    "the host does not know the network");
	if (_read_mac(vm, device, mac, fault) < 0)
		return -1;
	if (apply) {
		_apply(vm, nic, network, mac);
		_connect(nic, device);
	}
	return 0;
}

int vm_nics_need_rights(struct call *call, const xmlNode *first_change)
{
	const xmlNode *change;

	for (change = first_change; change; change = xn_again(change)) {
		struct network *network =
			_target((const struct vm *) call->self,
				xn_child(change, "device"));

		if (network && call_need(call, &network->entity.mob,
					 "Network.Assign") < 0)
			return -1;
	}
	return 0;
}
