/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source - one frozen VM that clones are made from: what the configuration
 * says of it, and what vCenter tells of it, its host and its datastore. What
 * vCenter does not tell is SOURCE_UNTOLD or unset, never a guess.
 *
 * Memory and space are in MiB. Who reads what is read here: sources.h.
 */
#ifndef SCLONE_CLONE_SOURCE_H
#define SCLONE_CLONE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/vim25/property.h"
#include "config.h"

#define SOURCE_WHY_SIZE 200
#define SOURCE_HOST_SIZE 128
#define SOURCE_STORE_SIZE 128
#define SOURCE_STORES_MAX 16	/* datastores with files of one source */
#define SOURCE_UNTOLD (-1)

enum source_state {
	SOURCE_UNKNOWN,		/* not looked at yet */
	SOURCE_MISSING,		/* nothing there, or no machine */
	SOURCE_OFF,
	SOURCE_RUNNING,		/* on, but not frozen */
	SOURCE_UNFIT,		/* frozen; its host or datastore is not fit */
	SOURCE_FROZEN,		/* ready */
};

struct source {
	/* Of the configuration; borrowed from it. */
	const char *path;
	const char *template_name;
	unsigned lanes;
	unsigned memory_growth;		/* percent of its memory, per clone */
	int64_t disk_growth;		/* MiB a clone writes */
	bool pack;			/* Placement= */

	enum source_state state;
	char why[SOURCE_WHY_SIZE];	/* "" when it is ready */

	/* The machine. */
	struct moref vm;		/* unset until found */
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

	/* Its host, and so its clones'. */
	struct moref host_ref;
	char host[SOURCE_HOST_SIZE];
	bool host_ok;			/* connected, not in maintenance */
	int connected, maintenance;	/* 1, 0, SOURCE_UNTOLD */
	int64_t host_memory, host_free;

	/* The datastore with its .vmx, where its clones' files go. */
	struct moref store_ref;		/* unset until its name is known */
	struct moref stores[SOURCE_STORES_MAX];	/* one of these */
	size_t store_count;
	char store[SOURCE_STORE_SIZE];
	bool store_ok;			/* not said to be out of service */
	int64_t space, space_free;
};

/* Forget all that vCenter told of it but what it is: vm and its UUIDs. */
void source_forget(struct source *source);

void source_set_state(struct source *source, enum source_state state,
		      const char *why);

/* What is to be asked of each kind; whose it is, is for the caller to add. */
void source_machine_spec(struct property_spec *spec);
void source_host_spec(struct property_spec *spec);
void source_store_spec(struct property_spec *spec);

/* Take an object of the reply; one that is another source's changes nothing.
 * PROTOCOL when it tells nonsense. */
int source_take_machine(struct source *source,
			const struct property_object *object,
			struct err *err);
int source_take_host(struct source *source,
		     const struct property_object *object, struct err *err);
int source_take_store(struct source *source,
		      const struct property_object *object, struct err *err);

/* All was taken: is it fit? */
void source_judge(struct source *source);

/* "frozen", "running" ...; static storage. */
const char *source_state_name(enum source_state state);

#endif
