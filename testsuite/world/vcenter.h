/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcenter - the inventory of the world: machines and clone tasks. What is
 * asked of it here is done at once; world_executor plays the way there.
 */
#ifndef SCLONE_WORLD_VCENTER_H
#define SCLONE_WORLD_VCENTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rules/action.h"
#include "common/rules/failure.h"
#include "common/rules/owner.h"
#include "common/rules/record.h"

#define VCENTER_FOLDER "group-v1"	/* of the clones */
#define VCENTER_ELSEWHERE "group-v2"
#define VCENTER_SOURCES 2
#define VCENTER_ID_SIZE RECORD_MOREF_SIZE
#define VCENTER_KEY "a key that only scloned knows"

struct machine_is {
	bool exists;
	char id[VCENTER_ID_SIZE];	/* moref, never used again */
	char name[OWNER_NODE_SIZE];
	const char *folder;
	char bios_uuid[UUID_TEXT_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];
	char owner[OWNER_TEXT_SIZE];	/* "" : none */
	char disk[64];
	bool on;
	bool source;
	uint64_t epoch;		/* of a clone of ours; 0: not ours */
	int64_t not_after;	/* in its identity */
	int64_t born;		/* true wall */
	bool late;		/* its clone was asked for long before */
	uint32_t served;	/* the job it ran */
	bool unwatched;		/* one while its node was not listed */
	bool guest_ready, guest_failed;
	int64_t slurmd_since;	/* mono; 0: not started */
	int64_t verdict_at[2];	/* the guard's last yes, mono; by level */
};

struct clone_task {
	char id[VCENTER_ID_SIZE];
	char source[RECORD_SOURCE_SIZE];	/* inventory path */
	char node[OWNER_NODE_SIZE];
	uint64_t epoch;
	bool done, known;	/* not forgotten by a restart */
	bool late;		/* its request was long on the way */
	enum cause failure;
	char vm[VCENTER_ID_SIZE];
};

/* What a clone is made from. */
struct clone_spec {
	char source[RECORD_SOURCE_SIZE];
	char node[OWNER_NODE_SIZE];
	char bios_uuid[UUID_TEXT_SIZE];
	char owner[OWNER_TEXT_SIZE];
	uint64_t epoch;
	int64_t not_after;
	bool late;
};

void vcenter_begin(void);

/* The path of a source, and whether it can be cloned just now. */
const char *vcenter_source_path(size_t index);
struct machine_is *vcenter_source(size_t index);
bool vcenter_source_fits(size_t index);

/* Why it does not answer now; false: it does. */
bool vcenter_is_away(void);

/* NULL: there is none. Any of them may be a stranger. */
struct machine_is *vcenter_by_id(const char *id);
struct machine_is *vcenter_by_name(const char *name);	/* in the folder */
struct machine_is *vcenter_by_bios(const char *uuid);
struct machine_is *vcenter_by_instance(const char *uuid);

/* Walk: NULL first, NULL at the end. */
struct machine_is *vcenter_next(const struct machine_is *last);

/* 0 and the task's id, or -1 and the fault. */
int vcenter_clone(const struct clone_spec *spec, char id[VCENTER_ID_SIZE],
		  enum cause *fault);
const struct clone_task *vcenter_task(const char *id);

/* An unfinished clone from this source that is none of those. */
bool vcenter_unfinished(const char *source,
			bool (*is_others)(const struct clone_task *task));

/* A clone of this node is under way, and scloned can know it. */
bool vcenter_clones(const char *node);

/* Nothing in the journal says any more that these clones were asked for, nor
 * of which source. */
void vcenter_clones_forgotten(void);

/* The journal that says which power-offs are on their way is lost. */
void vcenter_offs_forgotten(void);

/* 0, or the fault; of a request that was sent then. */
enum cause vcenter_power_off(const char *id, int64_t sent);
enum cause vcenter_destroy(const char *id);

/* What people and hardware do to machines and to vCenter, once a second. */
void vcenter_tick(void);

#endif
