/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints every request the client can send, each after a line with its name;
 * golden.t holds them against what the vendor's client sends.
 */
#include <stdio.h>
#include <string.h>

#include "common/vim25/datastore.h"
#include "common/vim25/login.h"
#include "common/vim25/machine.h"
#include "common/vim25/privilege.h"
#include "common/vim25/search.h"
#include "common/vim25/vm.h"
#include "common/vim25/watch_write.h"

static const struct moref instance = { "ServiceInstance", "ServiceInstance" };
static const struct moref manager = { "SessionManager", "SessionManager" };
static const struct moref collector = { "PropertyCollector",
					"propertyCollector" };
static const struct moref views = { "ViewManager", "ViewManager" };
static const struct moref list = { "ListView", "session[1]2" };
static const struct moref search_index = { "SearchIndex", "SearchIndex" };
static const struct moref authorization = { "AuthorizationManager",
					    "AuthorizationManager" };
static const struct moref folder = { "Folder", "group-v3" };
static const struct moref pool = { "ResourcePool", "resgroup-8" };
static const struct moref datastore = { "Datastore", "datastore-12" };
static const struct moref browser = { "HostDatastoreBrowser",
				      "datastoreBrowser-datastore-12" };
static const struct moref vms[] = { { "VirtualMachine", "vm-42" },
				    { "VirtualMachine", "vm-43" } };
static const struct moref tasks[] = { { "Task", "task-70" },
				      { "Task", "task-71" },
				      { "Task", "task-72" } };
static const struct vm_option options[] = {
	{ "guestinfo.sclone", "{\"h\":\"a&<b>\",\"x\":'\xc3\xbc'}" },
	{ "sclone.owner", "hpc1/vm001/7/00ff" },
	{ "guestinfo.empty", "" },
};

static const struct nic_backing switched = {
	.name = "VM <Network>", .network = { "Network", "network-7" },
};
static const struct nic_backing distributed = {
	.distributed = true, .switch_uuid = "50 0b 7a 11-aa",
	.portgroup_key = "dvportgroup-13",
};
static const struct mac mac = { { 0x00, 0x50, 0x56, 0x3f, 0x00, 0x0a } };
static const struct nic nics[] = {
	{ .type = "VirtualVmxnet3", .key = 4000, .controller_key = 100,
	  .unit_number = 7 },
	{ .type = "VirtualE1000e", .key = 4001, .controller_key = -1,
	  .unit_number = -1, .is_known = true,
	  .backing = { .name = "storage",
		       .network = { "Network", "network-8" } } },
};
static const struct nic_change changes[] = {
	{ .nic = &nics[0], .backing = &distributed, .mac = &mac },
	{ .nic = &nics[1] },
	{ .nic = &nics[0], .backing = &switched },
};

static void _print(const char *name, struct soap_request *request)
{
	if (!soap_end(request, NULL))
		printf("== %s\n%s", name, buf_str(&request->text));
	soap_request_free(request);
}

static void _plain(const char *method, const struct moref *self)
{
	struct soap_request request;

	soap_begin(&request, SOAP_READ, method, self, NULL);
	_print(method, &request);
}

static void _entrance(void)
{
	struct soap_request request;

	service_write_request(&request);
	_print("RetrieveServiceContent", &request);
	login_write(&request, &manager, "svc@vsphere.local", "p<&>\"'w");
	_print("Login", &request);
	_plain("Logout", &manager);
	_plain("CurrentTime", &instance);
	search_write_path(&request, &search_index, "/DC0/vm/a&b", NULL);
	_print("FindByInventoryPath", &request);
	search_write_child(&request, &search_index, &folder, "a&b", NULL);
	_print("FindChild", &request);
	search_write_uuid(&request, &search_index, "564d-1", false, NULL);
	_print("FindByUuid", &request);
	search_write_uuid(&request, &search_index, "564d-2", true, NULL);
	_print("FindByUuid-instance", &request);
}

static void _machines(void)
{
	static const char *const methods[] = {
		"PowerOffVM_Task", "PowerOnVM_Task", "Destroy_Task",
	};
	struct vm_clone_spec spec = {
		.source = &vms[0], .name = "node001", .folder = &folder,
		.pool = &pool,
	};
	struct soap_request request;

	vm_write_instant_clone(&request, &spec, NULL);
	_print("InstantClone_Task-small", &request);
	spec.datastore = &datastore;
	spec.options = options;
	spec.n_options = sizeof(options) / sizeof(options[0]);
	spec.bios_uuid = "564d0b5e-1111-2222-3333-444455556666";
	vm_write_instant_clone(&request, &spec, "sclone-hpc1-node001-7");
	_print("InstantClone_Task", &request);
	spec.nics = changes;
	spec.n_nics = sizeof(changes) / sizeof(changes[0]);
	vm_write_instant_clone(&request, &spec, NULL);
	_print("InstantClone_Task-nics", &request);
	vm_write_options(&request, &vms[0], options, 2, NULL);
	_print("ReconfigVM_Task", &request);
	for (int i = 0; i < 3; i++) {
		vm_write_plain(&request, methods[i], &vms[0], NULL);
		_print(methods[i], &request);
	}
}

static void _properties(void)
{
	static const char *const privileges[] = { "System.View",
						  "VirtualMachine.Inventory"
						  ".Delete" };
	struct property_spec spec;
	struct soap_request request;

	machine_spec(&spec, MACHINE_ROW);
	spec.from = &folder;
	spec.via = "childEntity";
	property_write_retrieve(&request, &collector, &spec);
	_print("RetrievePropertiesEx-folder", &request);
	machine_spec(&spec, MACHINE_ALL);
	spec.objects = vms;
	spec.n_objects = 2;
	property_write_retrieve(&request, &collector, &spec);
	_print("RetrievePropertiesEx-machines", &request);
	datastore_spec(&spec, &vms[0]);
	property_write_retrieve(&request, &collector, &spec);
	_print("RetrievePropertiesEx-datastores", &request);
	datastore_write_search(&request, &browser, "[ds 1] a&b",
			       "sclone-hpc1-node001-7");
	_print("SearchDatastore_Task", &request);
	recent_task_spec(&spec, &vms[0]);
	property_write_retrieve(&request, &collector, &spec);
	_print("RetrievePropertiesEx-tasks", &request);
	property_write_continue(&request, &collector, "token-1", NULL);
	_print("ContinueRetrievePropertiesEx", &request);
	privilege_write(&request, &authorization, "52a1", vms, 2, privileges,
			2);
	_print("HasPrivilegeOnEntities", &request);
}

static void _watching(void)
{
	struct soap_request request;

	watch_write_collector(&request, &collector);
	_print("CreatePropertyCollector", &request);
	watch_write_list(&request, &views);
	_print("CreateListView", &request);
	watch_write_filter(&request, &collector, &list, true);
	_print("CreateFilter", &request);
	watch_write_filter(&request, &collector, &list, false);
	_print("CreateFilter-power", &request);
	watch_write_state_filter(&request, &collector, &list);
	_print("CreateFilter-state", &request);
	watch_write_modify(&request, &list, tasks, 2, tasks + 2, 1);
	_print("ModifyListView", &request);
	watch_write_wait(&request, &collector, "", 30);
	_print("WaitForUpdatesEx-first", &request);
	watch_write_wait(&request, &collector, "7", 30);
	_print("WaitForUpdatesEx", &request);
}

int main(void)
{
	_entrance();
	_machines();
	_properties();
	_watching();
	return 0;
}
