/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

/* vSphere Web Services API, "Privileges Reference"; which method needs which
 * is in the type tables of the API. */
const struct privileges_row privileges_table[] = {
	{ PRIVILEGES_FOLDER, PRIVILEGES_NEEDED,
	  "VirtualMachine.Inventory.CreateFromExisting", "make clones" },
	{ PRIVILEGES_FOLDER, PRIVILEGES_NEEDED,
	  "VirtualMachine.Inventory.Delete", "destroy clones" },
	{ PRIVILEGES_FOLDER, PRIVILEGES_NEEDED,
	  "VirtualMachine.Interact.PowerOn", "start clones" },
	{ PRIVILEGES_FOLDER, PRIVILEGES_NEEDED,
	  "VirtualMachine.Interact.PowerOff", "stop clones" },
	{ PRIVILEGES_FOLDER, PRIVILEGES_NEEDED,
	  "VirtualMachine.Config.AdvancedConfig", "mark clones as ours" },
	{ PRIVILEGES_FOLDER, PRIVILEGES_EXCESS,
	  "Authorization.ModifyPermissions", "give itself more rights" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_NEEDED,
	  "VirtualMachine.Provisioning.Clone", "clone a source" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_WANTED,
	  "VirtualMachine.Interact.PowerOn",
	  "power a source on again that went off" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_HARMFUL,
	  "VirtualMachine.Interact.PowerOff", "end a source's frozen state" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_HARMFUL,
	  "VirtualMachine.Inventory.Delete", "delete a source" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_EXCESS,
	  "VirtualMachine.Interact.Reset", "end a source's frozen state" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_EXCESS,
	  "VirtualMachine.Interact.Suspend", "end a source's frozen state" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_EXCESS,
	  "VirtualMachine.Inventory.Unregister", "make a source disappear" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_EXCESS,
	  "VirtualMachine.Config.RemoveDisk", "take a source's disk away" },
	{ PRIVILEGES_SOURCE, PRIVILEGES_EXCESS,
	  "Authorization.ModifyPermissions", "give itself more rights" },
	{ PRIVILEGES_POOL, PRIVILEGES_NEEDED,
	  "Resource.AssignVMToPool", "place clones" },
	{ PRIVILEGES_POOL, PRIVILEGES_EXCESS,
	  "Resource.DeletePool", "delete the pool" },
	{ PRIVILEGES_DATASTORE, PRIVILEGES_NEEDED,
	  "Datastore.AllocateSpace", "store the clones' deltas" },
	{ PRIVILEGES_DATASTORE, PRIVILEGES_HARMFUL,
	  "Datastore.FileManagement", "delete a source's files" },
	{ PRIVILEGES_DATASTORE, PRIVILEGES_HARMFUL,
	  "Datastore.DeleteFile", "delete a source's files" },
	{ PRIVILEGES_DATASTORE, PRIVILEGES_EXCESS,
	  "Datastore.Delete", "remove the datastore" },
	{ PRIVILEGES_NETWORK, PRIVILEGES_NEEDED,
	  "Network.Assign", "put clones on it" },
	{ PRIVILEGES_NETWORK, PRIVILEGES_EXCESS,
	  "Network.Delete", "delete the network" },
};

const size_t privileges_count =
	sizeof(privileges_table) / sizeof(*privileges_table);

const char *privileges_on_name(enum privileges_on on)
{
	static const char *const names[PRIVILEGES_ON] = {
		[PRIVILEGES_FOLDER] = "clone folder",
		[PRIVILEGES_SOURCE] = "source",
		[PRIVILEGES_POOL] = "resource pool",
		[PRIVILEGES_DATASTORE] = "datastore",
		[PRIVILEGES_NETWORK] = "network",
	};

	return names[on];
}
