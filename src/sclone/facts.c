/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/clone/source.h"
#include "common/rules/owner.h"
#include "common/vim25/nic.h"
#include "facts.h"

static void _clear_slurm(struct facts_slurm *slurm)
{
	free(slurm->partitions);
	free(slurm->nodes);
	for (size_t i = 0; i < 3; i++)
		json_destroy(slurm->answers[i]);
	for (size_t i = 0; i < FACTS_PROGRAMS; i++)
		free(slurm->owned[i]);
}

void facts_clear(struct facts *facts)
{
	_clear_slurm(&facts->slurm);
	free(facts->vcenter.sources);
	folders_destroy(facts->vcenter.folders);
	free(facts->vcenter.refused);
	free(facts->vcenter.hosts);
	free(facts->vcenter.networks);
	free(facts->vcenter.grants);
	config_destroy(facts->config);
	memset(facts, 0, sizeof(*facts));
}

bool facts_param(const char *list, const char *name, int64_t *value)
{
	size_t len = strlen(name);

	while (*list) {
		size_t item = strcspn(list, ",");

		if (item >= len && !strncasecmp(list, name, len) &&
		    (item == len || list[len] == '=')) {
			if (value && sscanf(list + len, "=%" SCNd64,
					    value) != 1)
				*value = -1;
			return true;
		}
		list += item + (list[item] == ',');
	}
	return false;
}

/* --- sources ------------------------------------------------------------ */

int facts_add_sources(struct facts *facts, struct err *err)
{
	struct facts_vcenter *vcenter = &facts->vcenter;

	vcenter->sources = calloc(CONFIG_SOURCES_MAX,
				  sizeof(*vcenter->sources));
	vcenter->refused = calloc(CONFIG_SOURCES_MAX,
				  sizeof(*vcenter->refused));
	if (!vcenter->sources || !vcenter->refused)
		return err_nomem(err);
	for (size_t t = 0; t < config_template_count(facts->config); t++) {
		const struct config_template *template =
			config_template(facts->config, t);

		for (size_t s = 0; s < template->source_count; s++)
			(void) facts_add_source(vcenter, template->sources[s],
						t);
	}
	return 0;
}

bool facts_add_source(struct facts_vcenter *vcenter, const char *path,
		      size_t template_index)
{
	if (vcenter->source_count == CONFIG_SOURCES_MAX)
		return false;
	vcenter->sources[vcenter->source_count++] = (struct facts_source) {
		.path = path, .template_index = template_index,
		.cpus = -1, .memory_mib = -1,
		.host_memory_mib = -1, .store_mib = -1,
		.record_cpus = -1, .record_memory_mib = -1,
	};
	return true;
}

void facts_refuse(struct facts_vcenter *vcenter, const char *path,
		  bool is_folder, const char *why)
{
	struct facts_refused *row = &vcenter->refused[vcenter->refused_count];

	if (vcenter->refused_count == CONFIG_SOURCES_MAX)
		return;
	vcenter->refused_count++;
	*row = (struct facts_refused) { .path = path,
					.is_folder = is_folder };
	snprintf(row->why, sizeof(row->why), "%s", why);
}

const char *facts_unfit(const struct facts_source *source)
{
	if (!source->is_member)
		return NULL;
	if (!source->found)
		return "the account cannot read what it is";
	return source_unfit(source->has_mark ? "yes" : "",
			    source->is_template, source->has_record);
}

void facts_sift(struct facts_vcenter *vcenter)
{
	size_t count = 0;

	for (size_t i = 0; i < vcenter->source_count; i++) {
		struct facts_source *source = &vcenter->sources[i];
		const char *why = facts_unfit(source);

		if (why)
			facts_refuse(vcenter, source->path, false, why);
		else
			vcenter->sources[count++] = *source;
	}
	vcenter->source_count = count;
}

int facts_add_networks(struct facts *facts, struct err *err)
{
	struct facts_vcenter *vcenter = &facts->vcenter;
	size_t count = config_network_count(facts->config);

	vcenter->networks = calloc(count + 1, sizeof(*vcenter->networks));
	if (!vcenter->networks)
		return err_nomem(err);
	vcenter->network_count = count;
	for (size_t i = 0; i < count; i++)
		vcenter->networks[i].path = config_network(facts->config, i);
	return 0;
}

/* vSphere's types of devices that an instant clone cannot have. */
void facts_take_devices(struct facts_source *source,
			const struct xml_node *devices)
{
	static const char *const types[] = {
		"VirtualPCIPassthrough", "VirtualSriovEthernetCard",
		"VirtualVmxnet3Vrdma", "VirtualTPM", "VirtualUSB",
	};
	const struct xml_node *device = xml_child(devices, NULL);
	struct nic nics[CONFIG_NICS_MAX];
	const char *label;

	source->nic_count = nic_list(devices, nics, CONFIG_NICS_MAX);
	for (; device; device = xml_next(device, NULL))
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
			if (strcmp(xml_type(device), types[i]))
				continue;
			label = xml_child_text(xml_child(device, "deviceInfo"),
					       "label");
			snprintf(source->device, sizeof(source->device),
				 "%s (%s)", label ? label : "a device",
				 types[i]);
			return;
		}
}

void facts_take_store(struct facts_source *source, const struct moref *ref,
		      const char *name, int64_t mib)
{
	if (strcmp(source->store, name) != 0)
		return;
	for (size_t i = 0; i < source->store_count; i++)
		if (moref_equal(&source->stores[i], ref)) {
			source->store_ref = *ref;
			source->store_mib = mib;
		}
}

void facts_take_mark(struct facts_source *source, const char *text,
		     const char *bios_uuid)
{
	char cluster[OWNER_CLUSTER_SIZE], node[OWNER_NODE_SIZE];
	char uuid[UUID_TEXT_SIZE];
	uint64_t epoch;

	source->has_mark = text && *text;
	if (!text || !bios_uuid ||
	    sscanf(text, "%40[^/]/%80[^/]/%" SCNu64, cluster, node,
		   &epoch) != 3)
		return;
	owner_bios_uuid(cluster, node, epoch, uuid);
	if (!strcasecmp(uuid, bios_uuid))
		snprintf(source->clone_of, sizeof(source->clone_of), "%s",
			 node);
}

/* The number behind " KEY=" in a line of slurmd -C; -1 when there is none. */
static int64_t _number(const char *line, const char *key)
{
	const char *at = strstr(line, key);
	int64_t value;

	if (!at || (at > line && at[-1] != ' ') ||
	    sscanf(at + strlen(key), "%" SCNd64, &value) != 1)
		return -1;
	return value;
}

/* The words of slurmd -C that say how the processors are arranged. */
static void _take_line(struct facts_source *source, const char *line)
{
	static const char *const keys[] = {
		"CPUs=", "Boards=", "SocketsPerBoard=", "CoresPerSocket=",
		"ThreadsPerCore=",
	};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		int64_t number = _number(line, keys[i]);

		if (number >= 0 && len < sizeof(source->record_line))
			len += (size_t) snprintf(source->record_line + len,
				sizeof(source->record_line) - len,
				"%s%s%" PRId64, len ? " " : "", keys[i],
				number);
	}
}

void facts_take_record(struct facts_source *source, const char *text)
{
	cleanup_json struct json *record =
		text ? json_parse(text, strlen(text), NULL) : NULL;
	const char *line;

	if (!record || json_get_str(record, "slurmd", &line, NULL))
		return;
	source->has_record = true;
	source->record_cpus = _number(line, "CPUs=");
	source->record_memory_mib = _number(line, "RealMemory=");
	_take_line(source, line);
}

/* --- history ------------------------------------------------------------ */

/* The longer of *slowest and the way between two times, if both are told. */
static void _measure(int64_t from, int64_t to, size_t *count,
		     int64_t *slowest_ms)
{
	int64_t ms = (to - from) / CLOCK_US_PER_MS;

	if (from <= 0 || to < from)
		return;
	++*count;
	if (ms > *slowest_ms)
		*slowest_ms = ms;
}

static int64_t _time(const struct json *object, const char *key)
{
	int64_t us = 0;

	(void) json_get_int_or(object, key, 0, INT64_MAX, 0, &us, NULL);
	return us;
}

void facts_take_history(struct facts_daemon *daemon, const struct json *reply)
{
	const struct json *cycles = json_get(reply, "cycles");

	for (size_t i = 0; i < json_count(cycles); i++) {
		const struct json *cycle = json_at(cycles, i);
		const struct json *at = json_get(cycle, "at");

		_measure(_time(at, "requested"), _time(at, "ready"),
			 &daemon->clones, &daemon->slowest_clone_ms);
		_measure(_time(at, "releasing"), _time(cycle, "ended"),
			 &daemon->releases, &daemon->slowest_release_ms);
	}
}
