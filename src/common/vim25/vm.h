/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm - what is done to virtual machines. Each is a task; see task.h for how
 * they end and who takes over what.
 *
 * vSphere Web Services API Reference: VirtualMachine. Strings and references
 * are copied.
 */
#ifndef SCLONE_VIM25_VM_H
#define SCLONE_VIM25_VM_H

#include "nic.h"
#include "task.h"

struct vm_option {
	const char *key;
	const char *value;	/* "" removes the key in a reconfiguration */
};

/*
 * InstantClone_Task: a running copy of a running (or frozen) source, on the
 * source's host. Two clones of one name cannot be in one folder; vCenter
 * refuses the second (EXISTS). An error of the task does not prove that there
 * is no clone: a fault in its last moments leaves an independent machine, to
 * be found by its name or BIOS UUID.
 */
struct vm_clone_spec {
	const struct moref *source;
	const char *name;
	const struct moref *folder, *pool;
	const struct moref *datastore;	/* NULL: the source's */
	const struct nic_change *nics;	/* cards not as the source's */
	size_t n_nics;
	const struct vm_option *options;	/* into config.extraConfig */
	size_t n_options;
	const char *bios_uuid;		/* NULL: vCenter makes one */
};

/* The result's object is the new machine. A source that is switched off, and
 * SystemError (its disk chain is full, KB 67186), count as CAPACITY: take
 * another source. */
struct task *vm_instant_clone(struct watch *watch,
			      const struct vm_clone_spec *spec,
			      const char *operation, unsigned limit_ms,
			      task_done_fn *done, void *arg, struct err *err);

/* ReconfigVM_Task: set keys of config.extraConfig. */
struct task *vm_set_options(struct watch *watch, const struct moref *vm,
			    const struct vm_option *options, size_t n_options,
			    const char *operation, unsigned limit_ms,
			    task_done_fn *done, void *arg, struct err *err);

/*
 * PowerOffVM_Task, PowerOnVM_Task, Destroy_Task. NOTFOUND: there is no such
 * machine (any more). BUSY with a fault InvalidPowerState: it is off (or on)
 * already; for Destroy_Task: it is on.
 */
struct task *vm_power_off(struct watch *watch, const struct moref *vm,
			  const char *operation, unsigned limit_ms,
			  task_done_fn *done, void *arg, struct err *err);
struct task *vm_power_on(struct watch *watch, const struct moref *vm,
			 const char *operation, unsigned limit_ms,
			 task_done_fn *done, void *arg, struct err *err);
struct task *vm_destroy(struct watch *watch, const struct moref *vm,
			const char *operation, unsigned limit_ms,
			task_done_fn *done, void *arg, struct err *err);

/* The requests themselves; method is one of the three above. */
void vm_write_instant_clone(struct soap_request *request,
			    const struct vm_clone_spec *spec,
			    const char *operation);
void vm_write_options(struct soap_request *request, const struct moref *vm,
		      const struct vm_option *options, size_t n_options,
		      const char *operation);
void vm_write_plain(struct soap_request *request, const char *method,
		    const struct moref *vm, const char *operation);

#endif
