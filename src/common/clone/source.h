/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source - one frozen VM that clones are made from: what the configuration
 * says of it, and what vCenter tells of it, its host and its datastore. What
 * vCenter does not tell is SOURCE_UNTOLD or unset, never a guess. An update
 * changes what it tells and leaves the rest.
 *
 * Memory and space are in MiB. Who reads what is read here: sources.h.
 */
#ifndef SCLONE_CLONE_SOURCE_H
#define SCLONE_CLONE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/rules/owner.h"
#include "common/vim25/nic.h"
#include "common/vim25/property.h"
#include "config.h"

#define SOURCE_WHY_SIZE 200
#define SOURCE_HOST_SIZE 128
#define SOURCE_STORE_SIZE 128
#define SOURCE_STORES_MAX 16	/* datastores with files of one source */
#define SOURCE_UNTOLD (-1)
#define SOURCE_NAMED (-1)	/* by its own path in Sources= */
#define SOURCE_RECORD_SIZE 1024	/* a longer one is left out */

enum source_state {
	SOURCE_UNKNOWN,		/* not looked at yet */
	SOURCE_MISSING,		/* nothing there, or no machine */
	SOURCE_OFF,
	SOURCE_RUNNING,		/* on, but not frozen */
	SOURCE_UNFIT,		/* frozen; its host or datastore is not fit */
	SOURCE_FROZEN,		/* ready */
};

struct source {
	/* Of the configuration; borrowed from it, but a member's path, which
	 * is its sources'. */
	const char *path;
	const char *template_name;
	unsigned lanes;
	unsigned memory_growth;		/* percent of its memory, per clone */
	int64_t disk_growth;		/* MiB a clone writes */
	bool pack;			/* Placement= */

	/* Of a member of a folder; members.h. */
	int folder;			/* its number, or SOURCE_NAMED */
	bool left;			/* it lies there no longer */
	struct moref kept_vm;		/* what it was when it was found fit */
	char kept_uuid[UUID_TEXT_SIZE];	/* to be a source; unset: it was not */

	enum source_state state;
	char why[SOURCE_WHY_SIZE];	/* "" when it is ready */
	unsigned returns;		/* how often it was ready again after
					 * it was not, or on another host */

	/* The machine. */
	struct moref vm;		/* unset until found */
	struct moref parent;		/* the folder it is in */
	bool told;			/* by vCenter, in the last look */
	int powered, frozen, is_template;	/* 1, 0, SOURCE_UNTOLD */
	char instance_uuid[UUID_TEXT_SIZE];
	char bios_uuid[UUID_TEXT_SIZE];
	int64_t memory;
	int64_t reserved;		/* of its memory */
	int64_t memory_need;		/* of the host's, for one clone */
	int64_t space_need;		/* of the datastore's: a clone's swap
					 * file, and what it writes */
	int64_t cpus;
	int64_t depth;			/* files in its longest disk chain: a
					 * clone's disk stands on them all */

	char record[SOURCE_RECORD_SIZE];	/* what it wrote of itself
				 * before it froze: JSON, for display; "" */
	struct nic nics[CONFIG_NICS_MAX];	/* more are not looked at */
	size_t nic_count;
	char owner[OWNER_TEXT_SIZE];	/* the mark of a clone (rules/owner.h);
					 * "": none; a longer one is cut off */

	/* Its host, and so its clones'. */
	struct moref host_ref;
	char host[SOURCE_HOST_SIZE];
	bool host_ok;			/* connected, not in maintenance */
	int connected, maintenance;	/* 1, 0, SOURCE_UNTOLD */
	int64_t host_memory, host_used, host_free;
	int64_t host_at;		/* wall time, us: since when vCenter
					 * tells this host_free */

	/* The datastore with its .vmx, where its clones' files go. */
	struct moref store_ref;		/* unset until its name is known */
	struct moref stores[SOURCE_STORES_MAX];	/* one of these */
	size_t store_count;
	char store[SOURCE_STORE_SIZE];
	bool store_ok;			/* not said to be out of service */
	int accessible, store_maintenance;	/* 1, 0, SOURCE_UNTOLD */
	int64_t space, space_free;
	int64_t space_at;		/* likewise */
};

/* One of that template, of which nothing is known yet. */
void source_init(struct source *source, const char *path,
		 const struct config *config,
		 const struct config_template *tmpl);

/* Forget all that vCenter told of it but its state. */
void source_forget(struct source *source);

void source_set_state(struct source *source, enum source_state state,
		      const char *why);

/* What is to be asked of each kind; whose it is, is for the caller to add. */
void source_machine_spec(struct property_spec *spec);
void source_host_spec(struct property_spec *spec);
void source_store_spec(struct property_spec *spec);

/*
 * Take an object of the reply, or of an update of what the reply told; at is
 * when it was asked for, or came. One that is another source's changes
 * nothing. A machine that is on another host than before takes what was told
 * of its host along. PROTOCOL when it tells nonsense.
 */
int source_take(struct source *source, const struct property_object *object,
		int64_t at, struct err *err);

/*
 * What the last look showed: figures that have not changed since are as old
 * as they were, SOURCE_LAG at most. vCenter's statistics lag behind: one that
 * is the same may not show yet what was done since.
 */
#define SOURCE_LAG INT64_C(30000000)	/* us */
/* And whether it has returned. */
void source_compare(struct source *source, const struct source *last);

/* What a clone needs of a host's memory and of a datastore, by the memory of
 * its source, what is reserved of that, and how the configuration says that
 * it grows. All MiB; SOURCE_UNTOLD when the memory is not told. */
void source_needs(int64_t memory, int64_t reserved, unsigned memory_growth,
		  int64_t disk_growth, int64_t *memory_need,
		  int64_t *space_need);

/* All was taken: set its state, if it was told. */
void source_judge(struct source *source);

/* It was in that state, on that host: has it returned? */
void source_follow(struct source *source, enum source_state before,
		   const struct moref *host);

/*
 * Why a machine in a folder of Sources= is no source: its mark (owner, "":
 * none), a vSphere template, no record of a freeze. NULL: it is one.
 */
const char *source_unfit(const char *owner, bool is_template, bool recorded);

/* "frozen", "running" ...; static storage. */
const char *source_state_name(enum source_state state);

#endif
