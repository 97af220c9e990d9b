/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an admin has taken out of use: kept over a restart, by name. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scloned/drains.h"
#include "tap.h"

static char dir[] = "/tmp/sclone-drains.XXXXXX";

#define ONE "/DC/vm/t/one"
#define TWO "/DC/vm/t/two"

static struct journal *_open(void)
{
	struct err err = ERR_INIT;
	struct journal *journal = journal_open(dir, &err);

	if (!journal)
		bail_out("%s", err.text);
	return journal;
}

static struct drains *_load(struct journal *journal)
{
	struct err err = ERR_INIT;
	struct drains *drains = drains_create(journal, &err);

	if (!drains)
		bail_out("%s", err.text);
	return drains;
}

static const char *_text(const struct drains *drains,
			 const char *source)
{
	const struct drain *drain = drains_of(drains, "r9", source);

	return drain ? drain->text : "in use";
}

static void _kept(void)
{
	struct journal *journal = _open();
	struct drains *drains = _load(journal);
	struct err err = ERR_INIT;

	is_str(_text(drains, ONE), "in use", "nothing is drained at first");
	ok(!drains_set(drains, ONE, "alice", "", 7, &err) &&
	   !drains_set(drains, TWO, "bob", "first", 8, &err) &&
	   !drains_set(drains, TWO, "carol", "fan", 9, &err) &&
	   !drains_clear(drains, ONE, &err) &&
	   !drains_set(drains, "left", "dave", "", 10, &err) &&
	   !journal_commit(journal, &err), "drained, changed, ended");
	drains_destroy(drains);
	journal_close(journal);

	journal = _open();
	drains = _load(journal);
	is_str(_text(drains, ONE), "in use", "ended stays ended");
	is_str(_text(drains, TWO), "/DC/vm/t/two is drained by carol: fan",
	       "the last word counts, after a restart as well");
	is_int(drains_get(drains, TWO)->since, 9, "since when");
	is_str(drains_get(drains, "left")->text, "left is drained by dave",
	       "a name that nobody has");
	drains_destroy(drains);
	journal_close(journal);
}

static void _renamed(void)
{
	struct journal *journal = _open();
	struct drains *drains = _load(journal);

	ok(!drains_set(drains, ONE, "eve", "disk", 11, NULL) &&
	   !drains_rename(drains, ONE, "/DC/vm/t/new", NULL) &&
	   !drains_rename(drains, "nosuch", ONE, NULL) &&
	   !journal_commit(journal, NULL), "what is drained is renamed");
	drains_destroy(drains);
	journal_close(journal);
	journal = _open();
	drains = _load(journal);
	is_str(_text(drains, "/DC/vm/t/new"),
	       "/DC/vm/t/new is drained by eve: disk", "it stays drained");
	is_int(drains_get(drains, "/DC/vm/t/new")->since, 11, "since then");
	is_str(_text(drains, ONE), "in use", "its former name is free");
	ok(!drains_clear(drains, "/DC/vm/t/new", NULL) &&
	   !journal_commit(journal, NULL), "it can be used again");
	drains_destroy(drains);
	journal_close(journal);
}

static void _template(void)
{
	struct journal *journal = _open();
	struct drains *drains = _load(journal);
	struct err err = ERR_INIT;

	ok(!drains_set(drains, "r9", "root", "old", 11, &err), "a template");
	is_str(_text(drains, ONE), "r9 is drained by root: old",
	       "its source is not in use");
	is_str(_text(drains, TWO), "r9 is drained by root: old",
	       "the template comes before the source's own");
	ok(!drains_get(drains, ONE), "which has none of its own");
	ok(!drains_clear(drains, "r9", &err), "ended");
	is_str(_text(drains, TWO), "/DC/vm/t/two is drained by carol: fan",
	       "then its own counts again");
	drains_destroy(drains);
	journal_close(journal);
}

static void _refused(void)
{
	struct journal *journal = _open();
	struct drains *drains = _load(journal);
	char many[DRAINS_WHY_SIZE + 1];
	struct err err = ERR_INIT;

	memset(many, 'x', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	ok(drains_set(drains, "r9", "root", many, 1, &err) < 0 &&
	   err.code == ERR_CONFIG, "a reason that is too long");
	ok(drains_set(drains, "r9", "root", "a\nb", 1, &err) < 0 &&
	   err.code == ERR_CONFIG, "a reason of two lines");
	ok(drains_set(drains, "r9", "ro\x1bot", "", 1, &err) < 0 &&
	   err.code == ERR_CONFIG, "a user with a control character");
	ok(!drains_get(drains, "r9"), "nothing came of it");
	ok(drains_clear(drains, "r9", &err) < 0 &&
	   err.code == ERR_NOTFOUND, "what is not drained");
	drains_destroy(drains);
	journal_close(journal);
}

static void _unreadable(void)
{
	struct journal *journal = _open();
	struct err err = ERR_INIT;
	struct drains *drains;

	ok(!journal_set_meta(journal, "drain//DC/vm/t/one", "{rubbish", &err),
	   "a note that cannot be read");
	drains = _load(journal);
	has_str(_text(drains, ONE), "cannot be read", "counts as a drain");
	ok(!drains_clear(drains, ONE, &err), "and can be ended");
	drains_destroy(drains);
	journal_close(journal);
}

static void _remove_all(void)
{
	static const char *const names[] = { "journal.db", "journal.db-wal",
		"journal.db-shm", "journal.reserve", "lock" };
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	_kept();
	_renamed();
	_template();
	_refused();
	_unreadable();
	_remove_all();
	return done_testing();
}
