/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config - sclone.conf: what the site wants, checked as a whole.
 *
 * Four kinds of lines: "TemplateName=..." (what jobs ask for, and its frozen
 * sources), "NodeName=..." (Slurm nodes that become clones), "NicName=..."
 * (further network cards of theirs), and global keys on any other line. Every
 * error names file, line, value and what is allowed.
 * Which keys exist is said by the tables in config_keys.c; the manual page
 * is made from them.
 *
 * A config is read whole and never changes; reload reads a new one.
 */
#ifndef SCLONE_CLONE_CONFIG_H
#define SCLONE_CLONE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/conf.h"
#include "common/base/err.h"
#include "common/base/hostlist.h"
#include "common/base/parse.h"
#include "common/rules/isolation.h"
#include "config_nic.h"

#define CONFIG_PATH "/etc/slurm/sclone.conf"

#define CONFIG_NODES_MAX 65536		/* node names in all node sets */
#define CONFIG_SETS_MAX 256		/* NodeName= lines */
#define CONFIG_TEMPLATES_MAX 64		/* TemplateName= lines */
#define CONFIG_SOURCES_MAX 1024		/* sources in all templates */
#define CONFIG_FOLDERS_MAX 64		/* folders in all Sources= */
#define CONFIG_NIC_LINES_MAX 256	/* NicName= lines */
/* Each line names one at most. */
#define CONFIG_NETWORKS_MAX \
	(CONFIG_TEMPLATES_MAX + CONFIG_SETS_MAX + CONFIG_NIC_LINES_MAX)
#define CONFIG_NODE_ROUTES_MAX 32	/* on all cards of a node */
#define CONFIG_DNS_MAX 3
#define CONFIG_SEARCH_MAX 6	/* domains; what resolvers of old read, */
#define CONFIG_SEARCH_BYTES 256	/* and their bytes with blanks between */
#define CONFIG_PARTITIONS_MAX 32	/* named by one node set */
#define CONFIG_NAME_MAX 63	/* bytes of a node's or template's name */

struct config_global {
	char *cluster;		/* ClusterName */
	char *vcenter;		/* URL, ends in /sdk */
	char *user;
	char *password_file;
	char *ca_cert;		/* NULL: the system's */
	char *pin;		/* sha256//BASE64 of the public key, or NULL */
	bool insecure;
	char *folder;		/* inventory path: holds our clones only */
	char *pool;		/* inventory path of the resource pool */
	char *key_file;		/* the HMAC key that marks our clones */
	char *state_dir;
	char *spool_dir;
	char *socket;
	char *slurm_conf;
	uint64_t keep_history;	/* seconds */
	uint64_t max_clones;	/* of all nodes; 0: no limit */
	uint64_t in_flight;	/* clones being made at a time, all sources */
	uint64_t attempts;	/* clones tried for one request */
	int placement;		/* enum config_placement but SITE */
	uint64_t margin;	/* seconds before ResumeTimeout to give up */
	char *chain_resume;	/* programs for nodes that are not ours */
	char *chain_suspend;
	char *chain_resume_fail;
	char *chain_prolog;
	int log_level;		/* enum log_level */
};

struct config_template {
	char *name;
	char *sources_text;	/* as written */
	char **sources;		/* inventory paths of VMs */
	size_t source_count;
	char **folders;		/* and of folders with VMs; no '/' at the
				 * end */
	size_t folder_count;
	uint64_t max_clones;	/* 0: no limit */
	uint64_t lanes;		/* clones in flight per source */
	uint64_t memory_growth;	/* percent of its memory a clone takes */
	uint64_t disk_growth;	/* MiB it writes to its disk */
	int placement;		/* enum config_placement */
	int backend;		/* enum config_backend */
	char *network;		/* inventory path of the clones' first card's,
				 * or NULL */
	unsigned line;
};

/* Which of several sources that have room; SITE: as the global key says. */
enum config_placement {
	CONFIG_PLACEMENT_SPREAD, CONFIG_PLACEMENT_PACK, CONFIG_PLACEMENT_SITE
};

enum config_backend { CONFIG_INSTANT };

/* A card of a set's nodes; its first node is number first of the card's. */
struct config_card {
	const struct config_nic *nic;
	size_t first;
};

struct config_set {
	char *nodes_text;	/* as written */
	struct hostlist *nodes;
	char *templates_text;
	size_t templates[CONFIG_TEMPLATES_MAX];	/* the first: the default */
	size_t template_count;
	int isolation;		/* enum isolation */
	struct config_nic own;	/* the card of the line itself */
	struct config_card cards[CONFIG_NICS_MAX];	/* own comes first */
	size_t card_count;
	char *dns_text;
	char *dns[CONFIG_DNS_MAX];
	size_t dns_count;
	char *search_text;
	char *search[CONFIG_SEARCH_MAX];	/* domains */
	size_t search_count;
	char *conf_server;	/* for slurmd --conf-server, or NULL */
	char *slurmd_options;	/* allowed ones, blank-separated, or NULL */
	uint64_t max_clones;	/* 0: no limit */
	char *partitions_text;
	char *partitions[CONFIG_PARTITIONS_MAX];
	size_t partition_count;	/* 0: not said */
	bool is_test;		/* for tests of the templates alone */
	unsigned line;
};

/* A node name's place in the configuration. */
struct config_node {
	const struct config_set *set;
	size_t index;		/* in the set: 0 for its first node */
};

struct config;

/* The tables of keys; each ends with a NULL name. */
extern const struct conf_key config_global_keys[];
extern const struct conf_key config_template_keys[];
extern const struct conf_key config_set_keys[];
extern const struct conf_key config_nic_keys[];

/* Read and check a whole file. NULL and CONFIG, NOTFOUND, FATAL. */
struct config *config_read(const char *path, struct err *err);

/* The same from memory; name stands for the file in errors. */
struct config *config_parse(const char *name, const char *text, size_t len,
			    struct err *err);

/* Accepts NULL. */
void config_destroy(struct config *config);
CLEANUP_DEFINE(struct config *, config_destroy)
#define cleanup_config cleanup_with(config_destroy_cleanup_)

/*
 * All lines as they were read, without comments and without the values that
 * must not be shown (struct conf_key's secret). Borrowed; config_parse()
 * makes an equal configuration of it, but for those.
 */
const char *config_text(const struct config *config);

/* All borrowed until config_destroy(). */
const struct config_global *config_global(const struct config *config);
size_t config_template_count(const struct config *config);
const struct config_template *config_template(const struct config *config,
					      size_t index);

/* Its own, or the site's. */
enum config_placement config_placement(const struct config *config,
				       const struct config_template *tmpl);
size_t config_set_count(const struct config *config);
const struct config_set *config_set(const struct config *config,
				    size_t index);

/* The templates that jobs can have there, as a mask: bit i stands for
 * config_template(i). With Isolation=shared there is no choice. */
uint64_t config_set_offers(const struct config_set *set);

/* The index of a template name, or -1. */
int config_template_index(const struct config *config, const char *name);

/* The inventory path is a source of one of the templates, or may be one: it
 * lies in one of the folders. */
bool config_has_source(const struct config *config, const char *path);

/* The template with that folder, no '/' at its end; NULL: none. */
const struct config_template *config_folder(const struct config *config,
					    const char *path);

/* Our place for a Slurm node name, or NULL when it is not ours. */
const struct config_node *config_node(const struct config *config,
				      const char *name);

/* Number of nodes in all sets. */
size_t config_node_count(const struct config *config);

/*
 * The address a node gets on its own card: "10.20.0.7/16", or "dhcp". out has
 * INET_TEXT_SIZE bytes.
 */
void config_node_addr(const struct config_node *node, char *out);

/* The place of the node among those of its card number i. */
size_t config_node_place(const struct config_node *node, size_t i);

/*
 * Inventory path of the network that card number i of a set's nodes is put
 * on when they become that template; NULL: it stays on its source's.
 */
const char *config_card_network(const struct config *config,
				const struct config_set *set, size_t i,
				size_t template_index);

/* The inventory paths of all networks that the file names, each once. */
size_t config_network_count(const struct config *config);
const char *config_network(const struct config *config, size_t index);

#endif
