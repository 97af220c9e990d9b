/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm - VirtualMachine: the record, its power, its extraConfig, its guest.
 * Its methods are in vm_clone.c, vm_power.c, vm_config.c, vm_end.c; its
 * properties in vm_props.c, vm_devices.c and vm_nics.c.
 */
#ifndef SCLONE_VCLAB_VM_H
#define SCLONE_VCLAB_VM_H

#include "datastore.h"
#include "entity.h"
#include "guest.h"
#include "vm_nics.h"

#define VM_POWER (ENTITY_OWN << 0)
#define VM_FROZEN (ENTITY_OWN << 1)
#define VM_OPTIONS (ENTITY_OWN << 2)
#define VM_DEVICES (ENTITY_OWN << 3)
#define VM_QUESTION (ENTITY_OWN << 4)
#define VM_HOST (ENTITY_OWN << 5)
#define VM_SNAPSHOT (ENTITY_OWN << 6)
#define VM_METHODS (ENTITY_OWN << 7)
#define VM_CONFIG (ENTITY_OWN << 8)	/* any of the configuration */

#define VM_OPTIONS_MAX 1000
#define VM_VALUE_MAX 65536
#define VM_DISK_KEY 2000		/* of the first one */
#define VM_DISKS_MAX 4
#define VM_CHAIN_MAX 4096	/* files of a VM's disks */

struct call;
struct host;
struct task;

struct vm_option {
	char *key;
	char *value;
};

/* The tops of all disks as they were. */
struct vm_snapshot {
	char *name;
	struct disk *tops[VM_DISKS_MAX];
	size_t count;
};

/* What is odd about a VM, its first disk, or what is told of them. */
enum vm_oddity {
	VM_PLAIN,
	VM_MULTI_WRITER,	/* the disk is shared */
	VM_SHARED_BUS,		/* its controller is */
	VM_INDEPENDENT,
	VM_RAW,			/* a raw device mapping */
	VM_PMEM,		/* a kind of backing few have heard of */
	VM_STALE_LAYOUT,	/* layoutEx does not know the top yet */
	VM_HIDDEN_TOP,		/* only layoutEx knows it (KB 67186) */
	VM_ODDITIES
};

struct vm {
	struct entity entity;
	struct guest_vm facts;		/* what the guest sees */
	const struct guest_ops *ops;
	struct guest *guest;		/* NULL: none was made yet */
	/* Who waits for the guest's next report. */
	void (*started)(struct vm *vm, const struct err *err, void *arg);
	void *started_arg;

	char *bios_uuid;
	char *instance_uuid;
	struct host *host;		/* borrowed, as the next ones */
	struct entity *pool;
	struct datastore *datastore;
	char *dir;			/* in the datastore */
	struct disk *disk;		/* top; NULL: none */
	struct disk *more[VM_DISKS_MAX - 1];	/* tops of further disks */
	size_t nmore;
	enum vm_oddity oddity;
	char *iso;			/* in its CD drive, or NULL */
	struct vm_nic nics[GUEST_NICS_MAX];
	size_t nnics;

	bool powered_on;
	bool frozen;
	bool is_template;
	bool freezes;			/* a source that the lab freezes */
	int64_t boot_us;		/* wall */
	char *question;			/* pending, or NULL */
	char *annotation;
	struct vm_option *options;
	size_t noptions;
	int64_t version;		/* of the configuration */
	int64_t layout_us;		/* wall: its files may have changed */
	struct vm_snapshot *snapshots;
	size_t nsnapshots;
	char **disabled;		/* methods */
	size_t ndisabled;
	struct vm_option *barred;	/* property path -> fault, "": unset */
	size_t nbarred;
	int64_t reserved_mb;		/* of its memory */
	struct host *room_host;		/* where its memory is, or NULL */
	struct datastore *room_store;	/* and its swap file */

	struct task *tasks;		/* newest first; see task.h */
	struct task *exclusive;		/* running */
	unsigned sharers;		/* running clones of it */
};

extern const struct mob_class vm_class;
extern const struct mob_prop vm_props[];
extern const struct mob_method vm_methods[];

/* mob is a VM, or NULL. */
struct vm *vm_of(struct mob *mob);

/*
 * A hidden VM: a name in its folder, nothing else. uuid NULL: a new one.
 * vm_place and vm_publish follow.
 */
struct vm *vm_create(struct lab *lab, const char *name,
		     struct entity *folder, const char *uuid);

/* Where it runs; facts follow. */
void vm_place(struct vm *vm, struct host *host, struct entity *pool,
	      struct datastore *datastore);

/* Clients can see it: FindByUuid, folders, views. */
void vm_publish(struct vm *vm);

/* Out of the inventory; the guest is destroyed. Files stay. */
void vm_remove(struct vm *vm);

/* Replace the top disk (a reference is taken over; NULL: no disk). */
void vm_set_disk(struct vm *vm, struct disk *disk);

/* extraConfig; an empty value removes. -1: too many or too long. */
const char *vm_option(const struct vm *vm, const char *key);
int vm_set_option(struct vm *vm, const char *key, const char *value,
		  struct err *err);

/* As a restored or copied VM has: another UUID. */
int vm_set_instance_uuid(struct vm *vm, const char *uuid, struct err *err);
int vm_set_bios_uuid(struct vm *vm, const char *uuid, struct err *err);

/* Known by another id from now on (taken over), as after it was registered
 * again; what had the old one is gone. */
void vm_set_id(struct vm *vm, char *id);

/* Power, as the model sees it; the guest is told by the caller. */
void vm_set_power(struct vm *vm, bool on);
void vm_set_frozen(struct vm *vm, bool frozen);
void vm_set_question(struct vm *vm, const char *text);

/* Change of groups that also makes a new configuration version. */
void vm_configured(struct vm *vm, uint32_t groups);

/* The same, of its disks and files. */
void vm_laid_out(struct vm *vm, uint32_t groups);

/* A line in the witness log with the VM's names. */
void vm_note(const struct vm *vm, const char *event, const char *user,
	     const char *operation_id, const char *text);

/* VMs by UUID (index of the lab), oldest first. */
size_t vm_by_uuid(const struct table *index, const char *uuid,
		  struct vm **out, size_t max);

/* 0, or -1 with InvalidPowerState. */
int vm_need_power(const struct vm *vm, bool on, struct fault *fault);

/* MethodDisabled when disabledMethod names the call's method. */
int vm_need_enabled(struct call *call);

/* -- vm_guest.c ----------------------------------------------------- */

/* Fill lab->guest_lab with the lab's side of guest.h. */
void vm_guest_lab(struct lab *lab);

/* The kind's table by its name, or NULL. */
const struct guest_ops *vm_guest_kind(const char *kind);

/* What guests share; one kind's close after the other. */
void vm_guest_close_all(struct lab *lab);

/* Give vm a guest record of this kind. */
int vm_make_guest(struct vm *vm, const struct guest_ops *ops,
		  const struct json *params, struct err *err);

/* -- vm_room.c ------------------------------------------------------ */

/* What it takes of them, MiB. */
int64_t vm_memory_mb(const struct vm *vm);
int64_t vm_committed_mb(const struct vm *vm);

/* Memory of its host and a swap file on its datastore, until it is off; has
 * it, nothing more. -1: InsufficientMemoryResourcesFault, NoDiskSpace. */
int vm_take_room(struct vm *vm, struct fault *fault);
void vm_force_room(struct vm *vm);	/* whether there is any or not */
void vm_give_room(struct vm *vm);

/* Host or datastore are others now. */
void vm_move_room(struct vm *vm);

/* -- vm_disks.c ----------------------------------------------------- */

/* The tops of all disks, the first one first; how many. Borrowed. */
size_t vm_tops(const struct vm *vm, struct disk *tops[VM_DISKS_MAX]);

/* Every disk file of all disks and snapshots, once: how many. */
size_t vm_files(const struct vm *vm, struct disk *files[VM_CHAIN_MAX]);

/* Datastores that hold any of its files, its own one first; how many. */
size_t vm_datastores(const struct vm *vm,
		     struct datastore *list[VM_DISKS_MAX]);

/* A disk more (a reference is taken over), or the last one less. */
int vm_attach(struct vm *vm, struct disk *disk, struct err *err);
int vm_detach(struct vm *vm, struct err *err);

/* Go on in a new top file for each disk; a snapshot of that name keeps the
 * old ones, unless it is NULL. */
int vm_grow(struct vm *vm, const char *snapshot, struct fault *fault);

/* All of it to a new directory there; its disks have no parents then. */
int vm_relocate(struct vm *vm, struct datastore *to, struct fault *fault);

/* -- vm_devices.c --------------------------------------------------- */

void vm_emit_devices(struct val *val, const struct mob *mob);
void vm_emit_layout_disks(struct val *val, const struct mob *mob);
void vm_emit_layout_files(struct val *val, const struct mob *mob);
void vm_emit_layout_snapshots(struct val *val, const struct mob *mob);

/* -- operations ----------------------------------------------------- */

int vm_instant_clone(struct call *call);	/* vm_clone.c */
int vm_check_instant_clone(struct call *call);
int vm_power_on(struct call *call);		/* vm_power.c */
int vm_power_off(struct call *call);
int vm_reset(struct call *call);
int vm_answer(struct call *call);
int vm_reconfigure(struct call *call);		/* vm_config.c */
int vm_rename(struct call *call);
int vm_destroy(struct call *call);		/* vm_end.c */
int vm_unregister(struct call *call);

/* Check and apply the deviceChange elements of a spec. apply false: only
 * check. -1 with InvalidDeviceSpec. */
int vm_change_devices(struct vm *vm, const void *first_change, bool apply,
		      bool may_remove, struct fault *fault);

/* Files of a VM as its Destroy_Task takes them; witnessed. */
void vm_delete_files(struct vm *vm);

#endif
