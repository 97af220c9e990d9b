/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network - Network (a portgroup of standard switches), and
 * DistributedVirtualPortgroup with its VmwareDistributedVirtualSwitch. Both
 * are on every host, or on one alone.
 */
#ifndef SCLONE_VCLAB_NETWORK_H
#define SCLONE_VCLAB_NETWORK_H

#include "entity.h"

struct network {
	struct entity entity;
	struct dvs *dvs;		/* borrowed; NULL: a standard one */
	char *host;			/* the only one with it; NULL: all */
};

struct dvs {
	struct entity entity;
	char uuid[37];
};

extern const struct mob_class network_class;
extern const struct mob_class portgroup_class;
extern const struct mob_class dvs_class;

/* In a datacenter's network folder; dvs NULL: a standard one. */
struct network *network_create(struct lab *lab, const char *name,
			       struct entity *folder, struct dvs *dvs);
struct dvs *dvs_create(struct lab *lab, const char *name,
		       struct entity *folder);

/* Read one of the inventory's "networks". */
int network_load(struct lab *lab, const struct json *json, struct err *err);

/* Give a source its cards, as its object of the inventory says. */
int network_plug(struct vm *vm, const struct json *json, struct err *err);

bool network_is_on(const struct network *network, const struct host *host);

/* mob is a network of either kind, or NULL. */
struct network *network_of(struct mob *mob);

/* mob is a distributed switch, or NULL. */
struct dvs *dvs_of(struct entity *entity);

/* The portgroup of that key on the switch of that UUID; NULL. */
struct network *network_by_port(const struct lab *lab, const char *uuid,
				const char *key);

#endif
