/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <strings.h>

#include "common/base/parse.h"
#include "owner.h"
#include "text.h"
#include "guard.h"

struct matter {
	const struct guard_facts *facts;
	const struct record *rec;
	const struct guard_world *world;
	int64_t now;
};

static bool _has(const struct matter *m, unsigned bits)
{
	return (m->facts->has & bits) == bits;
}

static int _refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_REFUSED, "%s", why);
}

/* A slow vCenter says nothing against the VM: no refusal. */
static int _fresh(const struct matter *m, int64_t at, const char *what,
		  struct err *err)
{
	if (at <= m->now && m->now - at <= GUARD_FRESH)
		return 0;
	return err_set(err, ERR_TRANSIENT, "%s not read within the last "
		       "%lld s", what, (long long) (GUARD_FRESH / 1000000));
}

static int _facts_fresh(const struct matter *m, struct err *err)
{
	return _fresh(m, m->facts->read_at, "the VM's properties were", err);
}

static int _same_vm(const struct matter *m, struct err *err)
{
	const char *vm = m->facts->vm;

	if (!vm || !*vm || !*m->rec->vm)
		return _refuse(err, "it is not known which VM this is");
	if (strcmp(vm, m->rec->vm))
		return err_set(err, ERR_REFUSED, "%s was read, but the record "
			       "says %s", vm, m->rec->vm);
	return 0;
}

static int _in_folder(const struct matter *m, struct err *err)
{
	if (!m->world->folder || !*m->world->folder)
		return _refuse(err, "the clone folder is not known");
	if (!_has(m, GUARD_HAS_FOLDER) || !m->facts->folder)
		return _refuse(err, "the VM's folder cannot be read");
	if (strcmp(m->facts->folder, m->world->folder))
		return err_set(err, ERR_REFUSED, "the VM is in %s, not in the "
			       "clone folder; move it back if it is a clone",
			       m->facts->folder);
	return 0;
}

static int _no_template(const struct matter *m, struct err *err)
{
	if (!_has(m, GUARD_HAS_TEMPLATE))
		return _refuse(err, "config.template cannot be read");
	if (m->facts->is_template)
		return _refuse(err, "the VM is marked as a template");
	return 0;
}

/* A source of today or of the past. */
static int _no_source(const struct matter *m, struct err *err)
{
	const struct guard_world *world = m->world;

	if (!world->sources || !world->source_uuids)
		return _refuse(err, "the list of sources is not known");
	if (table_get(world->sources, m->facts->vm))
		return _refuse(err, "the VM is, or once was, a source");
	if (!_has(m, GUARD_HAS_INSTANCE) || !m->facts->instance_uuid ||
	    !parse_is_uuid(m->facts->instance_uuid))
		return _refuse(err, "the VM's instanceUuid cannot be read");
	if (table_get(world->source_uuids, m->facts->instance_uuid))
		return _refuse(err, "the VM has the instanceUuid of a source");
	return 0;
}

static int _instance(const struct matter *m, struct err *err)
{
	if (!*m->rec->instance_uuid)
		return 0;	/* nothing recorded: the owner key decides */
	if (strcasecmp(m->rec->instance_uuid, m->facts->instance_uuid))
		return err_set(err, ERR_REFUSED, "its instanceUuid is %s, "
			       "recorded is %s", m->facts->instance_uuid,
			       m->rec->instance_uuid);
	return 0;
}

static int _owned(const struct matter *m, struct err *err)
{
	const struct record *rec = m->rec;
	struct owner owner;

	if (!m->world->key || !m->world->key_len)
		return _refuse(err, "sclone.key is not loaded");
	if (!_has(m, GUARD_HAS_BIOS | GUARD_HAS_CONFIG))
		return _refuse(err, "biosUuid or owner key cannot be read");
	if (owner_verify(m->world->key, m->world->key_len, m->facts->owner,
			 m->facts->bios_uuid, &owner, err) < 0)
		return -1;
	if (!text_same(owner.cluster, m->world->cluster) ||
	    !text_same(owner.cluster, rec->cluster))
		return err_set(err, ERR_REFUSED, "it belongs to cluster %s",
			       owner.cluster);
	if (strcmp(owner.node, rec->node) || owner.epoch != rec->epoch)
		return err_set(err, ERR_REFUSED, "its owner key says %s/%llu, "
			       "to be released is %s/%llu", owner.node,
			       (unsigned long long) owner.epoch, rec->node,
			       (unsigned long long) rec->epoch);
	if (strcasecmp(m->facts->bios_uuid, rec->bios_uuid))
		return _refuse(err, "its biosUuid is not the recorded one");
	return 0;
}

static int _off(const struct matter *m, struct err *err)
{
	if (!_has(m, GUARD_HAS_POWER))
		return _refuse(err, "the power state cannot be read");
	if (!m->facts->powered_off)
		return _refuse(err, "the VM is not powered off");
	return 0;
}

/* What was read of others, and that it is enough to judge by. */
static int _others_known(const struct matter *m, struct err *err)
{
	const struct guard_world *world = m->world;

	if (!world->tenants || !world->unreadable)
		return _refuse(err, "the files of other VMs cannot be read");
	if (text_same(world->unreadable, m->facts->vm))
		return _refuse(err, "the VM's own files cannot be read");
	if (*world->unreadable)
		return err_set(err, ERR_REFUSED, "the files of %s cannot be "
			       "read; it may use this VM's",
			       world->unreadable);
	return _fresh(m, world->tenants_at, "the other VMs' files were", err);
}

/* Its directory is its own. A listing that does not show the VM itself
 * there does not show others either. */
static int _home(const struct matter *m, struct err *err)
{
	const char *vmx = m->facts->vmx;
	const char *other;
	int len;

	if (!_has(m, GUARD_HAS_FILES) || !vmx || !tenants_dir_len(vmx))
		return _refuse(err, "the VM's .vmx cannot be read: its "
			       "directory is not known");
	len = (int) tenants_dir_len(vmx);
	other = tenants_other(m->world->tenants, vmx, m->facts->vm);
	if (other)
		return err_set(err, ERR_REFUSED, "%s uses files in the VM's "
			       "directory %.*s", other, len, vmx);
	if (!tenants_has(m->world->tenants, vmx, m->facts->vm))
		return err_set(err, ERR_REFUSED, "the VMs on the datastore of "
			       "%.*s cannot be listed", len, vmx);
	return 0;
}

static bool _at_home(const struct matter *m, const char *path)
{
	size_t len = tenants_dir_len(m->facts->vmx);

	return tenants_dir_len(path) == len &&
	       !strncmp(path, m->facts->vmx, len);
}

static int _kind(const struct guard_disk *disk, struct err *err)
{
	if (disk->raw)
		return _refuse(err, "a disk is a raw device, or of a kind "
			       "that is not known");
	if (disk->shared)
		return _refuse(err, "a disk is shared with other VMs");
	if (disk->independent)
		return _refuse(err, "a disk is independent: it may be "
			       "another VM's, too");
	return 0;
}

static int _disk(const struct matter *m, const struct guard_disk *disk,
		 struct err *err)
{
	if (_kind(disk, err) < 0)
		return -1;
	if (!disk->top_count || !disk->tops)
		return _refuse(err, "a disk's file is not known");
	for (size_t i = 0; i < disk->top_count; i++) {
		const char *top = disk->tops[i];

		if (!top || !tenants_dir_len(top))
			return _refuse(err, "a disk's file is not known");
		if (!_at_home(m, top))
			return err_set(err, ERR_REFUSED, "disk file %.200s is "
				       "not in the VM's own directory", top);
	}
	if (!disk->listed)
		return err_set(err, ERR_REFUSED, "layoutEx does not show "
			       "%.200s (yet)", disk->tops[0]);
	return 0;
}

static int _disks(const struct matter *m, struct err *err)
{
	const struct guard_facts *facts = m->facts;

	if (!_has(m, GUARD_HAS_DISKS | GUARD_HAS_LAYOUT))
		return _refuse(err, "the VM's disks cannot be read");
	if (facts->disk_count > GUARD_DISKS_MAX ||
	    (facts->disk_count && !facts->disks))
		return _refuse(err, "the VM's disks make no sense");
	for (size_t i = 0; i < facts->disk_count; i++)
		if (_disk(m, &facts->disks[i], err) < 0)
			return -1;
	return 0;
}

int guard_check(enum guard_level level, const struct guard_facts *facts,
		const struct record *rec, const struct guard_world *world,
		int64_t now, struct err *err)
{
	static int (*const rules[])(const struct matter *, struct err *) = {
		_facts_fresh, _same_vm, _in_folder, _no_template, _no_source,
		_instance, _owned,
		/* from here on for GUARD_DESTROY alone */
		_off, _others_known, _home, _disks
	};
	struct matter matter = { facts, rec, world, now };
	size_t count = sizeof(rules) / sizeof(rules[0]);

	if (level == GUARD_POWER_OFF)
		count -= 4;
	for (size_t i = 0; i < count; i++)
		if (rules[i](&matter, err) < 0)
			return -1;
	return 0;
}
