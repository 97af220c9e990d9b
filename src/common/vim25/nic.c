/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "nic.h"

/* Subclasses of VirtualEthernetCard that an instant clone can have. */
static const char *const types[] = {
	"VirtualVmxnet3", "VirtualE1000e", "VirtualE1000", "VirtualVmxnet2",
	"VirtualVmxnet", "VirtualPCNet32", NULL,
};

/* --- reading ------------------------------------------------------------ */

static const char *_type(const struct xml_node *device)
{
	for (size_t i = 0; types[i]; i++)
		if (!strcmp(types[i], xml_type(device)))
			return types[i];
	return NULL;
}

static int _int(const struct xml_node *node, const char *name)
{
	const char *text = xml_child_text(node, name);
	int64_t value;

	return text && !parse_i64(text, 0, INT_MAX, &value, NULL)
		       ? (int) value : -1;
}

/* false: missing, or too long to be kept. */
static bool _copy(char *out, size_t size, const char *text)
{
	return text && *text &&
	       (size_t) snprintf(out, size, "%s", text) < size;
}

static bool _read_backing(const struct xml_node *node,
			  struct nic_backing *backing)
{
	const struct xml_node *port = xml_child(node, "port");
	const char *type = xml_type(node);

	if (!strcmp(type, "VirtualEthernetCardNetworkBackingInfo"))
		return _copy(backing->name, sizeof(backing->name),
			     xml_child_text(node, "deviceName")) &&
		       !soap_ref(xml_child(node, "network"),
				 &backing->network, NULL);
	if (strcmp(type,
		   "VirtualEthernetCardDistributedVirtualPortBackingInfo"))
		return false;
	backing->distributed = true;
	return _copy(backing->switch_uuid, sizeof(backing->switch_uuid),
		     xml_child_text(port, "switchUuid")) &&
	       _copy(backing->portgroup_key, sizeof(backing->portgroup_key),
		     xml_child_text(port, "portgroupKey"));
}

static bool _read(const struct xml_node *device, struct nic *nic)
{
	const char *mac = xml_child_text(device, "macAddress");

	*nic = (struct nic) { .type = _type(device),
			      .key = _int(device, "key") };
	if (!nic->type || nic->key < 0)
		return false;
	nic->controller_key = _int(device, "controllerKey");
	nic->unit_number = _int(device, "unitNumber");
	nic->has_mac = mac && !mac_parse(mac, &nic->mac, NULL);
	nic->is_known = _read_backing(xml_child(device, "backing"),
				      &nic->backing);
	return true;
}

size_t nic_list(const struct xml_node *devices, struct nic *list, size_t max)
{
	const struct xml_node *device = xml_child(devices, NULL);
	size_t count = 0, at;
	struct nic nic;

	for (; device && count < max; device = xml_next(device, NULL)) {
		if (!_read(device, &nic))
			continue;
		for (at = count++; at && list[at - 1].key > nic.key; at--)
			list[at] = list[at - 1];
		list[at] = nic;
	}
	return count;
}

/* --- writing; element orders are the schema's --------------------------- */

static void _put_type(struct buf *text, const char *name, const char *type)
{
	buf_printf(text, "<%s xsi:type=\"%s\">", name, type);
}

static void _put_number(struct buf *text, const char *name, int value)
{
	if (value >= 0)
		xml_put_uint(text, name, (unsigned long) value);
}

static void _put_backing(struct soap_request *request,
			 const struct nic_backing *backing)
{
	struct buf *text = &request->text;

	if (!backing->distributed) {
		_put_type(text, "backing",
			  "VirtualEthernetCardNetworkBackingInfo");
		xml_put(text, "deviceName", backing->name);
		soap_put_ref(request, "network", &backing->network);
	} else {
		_put_type(text, "backing",
			  "VirtualEthernetCardDistributedVirtualPort"
			  "BackingInfo");
		xml_put_start(text, "port");
		xml_put(text, "switchUuid", backing->switch_uuid);
		xml_put(text, "portgroupKey", backing->portgroup_key);
		xml_put_end(text, "port");
	}
	xml_put_end(text, "backing");
}

/* migrateConnect counts for instant clones as for migrations: whatever the
 * source's card is, the clone's is connected. */
static void _put_connectable(struct buf *text)
{
	xml_put_start(text, "connectable");
	xml_put(text, "migrateConnect", "connect");
	xml_put_bool(text, "startConnected", true);
	xml_put_bool(text, "allowGuestControl", true);
	xml_put_bool(text, "connected", true);
	xml_put_end(text, "connectable");
}

void nic_write_change(struct soap_request *request,
		      const struct nic_change *change)
{
	const struct nic *nic = change->nic;
	struct buf *text = &request->text;
	char mac[MAC_TEXT_SIZE];

	xml_put_start(text, "deviceChange");
	xml_put(text, "operation", "edit");
	_put_type(text, "device", nic->type);
	_put_number(text, "key", nic->key);
	_put_backing(request, change->backing ? change->backing
					      : &nic->backing);
	_put_connectable(text);
	_put_number(text, "controllerKey", nic->controller_key);
	_put_number(text, "unitNumber", nic->unit_number);
	if (change->mac) {
		mac_print(change->mac, mac);
		xml_put(text, "addressType", "manual");
		xml_put(text, "macAddress", mac);
	} else {
		xml_put(text, "addressType", "generated");
	}
	xml_put_end(text, "device");
	xml_put_end(text, "deviceChange");
}
