/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts - everything `sclone check` judges, as plain data: gathered first
 * (gather.h), judged afterwards (check.h). Tests write their own.
 */
#ifndef SCLONE_SCLONE_FACTS_H
#define SCLONE_SCLONE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/clone/config.h"
#include "common/clone/folders.h"
#include "common/clone/partition.h"
#include "common/vim25/moref.h"
#include "common/vim25/xml.h"
#include "privileges.h"
#include "suspend.h"

#define FACTS_NAME_SIZE 128
#define FACTS_LINE_SIZE 256
#define FACTS_STORES_MAX 64	/* datastores of one source */
/* Seconds that never end; see slurmcall.h. */
#define FACTS_FOREVER INT64_C(0xffffffff)
#define FACTS_GRANTS_MAX 65536

/* --- files of this machine ---------------------------------------------- */

struct facts_secret {
	const char *key;		/* of sclone.conf, "PasswordFile" */
	const char *path;
	struct err problem;		/* code NONE: private, readable */
	uid_t uid;			/* whose it is */
};

struct facts_dir {
	const char *path;
	int error;			/* errno of stat; 0 */
	uid_t uid;
	mode_t mode;
	struct err problem;		/* of path_check_dir(); NONE */
};

struct facts_files {
	uid_t user;			/* scloned's: SlurmUser */
	char user_name[FACTS_NAME_SIZE];
	struct facts_secret password, mark;
	struct facts_dir spool, state;
};

/* --- vCenter ------------------------------------------------------------ */

struct facts_source {
	const char *path;		/* the config's */
	size_t template_index;		/* in the config */
	struct moref vm, host_ref;	/* unset: not found */
	bool found, is_template, is_on, is_frozen;
	bool in_folder;			/* lies in the clone folder */
	bool is_member;			/* of a folder in Sources= */
	bool has_mark;			/* sclone.owner */
	char clone_of[FACTS_NAME_SIZE];	/* the node whose clone it is by its
					 * mark and its biosUuid; "": none */
	char host[FACTS_NAME_SIZE];
	bool host_ok;			/* connected, no maintenance */
	const struct facts_host *on;	/* NULL: not told */
	int64_t host_memory_mib;	/* -1: not told; likewise: */
	char store[FACTS_NAME_SIZE];	/* datastore of its .vmx; "" */
	struct moref store_ref;		/* unset: not told; likewise: */
	int64_t store_mib;		/* how large that is */
	struct moref stores[FACTS_STORES_MAX];	/* one of these: elsewhere
					 * there may be one of that name */
	size_t store_count;
	int64_t cpus, memory_mib, reserved_mib;
	char device[FACTS_NAME_SIZE];	/* that cannot be cloned; "" */
	size_t nic_count;		/* network cards */
	bool has_record;		/* guestinfo.sclone.template; of its
					 * `slurmd -C` line, -1: not told: */
	int64_t record_cpus, record_memory_mib;
	char record_line[FACTS_LINE_SIZE];	/* "CPUs=4 Boards=1 ..." of
						 * it, without memory */
};

/* What lies in a folder of Sources= and is no source; or that folder. */
struct facts_refused {
	const char *path;
	bool is_folder;
	char why[FACTS_LINE_SIZE];
};

/* A portgroup that sclone.conf names. */
struct facts_network {
	const char *path;		/* the config's */
	struct moref ref;		/* unset: not found */
};

/* A host of sources. */
struct facts_host {
	struct moref ref;
	bool told;			/* which portgroups it has: */
	bool has[CONFIG_NETWORKS_MAX];	/* of the networks below */
};

/* One answer of vCenter's about our own account. */
struct facts_grant {
	const struct privileges_row *row;
	char object[FACTS_NAME_SIZE];	/* name for people */
	bool granted;
};

struct facts_vcenter {
	struct err problem;		/* code NONE: logged in, and asked */
	char version[FACTS_NAME_SIZE];
	bool folder_found, pool_found;
	/* In the order of the config, then the members of folders. */
	struct facts_source *sources;
	size_t source_count;
	struct folders *folders;	/* owns the members' paths */
	struct facts_refused *refused;	/* CONFIG_SOURCES_MAX of them */
	size_t refused_count;
	struct facts_host *hosts;
	size_t host_count;
	struct facts_network *networks;
	size_t network_count;
	struct err grants_problem;
	struct facts_grant *grants;
	size_t grant_count;
};

/* --- Slurm -------------------------------------------------------------- */

enum facts_program_kind {
	FACTS_RESUME,
	FACTS_SUSPEND,
	FACTS_RESUME_FAIL,
	FACTS_PROLOG,
	FACTS_PROGRAMS		/* count */
};

struct facts_program {
	const char *path;		/* NULL: not set; without arguments */
	int error;			/* errno of stat; 0 */
	mode_t mode;
};

struct facts_partition {
	const char *name;
	struct isolation_partition gives;	/* its name is the same */
	bool has_job, has_shared;	/* nodes with this Isolation= */
	char test_node[FACTS_NAME_SIZE];	/* that it holds; "" */
	/* 0: not set here */
	int64_t resume_timeout, suspend_timeout;
};

/* JobSubmitPlugins=sclone. Versions are Slurm's numbers, see plugin_file.h. */
struct facts_submit {
	bool used;
	char path[FACTS_LINE_SIZE];	/* ""; not in PluginDir */
	struct err problem;		/* code NONE: the file could be read */
	uint32_t built_for;
	uint32_t installed;		/* of Slurm's own plugins; 0: none */
};

/* Of our nodes; in the order of the config. */
struct facts_node {
	const char *name;
	const struct config_set *set;
	bool found, is_cloud;
	const char *features;		/* "" */
	int64_t cpus, memory_mib;
	bool is_listed;			/* by a partition */
	int64_t suspend_time;		/* that slurmctld takes for it */
};

/* A node that is not ours and no cloud node, and that slurmctld suspends. */
struct facts_machine {
	char name[FACTS_NAME_SIZE];	/* "": there is none */
	struct suspend_rule rule;
};

/* What `scontrol show config` shows; strings are "" when not set. */
struct facts_slurm {
	struct err problem;		/* code NONE: asked */
	int version;			/* 2205; 0: not told */
	struct isolation_cluster cluster;
	const char *version_text;
	const char *user;
	struct facts_program programs[FACTS_PROGRAMS];
	int64_t resume_timeout, suspend_timeout, suspend_time;
	int64_t resume_rate, suspend_rate;
	int64_t prolog_timeout;
	int64_t return_to_service;
	bool clouds_shown;
	const char *epilog;
	const char *exc_nodes, *exc_parts;	/* SuspendExc* */
	const char *ctld_params, *slurmd_params, *sched_params, *auth_info;
	const char *submit_plugins, *plugin_dir;
	struct facts_submit submit;
	struct facts_partition *partitions;	/* that hold our nodes */
	size_t partition_count;
	struct facts_node *nodes;
	size_t node_count;
	bool saves_power;		/* some SuspendTime ends */
	struct facts_machine machine;	/* the first of its kind */
	char nameless[FACTS_NAME_SIZE];	/* a node whose name does not resolve
					 * here, of those tried; "": none */
	struct json *answers[3];	/* owners of the strings */
	char *owned[FACTS_PROGRAMS];
};

/* --- scloned, when it runs ---------------------------------------------- */

struct facts_daemon {
	bool running;
	char version[FACTS_NAME_SIZE];
	size_t clones, releases;	/* cycles of the history that tell */
	int64_t slowest_clone_ms;	/* requested to ready */
	int64_t slowest_release_ms;	/* releasing to gone */
};

struct facts {
	const char *config_path;
	struct config *config;		/* NULL: */
	struct err config_problem;
	struct facts_files files;
	struct facts_vcenter vcenter;
	struct facts_slurm slurm;
	struct facts_daemon daemon;
};

/* Free what was gathered and start empty again. */
void facts_clear(struct facts *facts);
#define cleanup_facts __attribute__((cleanup(facts_clear)))

/*
 * Take answers of scloned-slurm (slurmcall.h): the members "config",
 * "partitions" and "nodes" of the three; they are taken over. Programs are
 * named but not looked at. PROTOCOL.
 */
int facts_take_slurm(struct facts *facts, struct json *config,
		     struct json *partitions, struct json *nodes,
		     struct err *err);

/* Take scloned's answer to VERB_HISTORY. */
void facts_take_history(struct facts_daemon *daemon,
			const struct json *reply);

/* A source for each that the config names, nothing known yet. FATAL. */
int facts_add_sources(struct facts *facts, struct err *err);

/* One more of the template; false: there is no room. The path is borrowed. */
bool facts_add_source(struct facts_vcenter *vcenter, const char *path,
		      size_t template_index);

/* One that is none; a cut list says enough. */
void facts_refuse(struct facts_vcenter *vcenter, const char *path,
		  bool is_folder, const char *why);

/* Why a member of a folder is no source; NULL: it is, or is no member. */
const char *facts_unfit(const struct facts_source *source);

/* All is known: refuse those that are unfit. */
void facts_sift(struct facts_vcenter *vcenter);

/* A network for each of the config, not found yet. FATAL. */
int facts_add_networks(struct facts *facts, struct err *err);

/* Take a source's devices (config.hardware.device): its cards, and the first
 * that ties a VM to its host and keeps it from being cloned. */
void facts_take_devices(struct facts_source *source,
			const struct xml_node *devices);

/* Take a datastore, with its size or -1; it may be another source's. */
void facts_take_store(struct facts_source *source, const struct moref *ref,
		      const char *name, int64_t mib);

/* Take a source's owner mark (NULL: none) and biosUuid (may be NULL). */
void facts_take_mark(struct facts_source *source, const char *text,
		     const char *bios_uuid);

/* Take a source's template record; NULL: it has none. */
void facts_take_record(struct facts_source *source, const char *text);

/*
 * Whether a comma-separated list such as SlurmctldParameters has a name, in
 * any case; *value (may be NULL) is set to the number behind "name=", or -1.
 */
bool facts_param(const char *list, const char *name, int64_t *value);

#endif
