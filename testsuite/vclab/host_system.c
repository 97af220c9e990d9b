/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_system - see host_system.h. */
#include <string.h>

#include "host_system.h"
#include "network.h"
#include "vm.h"
#include "xw.h"

void host_use(struct host *host, int64_t mb)
{
	host->used_mb += mb;
	mob_changed(&host->entity.mob, HOST_USAGE | HOST_VMS);
}

int64_t host_free_mb(const struct host *host)
{
	return host->memory_mb - host->used_mb - host->others_mb;
}

void host_set_lost(struct host *host, bool lost)
{
	host->lost = lost;
	mob_changed(&host->entity.mob, HOST_STATE);
}

int host_check(const struct host *host, struct fault *fault)
{
	if (host->lost)
		return fault_set(fault, "HostNotConnected",
				 "The host is not connected.");
	if (host->maintenance)
		return fault_set(fault, "InvalidState",
				 "The host is in maintenance mode.");
	return 0;
}

static const struct host *_host(const struct mob *mob)
{
	return (const struct host *) mob;
}

static void _emit_connection(struct val *val, const struct mob *mob)
{
	val_str(val, _host(mob)->lost ? "notResponding" : "connected");
}

static void _emit_power(struct val *val, const struct mob *mob)
{
	val_str(val, _host(mob)->lost ? "unknown" : "poweredOn");
}

static void _emit_maintenance(struct val *val, const struct mob *mob)
{
	val_bool(val, _host(mob)->maintenance);
}

static void _emit_memory(struct val *val, const struct mob *mob)
{
	val_int(val, _host(mob)->memory_mb << 20);
}

static void _emit_used(struct val *val, const struct mob *mob)
{
	val_int(val, _host(mob)->used_mb + _host(mob)->others_mb);
}

static void _emit_cpu(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_int(val, 0);
}

/* What hangs below some other object, by its host. */
static void _refs_vms(const struct mob *mob, mob_visit *visit, void *arg)
{
	struct mob *other;
	size_t pos = 0;

	while ((other = table_next(mob->lab->objects, &pos, NULL))) {
		struct vm *vm = vm_of(other);

		if (vm && vm->host == _host(mob))
			visit(other, arg);
	}
}

static void _refs_datastores(const struct mob *mob, mob_visit *visit,
			     void *arg)
{
	struct entity *datastore;
	size_t pos = 0;

	while ((datastore = table_next(mob->lab->datastores, &pos, NULL)))
		visit(&datastore->mob, arg);
}

static void _refs_networks(const struct mob *mob, mob_visit *visit,
			   void *arg)
{
	struct mob *other;
	size_t pos = 0;

	while ((other = table_next(mob->lab->objects, &pos, NULL))) {
		const struct network *network = network_of(other);

		if (network && network_is_on(network, _host(mob)))
			visit(other, arg);
	}
}

static const struct mob_prop _host_props[] = {
	ENTITY_PROPS,
	{ "runtime.connectionState", _emit_connection, NULL, HOST_STATE },
	{ "runtime.powerState", _emit_power, NULL, HOST_STATE },
	{ "runtime.inMaintenanceMode", _emit_maintenance, NULL, HOST_STATE },
	{ "summary.hardware.memorySize", _emit_memory, NULL, HOST_USAGE },
	{ "summary.runtime.connectionState", _emit_connection, NULL,
	  HOST_STATE },
	{ "summary.runtime.powerState", _emit_power, NULL, HOST_STATE },
	{ "summary.runtime.inMaintenanceMode", _emit_maintenance, NULL,
	  HOST_STATE },
	{ "summary.config.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "summary.quickStats.overallCpuUsage", _emit_cpu, NULL, 0 },
	{ "summary.quickStats.overallMemoryUsage", _emit_used, NULL,
	  HOST_USAGE },
	{ "hardware.memorySize", _emit_memory, NULL, HOST_USAGE },
	{ "vm", NULL, _refs_vms, HOST_VMS },
	{ "datastore", NULL, _refs_datastores, 0 },
	{ "network", NULL, _refs_networks, 0 },
	{ NULL, NULL, NULL, 0 },
};

static void _free(struct mob *mob)
{
	entity_clear((struct entity *) mob);
}

const struct mob_class host_class = { "HostSystem", _host_props, NULL,
				      _free };

/* -- the cluster ---------------------------------------------------- */

struct filter_arg {
	const struct mob_class *class;
	mob_visit *visit;
	void *arg;
};

static void _only(struct mob *mob, void *arg)
{
	const struct filter_arg *only = arg;

	if (mob->class == only->class)
		only->visit(mob, only->arg);
}

static void _refs_hosts(const struct mob *mob, mob_visit *visit, void *arg)
{
	struct filter_arg only = { &host_class, visit, arg };

	entity_refs_children(mob, _only, &only);
}

static void _refs_pool(const struct mob *mob, mob_visit *visit, void *arg)
{
	visit(&((const struct cluster *) mob)->pool->mob, arg);
}

static const struct mob_prop _cluster_props[] = {
	ENTITY_PROPS,
	{ "host", NULL, _refs_hosts, ENTITY_CHILDREN },
	{ "resourcePool", NULL, _refs_pool, 0 },
	{ "datastore", NULL, _refs_datastores, 0 },
	{ NULL, NULL, NULL, 0 },
};

const struct mob_class cluster_class = { "ClusterComputeResource",
					 _cluster_props, NULL, _free };
