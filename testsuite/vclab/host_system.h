/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_system - HostSystem, and ClusterComputeResource that holds it. A
 * host runs a bounded number of clone operations at once; more wait.
 */
#ifndef SCLONE_VCLAB_HOST_SYSTEM_H
#define SCLONE_VCLAB_HOST_SYSTEM_H

#include "entity.h"

#define HOST_STATE (ENTITY_OWN << 0)
#define HOST_USAGE (ENTITY_OWN << 1)
#define HOST_VMS (ENTITY_OWN << 2)

struct task;

struct cluster {
	struct entity entity;
	struct entity *pool;		/* borrowed; "Resources" */
};

struct host {
	struct entity entity;
	struct cluster *cluster;	/* borrowed */
	bool lost;
	bool maintenance;
	int64_t memory_mb;
	int64_t used_mb;		/* by the VMs */
	int64_t others_mb;		/* by what the lab does not know */
	int64_t slots;
	int64_t busy;			/* slots in use */
	struct task *first, *last;	/* waiting for a slot */
};

extern const struct mob_class cluster_class;
extern const struct mob_class host_class;

/* Memory of a VM comes (positive) or goes. */
void host_use(struct host *host, int64_t mb);
int64_t host_free_mb(const struct host *host);
void host_set_lost(struct host *host, bool lost);

/* 0, or -1 with HostNotConnected or InvalidState (maintenance). */
int host_check(const struct host *host, struct fault *fault);

#endif
