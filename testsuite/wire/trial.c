/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/path.h"
#include "common/base/table.h"
#include "tap.h"
#include "trial.h"

#define FILE_MAX (1 << 20)
#define FILES_MAX 4096

static const char *_kind(const struct stage_seen *seen)
{
	return event_name(seen->ev.kind);
}

/* --- files -------------------------------------------------------------- */

/* Path to contents. */
struct trial_files {
	struct table *files;
};

static struct table *reading;	/* nftw() has no argument */

static int _read_file(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	struct buf text;

	(void) st;
	(void) where;
	if (kind != FTW_F)
		return 0;
	buf_init(&text, FILE_MAX);
	if (path_read(path, &text, NULL) < 0 ||
	    table_set(reading, path, strdup(buf_str(&text)), NULL) < 0)
		bail_out("cannot read %s", path);
	buf_free(&text);
	return 0;
}

struct trial_files *trial_files_read(const struct stage *stage)
{
	struct trial_files *files = calloc(1, sizeof(*files));
	char path[128];

	snprintf(path, sizeof(path), "%s/datastores", stage->vc.directory);
	if (files)
		files->files = table_create(FILES_MAX, free);
	if (!files || !files->files)
		bail_out("out of memory");
	reading = files->files;
	if (nftw(path, _read_file, 16, FTW_PHYS) != 0)
		bail_out("cannot walk %s", path);
	return files;
}

void trial_files_destroy(struct trial_files *files)
{
	table_destroy(files->files);
	free(files);
}

/* The path lies in a directory of that name. */
static bool _is_in(const char *path, const char *directory)
{
	char part[128];

	snprintf(part, sizeof(part), "/%s/", directory);
	return strstr(path, part) != NULL;
}

/* How many of them, in the directory alone or all but those. */
static unsigned _count(const struct trial_files *files, const char *directory)
{
	unsigned count = 0;
	const char *path;
	size_t pos = 0;

	while (table_next(files->files, &pos, &path))
		count += _is_in(path, directory);
	return count;
}

void trial_files_same(struct stage *stage, const struct trial_files *then,
		      const char *except, const char *what)
{
	struct trial_files *now = trial_files_read(stage);
	const char *path, *text, *found;
	unsigned same = 0, lost = 0;
	size_t pos = 0;

	while ((text = table_next(then->files, &pos, &path)) != NULL) {
		if (except && _is_in(path, except))
			continue;
		found = table_get(now->files, path);
		if (found && !strcmp(found, text)) {
			same++;
			continue;
		}
		diag("%s: %s", path, found ? "changed" : "gone");
		lost++;
	}
	trial_files_destroy(now);
	ok(same && !lost, "%s: %u files of others are what they were", what,
	   same);
}

/* --- parts of a case ---------------------------------------------------- */

void trial_judge(struct stage *stage, const struct record *rec,
		 enum guard_level level, const char *why, const char *what)
{
	const struct stage_seen *seen = stage_guard(stage, rec, level);
	const char *name = level == GUARD_DESTROY ? "destroy" : "power off";
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, name);
	if (why) {
		is_str(_kind(seen), "GUARD_REFUSED", text);
		has_str(seen->text, why, text);
		return;
	}
	is_str(_kind(seen), "GUARD_OK", text);
	if (seen->ev.kind == EVENT_GUARD_REFUSED)
		diag("%s", seen->text);
	ok(seen->ev.level == level && seen->ev.facts_at > 0 &&
	   (level == GUARD_POWER_OFF || seen->ev.powered_off),
	   "%s: the verdict's facts", text);
}

/* Copy text with $ours and $other spelled out. */
static void _expand(char *out, size_t size, const char *text,
		    const struct record *rec, const struct record *other)
{
	size_t len = 0;

	while (*text && len + 1 < size) {
		bool ours = !strncmp(text, TRIAL_OURS, strlen(TRIAL_OURS));

		if (!ours && strncmp(text, TRIAL_OTHER, strlen(TRIAL_OTHER))) {
			out[len++] = *text++;
			continue;
		}
		len += (size_t) snprintf(out + len, size - len, "%s/%s",
					 STAGE_FOLDER,
					 ours ? rec->node : other->node);
		text += strlen(ours ? TRIAL_OURS : TRIAL_OTHER);
	}
	out[len < size ? len : size - 1] = '\0';
}

void trial_harm(struct stage *stage, const struct trial_harm *harm,
		const struct record *rec, const struct record *other)
{
	const char *vm = harm->vm;
	char members[512] = "";

	if (!strcmp(vm, TRIAL_OURS))
		vm = rec->vm;
	else if (!strcmp(vm, TRIAL_OTHER))
		vm = other->vm;
	if (harm->members) {
		members[0] = ',';
		_expand(members + 1, sizeof(members) - 1, harm->members, rec,
			other);
	}
	stage_harm(stage, vm, harm->action, members);
}

static void _prove(struct stage *stage, const struct record *rec)
{
	is_str(_kind(stage_act(stage, rec, ACTION_PROVE_ABSENCE)),
	       "ABSENCE_PROVEN", "and proven gone");
}

void trial_destroy(struct stage *stage, const struct record *rec)
{
	(void) stage_guarded(stage, rec, ACTION_POWER_OFF);
	is_str(_kind(stage_guarded(stage, rec, ACTION_DESTROY)), "DESTROYED",
	       "destroyed");
	_prove(stage, rec);
}

/* --- a case ------------------------------------------------------------- */

static bool _needs_other(const struct trial_case *one)
{
	bool needs = one->harm != NULL;

	for (size_t i = 0; i < TRIAL_HARMS_MAX; i++) {
		const struct trial_harm *harm = &one->harms[i];

		if (!harm->vm)
			break;
		needs |= !strcmp(harm->vm, TRIAL_OTHER) ||
			 (harm->members && strstr(harm->members, TRIAL_OTHER));
	}
	return needs;
}

static void _harm_all(struct stage *stage, const struct trial_case *one,
		      struct record *rec, const struct record *other)
{
	for (size_t i = 0; i < TRIAL_HARMS_MAX && one->harms[i].vm; i++)
		trial_harm(stage, &one->harms[i], rec, other);
	if (one->harm)
		one->harm(stage, rec, other);
}

static void _power_off(struct stage *stage, const struct trial_case *one,
		       const struct record *rec)
{
	trial_judge(stage, rec, GUARD_POWER_OFF, one->why_off, one->what);
	if (!one->why_off)
		is_str(_kind(stage_act(stage, rec, ACTION_POWER_OFF)),
		       "POWERED_OFF", "powered off");
	else
		is_str(_kind(stage_act(stage, rec, ACTION_POWER_OFF)),
		       "FAILED", "not powered off");
}

static void _destroy(struct stage *stage, const struct trial_case *one,
		     const struct record *rec)
{
	trial_judge(stage, rec, GUARD_DESTROY, one->why, one->what);
	if (one->why) {
		is_str(_kind(stage_act(stage, rec, ACTION_DESTROY)), "FAILED",
		       "not destroyed");
		return;
	}
	is_str(_kind(stage_act(stage, rec, ACTION_DESTROY)), "DESTROYED",
	       "destroyed");
	_prove(stage, rec);
}

static void _check_files(struct stage *stage, const struct trial_case *one,
			 const struct trial_files *before,
			 const struct record *rec)
{
	struct trial_files *after = trial_files_read(stage);
	bool gone = !one->why;

	trial_files_same(stage, before, gone ? rec->node : NULL, one->what);
	ok(_count(before, rec->node) > 0 &&
	   (_count(after, rec->node) == 0) == gone, "%s: its own files are %s",
	   one->what, gone ? "gone" : "there");
	trial_files_destroy(after);
}

/* Out of the inventory, if it is still there. */
static void _remove(struct stage *stage, const char *vm)
{
	char id[RECORD_MOREF_SIZE + 4];

	emulated_control(&stage->vc, "/lab/vms", "{}");
	snprintf(id, sizeof(id), "\"%s\"", vm);
	if (strstr(stage->vc.answer, id))
		stage_harm(stage, vm, "remove", "");
}

static void _run(struct stage *stage, const struct trial_case *one,
		 unsigned number)
{
	struct record rec, mine, other = { .node = "" };
	struct trial_files *before;
	char node[16];

	snprintf(node, sizeof(node), "t%u", number);
	stage_clone(stage, &rec, node);
	if (_needs_other(one)) {
		snprintf(node, sizeof(node), "o%u", number);
		stage_clone(stage, &other, node);
	}
	mine = rec;
	_harm_all(stage, one, &rec, &other);
	before = trial_files_read(stage);
	_power_off(stage, one, &rec);
	if (one->why_off)
		stage_harm(stage, rec.vm, "kill", "");
	_destroy(stage, one, &rec);
	_check_files(stage, one, before, &mine);
	trial_files_destroy(before);
	if (one->undo.vm)
		trial_harm(stage, &one->undo, &rec, &other);
	_remove(stage, mine.vm);
	_remove(stage, other.vm);
}

void trial_run(struct stage *stage, const struct trial_case *list,
	       size_t count)
{
	static unsigned number;

	for (size_t i = 0; i < count; i++)
		_run(stage, &list[i], ++number);
}
