/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of folders in Sources=: what comes, goes and is renamed while a
 * folder has more machines than are used. The folders are this program's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clone/members.h"
#include "common/clone/places.h"
#include "tap.h"

#define CONF                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/\n"                               \
	"TemplateName=u22 Sources=/DC/vm/u/\n"                              \
	"NodeName=vm[1-3] Templates=r9,u22\n"
#define UUID "00000000-0000-0000-0000-000000000001"
#define SOME 16
#define FOLDERS 2

struct folders {
	struct folder list[FOLDERS];
};

static struct folders folders;
static struct sources sources;
static const char *needed;
static unsigned joined, parted;
static char former[FOLDERS_PATH_SIZE];	/* path of what was renamed last */

/* --- the folders -------------------------------------------------------- */

size_t folders_count(const struct folders *all)
{
	(void) all;
	return FOLDERS;
}

const struct folder *folders_at(const struct folders *all, size_t index)
{
	return &all->list[index];
}

/* The others are for sources.c, which is not at work here. */
struct folders *folders_create(struct session *session,
			       const struct config *config, struct err *err)
{
	(void) session;
	(void) config;
	(void) err;
	return NULL;
}

void folders_destroy(struct folders *all)
{
	(void) all;
}

void folders_look(struct folders *all, void (*done)(void *arg), void *arg)
{
	(void) all;
	done(arg);
}

bool folders_answered(const struct folders *all)
{
	(void) all;
	return true;
}

static void _set_folder(size_t index, const char *path,
			const struct config *config)
{
	folders.list[index] = (struct folder) {
		.path = path, .tmpl = config_template(config, index),
		.state = FOLDER_LISTED,
		.children = calloc(CONFIG_SOURCES_MAX + SOME,
				   sizeof(struct folder_child)),
	};
	moref_set(&folders.list[index].ref, "Folder", path + 8, NULL);
}

static void _put(size_t index, unsigned vm, const char *name)
{
	struct folder *folder = &folders.list[index];
	struct folder_child *child = &folder->children[folder->count++];
	char id[32];

	snprintf(id, sizeof(id), "vm-%u", vm);
	moref_set(&child->vm, "VirtualMachine", id, NULL);
	snprintf(child->path, sizeof(child->path), "%s/%s", folder->path,
		 name);
}

/* So many machines of that name and their numbers, from that one on. */
static void _fill(size_t index, unsigned from, size_t count)
{
	char name[16];

	folders.list[index].count = 0;
	for (unsigned i = from; i < from + count; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		_put(index, i, name);
	}
}

/* --- a look ------------------------------------------------------------- */

static bool _is_clone(const struct source *source, void *arg)
{
	(void) source;
	(void) arg;
	return false;
}

static bool _needs(const char *path, void *arg)
{
	(void) arg;
	return needed && !strcmp(path, needed);
}

static void _member(const struct source *source, bool is, void *arg)
{
	(void) source;
	(void) arg;
	*(is ? &joined : &parted) += 1;
}

static void _renamed(const struct source *source, const char *path, void *arg)
{
	(void) source;
	(void) arg;
	snprintf(former, sizeof(former), "%s", path);
}

/* All that is asked for is there, and was frozen. */
static void _look(void)
{
	joined = parted = 0;
	*former = '\0';
	members_compose(&sources);
	for (size_t i = sources.named; i < sources.fresh_count; i++) {
		struct source *source = &sources.fresh[i];

		source->told = true;
		source->state = SOURCE_FROZEN;
		snprintf(source->instance_uuid, UUID_TEXT_SIZE, UUID);
		snprintf(source->record, sizeof(source->record), "{}");
	}
	members_sift(&sources);
	members_keep(&sources);
	memcpy(sources.list, sources.fresh,
	       sources.fresh_count * sizeof(*sources.list));
	sources.count = sources.fresh_count;
	members_prune(&sources);
}

static const struct source *_source(const char *path)
{
	for (size_t i = 0; i < sources.count; i++)
		if (!strcmp(sources.list[i].path, path))
			return &sources.list[i];
	return NULL;
}

static const char *_refusal(const char *path)
{
	for (size_t i = 0; i < sources.refused_count; i++)
		if (!strcmp(sources.refused[i].path, path))
			return sources.refused[i].why;
	return NULL;
}

static void _counts(unsigned count, unsigned in, unsigned out,
		    const char *what)
{
	is_int((int64_t) sources.count, count, what);
	ok(joined == in && parted == out, "%u come, %u go", in, out);
}

/* --- what is seen ------------------------------------------------------- */

static void _test_renamed(void)
{
	_fill(0, 1, 3);
	_look();
	_counts(3, 3, 0, "all are sources");
	is_str(former, "", "that are new");
	snprintf(folders.list[0].children[0].path, FOLDERS_PATH_SIZE,
		 "/DC/vm/t/first");
	_look();
	_counts(3, 1, 1, "a renamed one is one source");
	is_str(_source("/DC/vm/t/first")->kept_vm.id, "vm-1",
	       "the same, with its new name");
	is_str(former, "/DC/vm/t/m1", "and what it was is told");
	is_str(_source("/DC/vm/t/first")->kept_uuid, UUID, "by its uuid, too");
	needed = "/DC/vm/t/first";
	_fill(0, 1, 3);
	_look();
	ok(_source("/DC/vm/t/first")->left && !_source("/DC/vm/t/m1")->left,
	   "while clones have the old name, that is no source to clone");
	needed = NULL;
	_look();
	_counts(3, 0, 1, "and it goes with them");
}

static void _test_more(void)
{
	_fill(0, 2, 2);
	folders.list[0].more = 7;
	_look();
	_counts(3, 0, 0, "one that is beyond the limit now stays a source");
	ok(!_source("/DC/vm/t/m1")->left, "that can be cloned");
	has_str(_refusal("/DC/vm/t/"), "7 more machines than the 256 of a "
		"folder that are used", "folder and limit are told");
	snprintf(folders.list[0].children[0].path, FOLDERS_PATH_SIZE,
		 "/DC/vm/t/second");
	_look();
	_counts(3, 1, 1, "a renamed one is one source there, too");
	ok(_source("/DC/vm/t/second") && !_source("/DC/vm/t/m2"),
	   "with the new name alone");
	folders.list[0].more = 0;
	_look();
	_counts(2, 0, 1, "when all are listed, what is not there goes");
}

/* To another of the folders, while it may be beyond a limit. */
static void _test_moved(void)
{
	_fill(0, 3, 1);
	_fill(1, 2, 1);
	folders.list[0].more = 1;
	_look();
	ok(!_source("/DC/vm/t/second") && _source("/DC/vm/u/m2"),
	   "a source in another folder is of that one's template alone");
	folders.list[0].more = 0;
}

static void _test_full(void)
{
	_fill(0, 1000, CONFIG_SOURCES_MAX + SOME / 2);
	_fill(1, 2, 1);
	folders.list[0].more = 1;
	_look();
	is_int((int64_t) sources.count, CONFIG_SOURCES_MAX,
	       "there may be so many sources in all");
	is_int(parted, 0, "none is lost for those that come");
	ok(_source("/DC/vm/t/m3") && _source("/DC/vm/u/m2"),
	   "wherever it is in the lists");
	has_str(_refusal("/DC/vm/t/m2031"), "more than 1024 sources",
		"each of the others is told, and why");
	_fill(0, 5000, CONFIG_SOURCES_MAX);
	_look();
	ok(_refusal("/DC/vm/t/") &&
	   sources.refused_count == SOURCES_REFUSED_MAX,
	   "so is what is wrong with the folder, with that many of them");
	is_int(parted, 0, "still none is lost");
}

int main(void)
{
	struct place places[2] = { { .path = "/DC/vm/f" }, { .path = "p" } };
	cleanup_config struct config *config =
		config_parse("s.conf", CONF, strlen(CONF), NULL);

	if (!config)
		bail_out("config_parse");
	_set_folder(0, "/DC/vm/t", config);
	_set_folder(1, "/DC/vm/u", config);
	moref_set(&places[0].ref, "Folder", "clones", NULL);
	sources = (struct sources) {
		.config = config, .folders = &folders, .places = places,
		.hooks = { .is_clone = _is_clone, .needs = _needs,
			   .member = _member, .renamed = _renamed },
		.list = calloc(CONFIG_SOURCES_MAX, sizeof(struct source)),
		.fresh = calloc(CONFIG_SOURCES_MAX, sizeof(struct source)),
		.refused = calloc(SOURCES_REFUSED_MAX,
				  sizeof(struct sources_refused)),
		.next_refused = calloc(SOURCES_REFUSED_MAX,
				       sizeof(struct sources_refused)),
		.paths = table_create(4 * CONFIG_SOURCES_MAX, free),
	};
	_test_renamed();
	_test_more();
	_test_moved();
	_test_full();
	table_destroy(sources.paths);
	free(sources.list);
	free(sources.fresh);
	free(sources.refused);
	free(sources.next_refused);
	for (size_t i = 0; i < FOLDERS; i++)
		free(folders.list[i].children);
	return done_testing();
}
