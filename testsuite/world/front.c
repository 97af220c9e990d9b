/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/ipc/spool.h"
#include "agenda.h"
#include "dice.h"
#include "front.h"
#include "plan.h"
#include "process.h"
#include "fake_server.h"
#include "slurm.h"
#include "story.h"

#define FILES_MAX 64
#define ROOM 64

/* A front end that has started. */
struct program {
	enum front front;
	int64_t wall;
	uint64_t number;
	unsigned mask;
	char nodes[ROOM];
	char json[256];
};

static struct program files[FILES_MAX];	/* the spool, oldest first */
static unsigned file_count;
static uint64_t numbers;

void front_begin(void)
{
	file_count = 0;
	numbers = 0;
	server_begin();
}

unsigned front_spooled(void)
{
	return file_count;
}

/* --- the programs ------------------------------------------------------- */

static void _list_nodes(unsigned mask, char *out)
{
	size_t len = 0;

	*out = '\0';
	for (int i = 0; i < SLURM_NODES; i++)
		if (mask & 1u << i)
			len += (size_t) snprintf(out + len, ROOM - len,
						 "%s%s", len ? "," : "",
						 slurm_node_name(i));
}

/* As 22.05 writes SLURM_RESUME_FILE. */
static void _tell_jobs(unsigned mask, char *out, size_t size)
{
	size_t len = (size_t) snprintf(out, size, "{\"jobs\":[");
	bool first = true;

	for (int i = 0; i < SLURM_NODES; i++) {
		const struct slurm_job *job = slurm_job_on(i, 0);

		if (!(mask & 1u << i) || !job)
			continue;
		len += (size_t) snprintf(out + len, size - len,
					 "%s{\"job_id\":%u,\"nodes\":\"%s\"}",
					 first ? "" : ",", job->id,
					 slurm_node_name(i));
		first = false;
	}
	snprintf(out + len, size - len, "]}");
}

/* The file is there: the program has ended, and nudges. */
static void _spool(void *data)
{
	const struct program *program = data;

	if (file_count == FILES_MAX)
		return;
	files[file_count++] = *program;
	for (int i = 0; program->front == FRONT_SUSPEND && i < SLURM_NODES;
	     i++)
		if (program->mask & 1u << i)
			server_drop_claim(i, program->wall);
	server_order("nudge", NULL);
}

void front_program(enum front front, unsigned nodes, unsigned again)
{
	struct program program = { .front = front, .wall = agenda_wall(),
				   .number = ++numbers, .mask = nodes };
	int64_t slow = 0;

	if (plan_strikes(FAULT_PROGRAM_SLOW))
		slow = dice_us(0, dice(2) ? 5 * S : 90 * S);

	_list_nodes(nodes, program.nodes);
	if (front == FRONT_RESUME && !plan_strikes(FAULT_NO_JSON))
		_tell_jobs(nodes, program.json, sizeof(program.json));
	if (plan_strikes(FAULT_PROGRAM_DIES)) {
		story("slurm", "a program for %s dies", program.nodes);
		return;
	}
	agenda_after(slow + dice_us(5 * MS, 50 * MS), _spool, &program,
		     sizeof(program));
	if (!again && plan_strikes(FAULT_PROGRAM_TWICE))
		front_program(front, nodes, again + 1);
}

/* --- ipc/spool.h -------------------------------------------------------- */

int spool_prepare(const char *dir, struct err *err)
{
	(void) dir;
	(void) err;
	return 0;
}

static void _print_id(const struct program *program, char *out)
{
	snprintf(out, REQUEST_ID_SIZE, "%016llx-0000001-%016llx",
		 (unsigned long long) program->wall,
		 (unsigned long long) program->number);
}

int spool_list(const char *dir, struct spool_list *list, struct err *err)
{
	(void) dir;
	list->count = file_count;
	list->ids = calloc(FILES_MAX, sizeof(*list->ids));
	if (!list->ids)
		return err_nomem(err);
	for (unsigned i = 0; i < file_count; i++)
		_print_id(&files[i], list->ids[i]);
	return 0;
}

void spool_list_clear(struct spool_list *list)
{
	free(list->ids);
}

static int _find(const char *id)
{
	char text[REQUEST_ID_SIZE];

	for (unsigned i = 0; i < file_count; i++) {
		_print_id(&files[i], text);
		if (!strcmp(text, id))
			return (int) i;
	}
	return -1;
}

struct request *spool_read(const char *dir, const char *id, struct err *err)
{
	static const enum request_kind kinds[] = {
		REQUEST_RESUME, REQUEST_SUSPEND, REQUEST_RESUME_FAIL
	};
	struct request *request = calloc(1, sizeof(*request));
	int i = _find(id);

	(void) dir;
	if (!request)
		abort();
	if (i < 0) {
		free(request);
		err_set(err, ERR_NOTFOUND, "%s is gone", id);
		return NULL;
	}
	snprintf(request->id, sizeof(request->id), "%s", id);
	request->kind = kinds[files[i].front];
	request->time_us = files[i].wall;
	request->nodes = strdup(files[i].nodes);
	if (*files[i].json)
		request->resume = strdup(files[i].json);
	return request;
}

int spool_remove(const char *dir, const char *id, struct err *err)
{
	int i = _find(id);

	(void) dir;
	(void) err;
	if (!process_passes(BARRIER_BEFORE_REMOVE) || i < 0)
		return 0;
	file_count--;
	memmove(&files[i], &files[i + 1],
		(file_count - (unsigned) i) * sizeof(files[0]));
	(void) process_passes(BARRIER_AFTER_REMOVE);
	return 0;
}
