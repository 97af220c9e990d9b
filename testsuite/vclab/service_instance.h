/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service_instance - ServiceInstance and the managers it names. */
#ifndef SCLONE_VCLAB_SERVICE_INSTANCE_H
#define SCLONE_VCLAB_SERVICE_INSTANCE_H

#include "mob.h"

extern const struct mob_class service_instance_class;
extern const struct mob_class search_index_class;

/* Make them all; the root folder must exist. */
void service_instance_make(struct lab *lab);

#endif
