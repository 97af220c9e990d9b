/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "times.h"

/* A list of pointers into one record. */
struct times {
	int64_t *list[PHASES + 24];
	size_t count;
};

static void _put(struct times *times, int64_t *time)
{
	times->list[times->count++] = time;
}

/* What has happened. */
static void _list_past(struct record *rec, struct times *past)
{
	for (int i = 0; i < PHASES; i++)
		_put(past, &rec->at[i]);
	_put(past, &rec->req.asked);
	_put(past, &rec->next.asked);
	_put(past, &rec->tell_since);
	_put(past, &rec->intruder_since);
	_put(past, &rec->prolog_asked);
	_put(past, &rec->stepped_at);
	_put(past, &rec->looked_at);
	_put(past, &rec->view.seen);
	_put(past, &rec->view.got);
}

/* What is still to come. */
static void _list_future(struct record *rec, struct times *future)
{
	_put(future, &rec->req.deadline);
	_put(future, &rec->req.not_before);
	_put(future, &rec->next.deadline);
	_put(future, &rec->next.not_before);
	_put(future, &rec->free_by);
	_put(future, &rec->vm_not_before);
	_put(future, &rec->slurm_not_before);
	/* What an act in Slurm is for, if that is a time. */
	if (rec->slurm_busy != ACTION_SLURM_REQUEUE &&
	    rec->slurm_busy != ACTION_SLURM_KILL)
		_put(future, &rec->slurm_token);
}

static void _move(const struct times *times, int64_t back)
{
	for (size_t i = 0; i < times->count; i++)
		if (*times->list[i] > back)
			*times->list[i] -= back;
}

void times_follow(struct record *rec, int64_t now)
{
	struct times past = { .count = 0 }, future = { .count = 0 };
	int64_t latest = 0;

	_list_past(rec, &past);
	for (size_t i = 0; i < past.count; i++)
		if (*past.list[i] > latest)
			latest = *past.list[i];
	if (latest > now) {
		_list_future(rec, &future);
		_move(&past, latest - now);
		_move(&future, latest - now);
		rec->req.guessed = rec->req.used;
		rec->next.guessed = rec->next.used;
	}
	rec->stepped_at = now;
}
