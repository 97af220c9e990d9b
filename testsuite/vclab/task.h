/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * task - Task and TaskManager: queued, running, then success or error,
 * after the method's delay and, for clones, when the host has a free slot.
 */
#ifndef SCLONE_VCLAB_TASK_H
#define SCLONE_VCLAB_TASK_H

#include "call.h"

#define TASK_ASYNC 1
#define TASKS_RECENT_MAX 200

enum task_state { TASK_QUEUED, TASK_RUNNING, TASK_SUCCESS, TASK_ERROR };

struct host;
struct task;
struct vm;

struct task_kind {
	const char *name;		/* "InstantClone_Task" */
	const char *description;	/* "VirtualMachine.instantClone" */
	bool slot;			/* waits for one of the host's slots */
	bool exclusive;			/* no other task on the VM beside it */
	/*
	 * Do it: 0 done, -1 task->error is set, TASK_ASYNC: task_finish will
	 * be called. Other tasks' effects may come before.
	 */
	int (*run)(struct task *task);
	void (*free_arg)(void *arg);	/* may be NULL */
	/* What it found, when that is more than a VM: as info.result. */
	void (*emit)(struct val *val, const struct task *task);
	void (*free_found)(void *found);
};

struct task {
	struct mob mob;
	const struct task_kind *kind;
	struct entity *entity;		/* it is about; holds a reference */
	struct vm *vm;			/* the same, or NULL if it is none */
	void *arg;
	void *found;			/* see emit */
	enum task_state state;
	bool cancelled;
	bool shared;			/* counted in vm->sharers */
	struct fault error;
	char *result;			/* id of a VM, or NULL */
	char *user;
	char *operation_id;
	struct inject_rule rule;
	int64_t queued_us, started_us, completed_us;
	struct host *slot;		/* held */
	struct task *next_waiting;	/* at the host */
	struct task *next, **link;	/* in the lab, newest first */
	struct task *vm_next, **vm_link;	/* of the VM, newest first */
	struct task *live_next, **live_link;	/* of those not complete */
};

/* All that clients know, and all that are not complete. */
struct tasks {
	struct task *first, *live;
	size_t count;
};

extern const struct mob_class task_class;
extern const struct mob_class task_manager_class;

/* Start one for call's VM and answer the call with it. arg is taken over. */
int task_submit(struct call *call, const struct task_kind *kind, void *arg);

/* The same about any entity. */
int task_submit_for(struct call *call, const struct task_kind *kind,
		    struct entity *entity, void *arg);

/* End of an asynchronous run: rc 0, or -1 and task->error is set. */
void task_finish(struct task *task, int rc);

/* vCenter restarts: no client knows any task any more. */
void task_forget_all(struct lab *lab);

/* The lab ends: none will be completed any more. After the guests. */
void task_drop_all(struct lab *lab);

/* Tasks of a VM, newest first: all unfinished, and some others. */
void task_refs_recent(const struct mob *mob, mob_visit *visit, void *arg);

#endif
