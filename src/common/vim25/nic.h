/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic - the network cards of a machine, and what an instant clone is to have
 * otherwise: another network, a fixed MAC address.
 *
 * vSphere Web Services API Reference: VirtualEthernetCard and its backings;
 * VirtualMachineInstantCloneSpec.location.deviceChange may edit cards.
 */
#ifndef SCLONE_VIM25_NIC_H
#define SCLONE_VIM25_NIC_H

#include "common/base/mac.h"
#include "soap.h"

#define NIC_NAME_SIZE 128	/* of a network; vSphere has 80 bytes */
#define NIC_UUID_SIZE 64	/* of a switch, "50 0b ... " */

/* A network as a card is put on it. */
struct nic_backing {
	bool distributed;
	/* A standard switch's: */
	char name[NIC_NAME_SIZE];
	struct moref network;
	/* A distributed one's: */
	char switch_uuid[NIC_UUID_SIZE];
	char portgroup_key[MOREF_ID_SIZE];
};

struct nic {
	const char *type;	/* "VirtualVmxnet3"; static storage */
	int key;
	int controller_key, unit_number;	/* -1: not told */
	bool has_mac;
	struct mac mac;
	bool is_known;		/* of the two kinds of backing */
	struct nic_backing backing;
};

/*
 * The cards among devices (config.hardware.device), in the order of their
 * keys, which is that of "Network adapter 1", "2" ...; at most max of them.
 * Devices that make no sense as a card are left out. Returns how many.
 */
size_t nic_list(const struct xml_node *devices, struct nic *list, size_t max);

struct nic_change {
	const struct nic *nic;			/* the source's */
	const struct nic_backing *backing;	/* NULL: the source's */
	const struct mac *mac;			/* NULL: vCenter makes one */
};

/*
 * One <deviceChange> of the location: the card with its network and address,
 * connected when the clone runs. The source's backing must be known, or
 * another be given: one without is InvalidDeviceSpec.
 */
void nic_write_change(struct soap_request *request,
		      const struct nic_change *change);

#endif
