/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder - Folder, Datacenter and ResourcePool: names in a tree. */
#ifndef SCLONE_VCLAB_FOLDER_H
#define SCLONE_VCLAB_FOLDER_H

#include "entity.h"

extern const struct mob_class folder_class;
extern const struct mob_class datacenter_class;
extern const struct mob_class pool_class;

struct entity *folder_create(struct lab *lab, const struct mob_class *class,
			     const char *prefix, const char *name,
			     struct entity *parent);

/* As if it was made anew, and what is in it was moved there: another id. */
void folder_renew(struct entity *folder);

/* The cluster a pool is in; NULL if none. */
struct cluster *pool_cluster(const struct entity *pool);

#endif
