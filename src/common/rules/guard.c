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

static int _fresh(const struct matter *m, int64_t at, const char *what,
		  struct err *err)
{
	if (at <= m->now && m->now - at <= GUARD_FRESH)
		return 0;
	return err_set(err, ERR_REFUSED, "%s not read within the last %lld s",
		       what, (long long) (GUARD_FRESH / 1000000));
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

/* Length of "[ds] dir/" in a path, 0 when it has no such form. */
static size_t _dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *close = strstr(path, "] ");

	if (*path != '[' || !close || !slash || slash < close + 3)
		return 0;
	return (size_t) (slash - path) + 1;
}

static bool _in_dir(const char *path, const char *vmx, size_t dir_len)
{
	return !strncmp(path, vmx, dir_len) && !strchr(path + dir_len, '/');
}

static bool _in_chain(const struct guard_disk *disk, const char *path)
{
	for (size_t i = 0; i < disk->chain_count; i++)
		if (disk->chain[i] && !strcmp(disk->chain[i], path))
			return true;
	return false;
}

static int _unused(const struct matter *m, const char *path, struct err *err)
{
	const char *user = chains_user(m->world->chains, path, m->facts->vm);

	if (!user)
		return 0;
	return err_set(err, ERR_REFUSED, "disk file %.200s is used by %s, "
		       "too", path, user);
}

/*
 * The top file may be nobody else's, wherever it lies. Files further down
 * in the VM's own directory (its snapshots, its disk before it was cloned
 * in turn) go with it, so they may be nobody else's either. Files elsewhere
 * are parents: Destroy leaves them alone as long as they are not the top.
 */
static int _disk(const struct matter *m, const struct guard_disk *disk,
		 size_t dir_len, struct err *err)
{
	if (disk->raw)
		return _refuse(err, "a disk is a raw device");
	if (disk->shared)
		return _refuse(err, "a disk is shared");
	if (!disk->top || !_dir_len(disk->top))
		return _refuse(err, "a disk's file is not known");
	if (!disk->chain || !_in_chain(disk, disk->top))
		return err_set(err, ERR_REFUSED, "the chain of %.200s is not "
			       "known", disk->top);
	if (_unused(m, disk->top, err) < 0)
		return -1;
	for (size_t i = 0; i < disk->chain_count; i++) {
		if (!disk->chain[i] || !_dir_len(disk->chain[i]))
			return _refuse(err, "a file of a disk's chain is not "
				       "known");
		if (_in_dir(disk->chain[i], m->facts->vmx, dir_len) &&
		    _unused(m, disk->chain[i], err) < 0)
			return -1;
	}
	return 0;
}

static int _disks(const struct matter *m, struct err *err)
{
	const struct guard_facts *facts = m->facts;
	size_t dir_len;

	if (!_has(m, GUARD_HAS_FILES | GUARD_HAS_DISKS | GUARD_HAS_LAYOUT))
		return _refuse(err, "the VM's disks cannot be read");
	if (!m->world->chains || !m->world->chains_complete)
		return _refuse(err, "the disks of other VMs cannot be read");
	if (_fresh(m, m->world->chains_at, "the other VMs' disks were",
		   err) < 0)
		return -1;
	dir_len = facts->vmx ? _dir_len(facts->vmx) : 0;
	if (!dir_len)
		return _refuse(err, "the VM's directory is not known");
	if (facts->disk_count > GUARD_DISKS_MAX ||
	    (facts->disk_count && !facts->disks))
		return _refuse(err, "the VM's disks make no sense");
	for (size_t i = 0; i < facts->disk_count; i++)
		if (_disk(m, &facts->disks[i], dir_len, err) < 0)
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
		_off, _disks
	};
	struct matter matter = { facts, rec, world, now };
	size_t count = sizeof(rules) / sizeof(rules[0]);

	if (level == GUARD_POWER_OFF)
		count -= 2;
	for (size_t i = 0; i < count; i++)
		if (rules[i](&matter, err) < 0)
			return -1;
	return 0;
}
