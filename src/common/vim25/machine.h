/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine - what vCenter tells about virtual machines, as plain data.
 *
 * To be read by property_read():
 *
 *	machine_spec(&spec, MACHINE_ROW);
 *	spec.from = &folder;
 *	spec.via = "childEntity";
 *	property_read(session, &spec, each, done, arg, err);
 *
 * where each() calls machine_parse().
 *
 * Three amounts of detail, because they differ a hundredfold in size. What
 * was not asked for or is not set is NULL, unset or -1: never a guess.
 * Everything is borrowed for the callback.
 */
#ifndef SCLONE_VIM25_MACHINE_H
#define SCLONE_VIM25_MACHINE_H

#include "property.h"

enum machine_detail {
	MACHINE_ROW,	/* the fields up to power */
	MACHINE_OPTIONS,	/* and options */
	MACHINE_ALL,	/* everything */
};

struct machine {
	struct moref ref;
	struct moref parent;		/* the folder */
	const char *name;
	const char *bios_uuid;		/* config.uuid */
	const char *instance_uuid;
	const char *power;		/* "poweredOn", "poweredOff" ... */

	const struct xml_node *options;	/* config.extraConfig; see
					 * property_option() */

	struct moref pool, host;
	int is_template;		/* 1, 0, -1: not told */
	int is_frozen;			/* runtime.instantCloneFrozen */
	const char *path;		/* of the .vmx, "[datastore] dir/x" */
	const struct xml_node *devices;	/* config.hardware.device */
	const struct xml_node *files;	/* layoutEx.file */
	const struct xml_node *layout;	/* layoutEx.disk */
	const struct xml_node *snapshots;	/* layoutEx.snapshot */
	const struct xml_node *snapshot;	/* NULL: none */
	const struct xml_node *disabled;	/* disabledMethod */

	const struct property_object *object;	/* for anything else */
};

/* Ask for that much; whose machines is for the caller to add: objects, or
 * from a Folder via "childEntity" (its machines, not those in folders). */
void machine_spec(struct property_spec *spec, enum machine_detail detail);

/* Take one object of the reply. PROTOCOL when it tells nonsense. */
int machine_parse(struct machine *machine,
		  const struct property_object *object, struct err *err);

/*
 * Virtual disks among devices: the first one after prev (NULL: the first).
 * disk_backing() is the top of its chain of files, disk_parent() the next
 * one below; disk_file() a backing's file, "[datastore] dir/x.vmdk", or NULL.
 */
const struct xml_node *disk_next(const struct xml_node *devices,
				 const struct xml_node *prev);
const struct xml_node *disk_backing(const struct xml_node *disk);
const struct xml_node *disk_parent(const struct xml_node *backing);
const char *disk_file(const struct xml_node *backing);

#endif
