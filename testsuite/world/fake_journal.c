/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal in memory, in place of clone/journal; see disk.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clone/journal.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "disk.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"
#include "vcenter.h"

#define ROWS_MAX 16		/* nodes */
#define METAS_MAX 64
#define IDS_MAX 8192
#define CYCLES_MAX 8192
#define KEPT 6			/* the commits a lying disk can lose */
#define COPIES 4

/* A text that states share. */
struct text {
	unsigned users;
	char name[128];
	char value[];
};

/* All that the journal holds at one moment. */
struct state {
	struct text *rows[ROWS_MAX], *metas[METAS_MAX];
	struct text *receipt[1];	/* the newest, named by its number */
	size_t ids, cycles;	/* of the lists below, which only grow */
};

struct cycle {
	char node[32];
	uint64_t epoch;
};

struct journal {
	struct state now;	/* with what is not committed yet */
};

static struct state durable, kept[KEPT], copies[COPIES];
static uint64_t commits;
static unsigned kept_next, copies_next;
static char (*ids)[64];
static struct cycle *cycles;

/* --- states ------------------------------------------------------------- */

static struct text *_text(const char *name, const char *value)
{
	size_t len = strlen(value) + 1;
	struct text *text = malloc(sizeof(*text) + len);

	if (!text)
		abort();
	text->users = 1;
	snprintf(text->name, sizeof(text->name), "%s", name);
	memcpy(text->value, value, len);
	return text;
}

static void _drop(struct text *text)
{
	if (text && !--text->users)
		free(text);
}

static void _clear(struct state *state)
{
	for (int i = 0; i < ROWS_MAX; i++)
		_drop(state->rows[i]);
	for (int i = 0; i < METAS_MAX; i++)
		_drop(state->metas[i]);
	_drop(state->receipt[0]);
	*state = (struct state) { .ids = 0 };
}

static void _copy(struct state *to, const struct state *from)
{
	struct state copy = *from;

	for (int i = 0; i < ROWS_MAX; i++)
		if (copy.rows[i])
			copy.rows[i]->users++;
	for (int i = 0; i < METAS_MAX; i++)
		if (copy.metas[i])
			copy.metas[i]->users++;
	if (copy.receipt[0])
		copy.receipt[0]->users++;
	_clear(to);
	*to = copy;
}

static void _unset(struct text **list, int max, const char *name)
{
	for (int i = 0; i < max; i++) {
		if (!list[i] || strcmp(list[i]->name, name) != 0)
			continue;
		_drop(list[i]);
		list[i] = NULL;
	}
}

static void _set(struct text **list, int max, const char *name,
		 const char *value)
{
	_unset(list, max, name);
	for (int i = 0; i < max; i++) {
		if (list[i])
			continue;
		list[i] = _text(name, value);
		return;
	}
	abort();	/* more names than the world has */
}

/* --- what becomes of it ------------------------------------------------- */

void disk_end(void)
{
	_clear(&durable);
	for (int i = 0; i < KEPT; i++)
		_clear(&kept[i]);
	for (int i = 0; i < COPIES; i++)
		_clear(&copies[i]);
	free(ids);
	free(cycles);
	ids = NULL;
	cycles = NULL;
}

void disk_begin(void)
{
	disk_end();
	ids = calloc(IDS_MAX, sizeof(*ids));
	cycles = calloc(CYCLES_MAX, sizeof(*cycles));
	if (!ids || !cycles)
		abort();
	kept_next = copies_next = 0;
}

void disk_back_up(void)
{
	_copy(&copies[copies_next++ % COPIES], &durable);
}

/* Requests taken later than a state are not known in it. */
static void _restore(const struct state *state)
{
	struct state old = { .ids = 0 };

	_copy(&old, state);
	_copy(&durable, &old);
	_clear(&old);
	vcenter_offs_forgotten();
	slurm_jobs_forgive();
	slurm_drains_forgotten();
	vcenter_clones_forgotten();
}

/* A row of the journal is of something else, as far as one can see. */
static void _damage(int row)
{
	char name[sizeof(durable.rows[row]->name)];

	snprintf(name, sizeof(name), "%s", durable.rows[row]->name);
	story("disk", "the record of %s is damaged", name);
	_set(durable.rows, ROWS_MAX, name, "v=1 phase=lost");
	slurm_drains_forgotten();
	vcenter_clones_forgotten();
}

void disk_suffer(void)
{
	int row = (int) dice(SLURM_NODES);

	static const struct state nothing;

	if (plan_strikes(FAULT_JOURNAL_LOST)) {
		story("disk", "the journal is lost");
		_restore(&nothing);
	} else if (plan_strikes(FAULT_JOURNAL_OLD) && copies_next) {
		story("disk", "the journal is an older one");
		_restore(&copies[dice(copies_next < COPIES ? copies_next
							   : COPIES)]);
	} else if (plan_strikes(FAULT_COMMITS_LOST) && kept_next) {
		story("disk", "the last commits are lost");
		_restore(&kept[dice(kept_next < KEPT ? kept_next : KEPT)]);
	} else if (durable.rows[row] && plan_strikes(FAULT_RECORD_DAMAGED)) {
		_damage(row);
	}
}

uint64_t disk_commits(void)
{
	return commits;
}

/* --- journal.h ---------------------------------------------------------- */

struct journal *journal_open(const char *dir, struct err *err)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	(void) dir;
	if (!journal)
		err_nomem(err);
	else
		_copy(&journal->now, &durable);
	return journal;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	_clear(&journal->now);
	free(journal);
}

int journal_load(struct journal *journal,
		 int (*each)(const char *node, const char *text, void *arg,
			     struct err *err),
		 void *arg, struct err *err)
{
	for (int i = 0; i < ROWS_MAX; i++) {
		const struct text *row = journal->now.rows[i];

		if (row && each(row->name, row->value, arg, err) < 0)
			return -1;
	}
	return 0;
}

int journal_save(struct journal *journal, const char *node, const char *text,
		 struct err *err)
{
	(void) err;
	_set(journal->now.rows, ROWS_MAX, node, text);
	return 0;
}

int journal_forget(struct journal *journal, const char *node,
		   struct err *err)
{
	(void) err;
	_unset(journal->now.rows, ROWS_MAX, node);
	return 0;
}

int journal_forget_meta(struct journal *journal, const char *name,
			struct err *err)
{
	(void) err;
	_unset(journal->now.metas, METAS_MAX, name);
	return 0;
}

int journal_take_request(struct journal *journal, const char *id,
			 int64_t wall_us, struct err *err)
{
	struct state *now = &journal->now;

	(void) wall_us;
	for (size_t i = now->ids; i > 0; i--)
		if (!strcmp(ids[i - 1], id))
			return 0;
	if (now->ids == IDS_MAX)
		return err_set(err, ERR_FATAL, "the world's journal is full");
	if (process_lives())
		snprintf(ids[now->ids++], sizeof(*ids), "%s", id);
	return 1;
}

int journal_add_cycle(struct journal *journal, const char *node,
		      int64_t epoch, int64_t job, int64_t ended_us,
		      const char *text, struct err *err)
{
	struct cycle *cycle = &cycles[journal->now.cycles];

	(void) job;
	(void) ended_us;
	(void) text;
	if (journal->now.cycles == CYCLES_MAX)
		return err_set(err, ERR_FATAL, "the world's journal is full");
	if (!process_lives())
		return 0;
	snprintf(cycle->node, sizeof(cycle->node), "%s", node);
	cycle->epoch = (uint64_t) epoch;
	journal->now.cycles++;
	return 0;
}

int journal_history(struct journal *journal, const char *node, int64_t job,
		    size_t limit,
		    int (*each)(const char *text, void *arg, struct err *err),
		    void *arg, struct err *err)
{
	(void) journal;
	(void) node;
	(void) job;
	(void) limit;
	(void) each;
	(void) arg;
	(void) err;
	return 0;
}

int journal_prune(struct journal *journal, int64_t before_us,
		  struct err *err)
{
	(void) journal;
	(void) before_us;
	(void) err;
	return 0;
}

int journal_add_receipt(struct journal *journal,
			const struct journal_receipt *receipt,
			struct err *err)
{
	char number[24];

	(void) err;
	snprintf(number, sizeof(number), "%lld", (long long) receipt->seq);
	_drop(journal->now.receipt[0]);
	journal->now.receipt[0] = _text(number, receipt->text);
	return 0;
}

/* Only the newest one is known, and only it is asked for by a new process. */
int journal_receipts(struct journal *journal,
		     const struct journal_receipts *wanted,
		     int (*each)(const struct journal_receipt *receipt,
				 void *arg, struct err *err),
		     void *arg, struct err *err)
{
	const struct text *text = journal->now.receipt[0];
	struct journal_receipt receipt = { .node = "" };

	if (!wanted->newest || !text)
		return 0;
	receipt.seq = atoll(text->name);
	receipt.text = text->value;
	return each(&receipt, arg, err) < 0 ? -1 : 0;
}

int journal_drop_receipts(struct journal *journal, int64_t through,
			  struct err *err)
{
	(void) journal;
	(void) through;
	(void) err;
	return 0;
}

int journal_get_meta(struct journal *journal, const char *name, char **out,
		     struct err *err)
{
	*out = NULL;
	for (int i = 0; i < METAS_MAX; i++) {
		const struct text *meta = journal->now.metas[i];

		if (!meta || strcmp(meta->name, name) != 0)
			continue;
		*out = strdup(meta->value);
		return *out ? 0 : err_nomem(err);
	}
	return 0;
}

int journal_set_meta(struct journal *journal, const char *name,
		     const char *value, struct err *err)
{
	(void) err;
	_set(journal->now.metas, METAS_MAX, name, value);
	return 0;
}

int journal_each_meta(struct journal *journal, const char *prefix,
		      int (*each)(const char *name, const char *value,
				  void *arg, struct err *err),
		      void *arg, struct err *err)
{
	for (int i = 0; i < METAS_MAX; i++) {
		const struct text *meta = journal->now.metas[i];

		if (meta && !strncmp(meta->name, prefix, strlen(prefix)) &&
		    each(meta->name, meta->value, arg, err) < 0)
			return -1;
	}
	return 0;
}

static void _commit(const struct journal *journal)
{
	for (size_t i = durable.cycles; i < journal->now.cycles; i++)
		audit_recorded(cycles[i].node, cycles[i].epoch);
	_copy(&kept[kept_next++ % KEPT], &durable);
	_copy(&durable, &journal->now);
	commits++;
}

int journal_commit(struct journal *journal, struct err *err)
{
	if (!process_passes(BARRIER_BEFORE_COMMIT))
		return 0;
	if (plan_strikes(FAULT_COMMIT_FAILS))
		return err_set(err, ERR_TRANSIENT, "the disk has a bad day");
	if (plan_strikes(FAULT_COMMIT_STALLS))
		agenda_block(dice_us(MS, 8 * S));
	_commit(journal);
	(void) process_passes(BARRIER_AFTER_COMMIT);
	return 0;
}

bool journal_is_new(const struct journal *journal)
{
	for (int i = 0; i < ROWS_MAX; i++)
		if (journal->now.rows[i])
			return false;
	return true;
}

bool journal_is_low(const struct journal *journal)
{
	(void) journal;
	return false;
}

int journal_restore_reserve(struct journal *journal, struct err *err)
{
	(void) journal;
	(void) err;
	return 0;
}
