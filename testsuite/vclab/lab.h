/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab - the emulated vCenter's world: its objects by reference, its clock
 * work, its settings. One per process; everything in one thread.
 */
#ifndef SCLONE_VCLAB_LAB_H
#define SCLONE_VCLAB_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/json.h"
#include "common/base/loop.h"
#include "common/base/table.h"
#include "guest.h"
#include "sched.h"

#define LAB_OBJECTS_MAX 2000000
#define LAB_API_VERSION "8.0.3.0"

struct mob;
struct entity;
struct vm;
struct stats;

/* What a request may not exceed; the inventory sets them. */
struct lab_limits {
	int64_t session_idle_s;		/* then NotAuthenticated */
	int64_t login_failures;		/* then locked out */
	int64_t lockout_s;
	int64_t page_size;		/* RetrievePropertiesEx; 0: none */
	int64_t update_size;		/* WaitForUpdatesEx; 0: none */
	int64_t task_keep_s;		/* finished tasks are kept */
	int64_t chain_max;		/* disks below a running source */
	int64_t delta_mb;		/* what a disk on a parent takes */
};

struct lab {
	struct loop *loop;
	struct sched *sched;
	struct witness *witness;
	struct guest_lab guest_lab;
	char *state_dir;		/* absolute */
	char *instance_uuid;
	struct json *inventory;		/* guests borrow params from it */

	struct table *objects;		/* id -> struct mob, holds a ref */
	uint64_t next_id;
	struct entity *root;		/* group-d1 */
	struct table *bios_uuids;	/* -> struct uuid_slot, see vm.h */
	struct table *instance_uuids;
	struct table *hosts;		/* name -> struct host, borrowed */
	struct table *datastores;	/* name -> struct datastore */
	struct table *users;		/* name -> struct user */
	struct table *roles;		/* name -> struct role */
	struct table *sessions;		/* cookie -> struct session */
	struct table *delays;		/* method -> struct delay */
	struct inject *inject;		/* faults on demand */
	struct stats *stats;
	struct tasks *tasks;
	struct guests *guests;		/* shared parts of guest kinds */
	struct collector *collectors;	/* all of them, a list */
	struct view *views;
	struct session *caller;		/* of the request being served */
	uint64_t tree_version;		/* changes of the inventory tree */
	uint64_t walks;			/* marks of mob.mark */

	struct lab_limits limits;
	bool real_files;		/* datastores are directories */
	uint64_t random;		/* seeded */
	uint64_t next_mac;
	struct table *macs;		/* set by hand -> struct vm */
};

/* A number below limit (> 0), from the seeded sequence. */
uint64_t lab_random(struct lab *lab, uint64_t limit);

/* A version 4 UUID from the seeded sequence; out has 37 bytes. */
void lab_uuid(struct lab *lab, char *out);

/* A new id "PREFIX-N"; the caller frees. Never fails (aborts). */
char *lab_id(struct lab *lab, const char *prefix);

/* Delay in µs for a method, jitter included. */
int64_t lab_delay(struct lab *lab, const char *method);
int lab_set_delay(struct lab *lab, const char *method, int64_t ms,
		  int64_t jitter_ms, struct err *err);

/* malloc and friends that never return NULL: the lab has no plan B. */
void *lab_alloc(size_t size);
char *lab_strdup(const char *text);
char *lab_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Everything, from an inventory; see README.md for the file. */
struct lab *lab_create(struct loop *loop, const char *state_dir,
		       struct err *err);
void lab_destroy(struct lab *lab);

/* vCenter restarts: sessions, tasks, collectors and views are gone, VMs
 * and running operations stay. */
void lab_restart(struct lab *lab);

#endif
