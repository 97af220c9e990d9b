/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inventory - fills a lab from the JSON file that README.md describes. */
#ifndef SCLONE_VCLAB_INVENTORY_H
#define SCLONE_VCLAB_INVENTORY_H

#include "lab.h"

/*
 * Read the file, make the tree, the users and the sources, and start the
 * sources' guests. CONFIG, FATAL.
 */
int inventory_load(struct lab *lab, const char *path, struct err *err);

#endif
