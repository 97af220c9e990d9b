/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real journal under the world, see disk.h: clone/journal as it is, on
 * SQLite. A process that dies leaves the files as they are at that moment,
 * with all that SQLite would have tidied up at its end; when it dies in a
 * commit, with a part of what that wrote.
 *
 * Wrapped are the journal's begin and end, and what is committed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/clone/journal.h"
#include "tap.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "disk.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"
#include "vcenter.h"

#define COPIES 4
#define POINTS 6		/* the commits a lying disk can lose */
#define CYCLES_MAX 64		/* in one commit */
#define FILE_MAX (64 * 1024 * 1024)
#define WAL "journal.db-wal"
#define DB "journal.db"

/* How long the WAL was, and whether the database was the same. */
struct point {
	off_t wal;
	struct timespec db;
};

struct cycle {
	char node[32];
	uint64_t epoch;
};

static char dir[64];
static struct point points[POINTS];
static unsigned point_count, copy_count;
static struct cycle cycles[CYCLES_MAX];	/* not committed yet */
static size_t cycle_count;
static uint64_t commits;
static off_t cut;		/* of the WAL, at the death; -1: none */

struct journal *__real_journal_open(const char *unused, struct err *err);
void __real_journal_close(struct journal *journal);
int __real_journal_add_cycle(struct journal *journal, const char *node,
			     int64_t epoch, int64_t job, int64_t ended_us,
			     const char *text, struct err *err);
int __real_journal_commit(struct journal *journal, struct err *err);

/* Processes die here, machines do not. */
int fsync(int fd)
{
	(void) fd;
	return 0;
}

int fdatasync(int fd)
{
	(void) fd;
	return 0;
}

/* --- files -------------------------------------------------------------- */

static const char *_path(const char *name, unsigned number)
{
	static char path[2][128];
	static unsigned turn;
	char *out = path[turn++ % 2];

	if (number)
		snprintf(out, sizeof(path[0]), "%s/%s.%u", dir, name, number);
	else
		snprintf(out, sizeof(path[0]), "%s/%s", dir, name);
	return out;
}

/* A file that is not there has no copy either. */
static void _copy(const char *name, unsigned from, unsigned to)
{
	struct err err = ERR_INIT;
	cleanup_buf struct buf text;
	int fd;

	buf_init(&text, FILE_MAX);
	(void) unlink(_path(name, to));
	if (access(_path(name, from), F_OK) < 0)
		return;
	if (path_read(_path(name, from), &text, &err) < 0)
		bail_out("%s", err.text);
	fd = open(_path(name, to), O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, buf_str(&text), text.len) !=
			      (ssize_t) text.len || close(fd) < 0)
		bail_out("a copy of %s", name);
}

static void _rename(const char *name, unsigned from, unsigned to)
{
	(void) unlink(_path(name, to));
	(void) rename(_path(name, from), _path(name, to));
}

static void _remove(unsigned number)
{
	(void) unlink(_path(DB, number));
	(void) unlink(_path(WAL, number));
}

static struct point _point(void)
{
	struct stat db, wal;

	if (stat(_path(DB, 0), &db) < 0 || stat(_path(WAL, 0), &wal) < 0)
		return (struct point) { .wal = -1 };
	return (struct point) { wal.st_size, db.st_mtim };
}

/* What the WAL has more can go: none of it is in the database yet. */
static bool _is_before(const struct point *then, const struct point *now)
{
	return then->wal >= 0 && then->wal < now->wal &&
	       then->db.tv_sec == now->db.tv_sec &&
	       then->db.tv_nsec == now->db.tv_nsec;
}

static void _cut_wal(off_t size)
{
	if (truncate(_path(WAL, 0), size) < 0)
		bail_out("the WAL cannot be cut");
}

/* --- what becomes of it ------------------------------------------------- */

void disk_end(void)
{
	if (!*dir)
		return;
	for (unsigned i = 0; i <= COPIES + 1; i++)
		_remove(i);
	(void) unlink(_path("journal.reserve", 0));
	(void) unlink(_path("lock", 0));
	(void) rmdir(dir);
	*dir = '\0';
}

void disk_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	disk_end();
	snprintf(dir, sizeof(dir), "%.40s/world-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		bail_out("no directory %s", dir);
	point_count = copy_count = 0;
	cycle_count = 0;
	cut = -1;
}

/* Of the numbers, 1 .. COPIES are the copies; the next is what a process
 * leaves that dies. */
void disk_back_up(void)
{
	unsigned number = 1 + copy_count++ % COPIES;

	_copy(DB, 0, number);
	_copy(WAL, 0, number);
}

static void _forgotten(const char *what)
{
	story("disk", "%s", what);
	point_count = 0;
	slurm_jobs_forgive();
	slurm_drains_forgotten();
	vcenter_clones_forgotten();
}

static void _lost(const char *what)
{
	vcenter_offs_forgotten();
	_forgotten(what);
}

static void _lose_commits(void)
{
	struct point now = _point();
	const struct point *then =
		&points[dice(point_count < POINTS ? point_count : POINTS)];

	if (!_is_before(then, &now))
		return;
	_cut_wal(then->wal);
	_lost("the last commits are lost");
}

/* By way of the journal itself. */
static void _damage(const char *node)
{
	struct err err = ERR_INIT;
	struct journal *journal = __real_journal_open(dir, &err);

	if (!journal ||
	    journal_save(journal, node, "v=1 phase=lost", &err) < 0 ||
	    __real_journal_commit(journal, &err) < 0)
		bail_out("%s", err.text);
	__real_journal_close(journal);
	_forgotten("a record is damaged");
}

void disk_suffer(void)
{
	int row = (int) dice(SLURM_NODES);
	unsigned copy;

	if (plan_strikes(FAULT_JOURNAL_LOST)) {
		_remove(0);
		_lost("the journal is lost");
	} else if (plan_strikes(FAULT_JOURNAL_OLD) && copy_count) {
		copy = 1 + (unsigned) dice(copy_count < COPIES ? copy_count
							       : COPIES);
		_copy(DB, copy, 0);
		_copy(WAL, copy, 0);
		_lost("the journal is an older one");
	} else if (plan_strikes(FAULT_COMMITS_LOST) && point_count) {
		_lose_commits();
	} else if (commits && plan_strikes(FAULT_RECORD_DAMAGED)) {
		_damage(slurm_node_name(row));
	}
}

uint64_t disk_commits(void)
{
	return commits;
}

/* --- journal.h ---------------------------------------------------------- */

struct journal *__wrap_journal_open(const char *unused, struct err *err);
void __wrap_journal_close(struct journal *journal);
int __wrap_journal_add_cycle(struct journal *journal, const char *node,
			     int64_t epoch, int64_t job, int64_t ended_us,
			     const char *text, struct err *err);
int __wrap_journal_commit(struct journal *journal, struct err *err);

struct journal *__wrap_journal_open(const char *unused, struct err *err)
{
	(void) unused;
	cycle_count = 0;
	return __real_journal_open(dir, err);
}

/* A process does not come to this before it is dead. */
void __wrap_journal_close(struct journal *journal)
{
	if (!journal)
		return;
	_copy(DB, 0, COPIES + 1);
	(void) unlink(_path(WAL, COPIES + 1));
	(void) link(_path(WAL, 0), _path(WAL, COPIES + 1));
	__real_journal_close(journal);
	_rename(DB, COPIES + 1, 0);
	_rename(WAL, COPIES + 1, 0);
	if (cut >= 0)
		_cut_wal(cut);
	cut = -1;
}

int __wrap_journal_add_cycle(struct journal *journal, const char *node,
			     int64_t epoch, int64_t job, int64_t ended_us,
			     const char *text, struct err *err)
{
	if (cycle_count < CYCLES_MAX) {
		snprintf(cycles[cycle_count].node, sizeof(cycles[0].node),
			 "%s", node);
		cycles[cycle_count++].epoch = (uint64_t) epoch;
	}
	return __real_journal_add_cycle(journal, node, epoch, job, ended_us,
					text, err);
}

/* Killed while SQLite writes: the WAL ends somewhere in the commit. */
static void _die_in_commit(struct journal *journal)
{
	struct point before = _point(), after;

	if (__real_journal_commit(journal, NULL) < 0)
		return;
	after = _point();
	if (_is_before(&before, &after))
		cut = before.wal + (off_t) dice((uint64_t) (after.wal -
							    before.wal) + 1);
	else
		commits++;	/* it is in the database already */
}

static int _commit(struct journal *journal, struct err *err)
{
	if (__real_journal_commit(journal, err) < 0)
		return -1;
	for (size_t i = 0; i < cycle_count; i++)
		audit_recorded(cycles[i].node, cycles[i].epoch);
	cycle_count = 0;
	points[point_count++ % POINTS] = _point();
	commits++;
	return 0;
}

int __wrap_journal_commit(struct journal *journal, struct err *err)
{
	bool lived = process_lives();

	if (!process_passes(BARRIER_BEFORE_COMMIT)) {
		if (lived && dice(2))
			_die_in_commit(journal);
		return 0;
	}
	if (plan_strikes(FAULT_COMMIT_FAILS))
		return err_set(err, ERR_TRANSIENT, "the disk has a bad day");
	if (plan_strikes(FAULT_COMMIT_STALLS))
		agenda_block(dice_us(MS, 8 * S));
	if (_commit(journal, err) < 0)
		return -1;
	(void) process_passes(BARRIER_AFTER_COMMIT);
	return 0;
}
