/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "notes.h"

#define LIMIT_US (30 * CLOCK_US_PER_S)
#define COLLECT_US (100 * CLOCK_US_PER_MS)
#define PATIENCE_US (2 * CLOCK_US_PER_S)	/* for the job's other VMs */
#define CYCLE_SIZE (OWNER_NODE_SIZE + 24)
#define TEXT_SIZE (NOTES_LISTED * CYCLE_SIZE + 100)

/* A line that is being collected, or written. */
struct note {
	LIST_ENTRY(note) link;
	struct notes *notes;
	uint32_t job;
	int64_t since;
	bool sent;
	bool grows;		/* by other nodes of its job, perhaps */
	size_t cycles;
	char listed[NOTES_LISTED * CYCLE_SIZE];	/* the first ones */
};

struct notes {
	struct slurm_link *link;
	const struct fleet *fleet;
	struct loop_timer *timer;
	bool awake;		/* the timer is set */
	LIST_HEAD(, note) list;
};

static void _free(struct note *note)
{
	LIST_REMOVE(note, link);
	free(note);
}

/* --- writing ------------------------------------------------------------- */

static void _done(const struct json *answer, const struct err *failure,
		  void *arg)
{
	struct note *note = arg;

	(void) answer;
	if (failure)
		log_info("job %u: its VMs are not named in its "
			 "admin_comment: %s", (unsigned) note->job,
			 failure->text);
	_free(note);
}

static void _print(const struct note *note, char *out, size_t size)
{
	snprintf(out, size, "sclone:%s", note->listed);
	if (note->cycles > NOTES_LISTED)
		snprintf(out + strlen(out), size - strlen(out),
			 " and %zu more: sclone receipt show %u",
			 note->cycles - NOTES_LISTED, (unsigned) note->job);
}

static void _send(struct note *note)
{
	struct json *args = json_new_object();
	struct err err = ERR_INIT;
	char text[TEXT_SIZE];

	_print(note, text, sizeof(text));
	note->sent = true;
	if (args) {
		json_put_int(args, "job", note->job);
		json_put_str(args, "text", text);
	}
	if (slurm_link_call(note->notes->link, "admin_comment_append", args,
			    LIMIT_US, _done, note, &err) < 0)
		_done(NULL, &err, note);
}

/* The line of a job that is still being collected, or NULL. */
static struct note *_collected(const struct notes *notes, uint32_t job)
{
	struct note *note;

	LIST_FOREACH(note, &notes->list, link)
		if (note->job == job && !note->sent)
			return note;
	return NULL;
}

/* Some jobs have nodes without a VM, which may get one. */
static void _mark_growing(struct notes *notes)
{
	const struct record *rec;
	struct note *note;
	size_t pos = 0, left = 0;

	LIST_FOREACH(note, &notes->list, link) {
		note->grows = false;
		left += !note->sent;
	}
	while (left && (rec = fleet_next_in(notes->fleet, &pos,
					    PHASE_REQUESTED,
					    PHASE_CLONING)) != NULL) {
		note = _collected(notes, rec->req.job);
		if (!note || note->grows)
			continue;
		note->grows = true;
		left--;
	}
}

static void _wake(struct notes *notes)
{
	if (!notes->awake)
		loop_timer_set(notes->timer, COLLECT_US);
	notes->awake = true;
}

static void _on_timer(void *arg)
{
	struct notes *notes = arg;
	int64_t now = clock_mono_us();
	struct note *note, *next;

	notes->awake = false;
	_mark_growing(notes);
	for (note = LIST_FIRST(&notes->list); note; note = next) {
		next = LIST_NEXT(note, link);
		if (note->sent)
			continue;
		if (note->grows && now - note->since < PATIENCE_US)
			_wake(notes);
		else
			_send(note);
	}
}

/* --- collecting ---------------------------------------------------------- */

static struct note *_note(struct notes *notes, uint32_t job)
{
	struct note *note = _collected(notes, job);

	if (note)
		return note;
	note = calloc(1, sizeof(*note));
	if (!note)
		return NULL;
	note->notes = notes;
	note->job = job;
	note->since = clock_mono_us();
	LIST_INSERT_HEAD(&notes->list, note, link);
	_wake(notes);
	return note;
}

/* Its VM has just been made, or was when this process began. */
static bool _is_new(const struct record *rec, const struct event *ev)
{
	if (ev->kind == EVENT_RESTARTED)
		return rec->phase == PHASE_CLONED ||
		       rec->phase == PHASE_IDENTIFIED;
	return rec->phase == PHASE_CLONED &&
	       rec->at[PHASE_CLONED] == ev->now &&
	       (ev->kind == EVENT_CLONE_DONE || ev->kind == EVENT_LOOKED_UP);
}

/* A job has come onto a VM that is there. */
static bool _is_joined(const struct record *rec, const struct event *ev,
		       const struct outcome *out)
{
	return ev->kind == EVENT_PROLOG && !out->ignored && rec->req.shared &&
	       record_request(rec) == &rec->req &&
	       rec->phase >= PHASE_CLONED;
}

static void _add(struct notes *notes, const struct record *rec, uint32_t job)
{
	struct note *note = job ? _note(notes, job) : NULL;
	size_t len;

	if (!note || note->cycles++ >= NOTES_LISTED)
		return;
	len = strlen(note->listed);
	snprintf(note->listed + len, sizeof(note->listed) - len, " %s/%llu",
		 rec->node, (unsigned long long) rec->epoch);
}

void notes_stepped(struct notes *notes, const struct record *rec,
		   const struct event *ev, const struct outcome *out)
{
	size_t pos = 0;
	uint32_t job;

	if (_is_joined(rec, ev, out))
		_add(notes, rec, ev->job);
	if (!_is_new(rec, ev))
		return;
	_add(notes, rec, rec->req.job);
	while ((job = record_next_sharer(&rec->req, &pos)) != 0)
		_add(notes, rec, job);
}

struct notes *notes_create(struct loop *loop, struct slurm_link *link,
			   const struct fleet *fleet, struct err *err)
{
	struct notes *notes = calloc(1, sizeof(*notes));

	if (!notes) {
		err_nomem(err);
		return NULL;
	}
	notes->link = link;
	notes->fleet = fleet;
	LIST_INIT(&notes->list);
	notes->timer = loop_timer_create(loop, _on_timer, notes, err);
	if (!notes->timer) {
		free(notes);
		return NULL;
	}
	return notes;
}

void notes_destroy(struct notes *notes)
{
	struct note *note;

	if (!notes)
		return;
	while ((note = LIST_FIRST(&notes->list)) != NULL)
		_free(note);
	loop_timer_destroy(notes->timer);
	free(notes);
}
