/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process - the scloned of the world: the real daemon, all of it, between
 * the world's own loop, journal, executor, Slurm link and sockets. It can
 * die at any barrier, and is started again.
 *
 * A process that dies goes on to the end of its turn without any effect on
 * the world, and is then taken down in order: so nothing leaks, and the
 * journal has exactly what was committed.
 */
#ifndef SCLONE_WORLD_PROCESS_H
#define SCLONE_WORLD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rules/record.h"

enum barrier {
	BARRIER_START,		/* while the parts are made */
	BARRIER_BEFORE_COMMIT,
	BARRIER_AFTER_COMMIT,
	BARRIER_BEFORE_ACT,	/* before a request to vCenter is sent */
	BARRIER_AFTER_ACT,
	BARRIER_BEFORE_EVENT,	/* before vCenter's reply is taken */
	BARRIER_BEFORE_CALL,	/* the same with Slurm */
	BARRIER_AFTER_CALL,
	BARRIER_BEFORE_ANSWER,
	BARRIER_BEFORE_REMOVE,	/* of a spooled request that is committed */
	BARRIER_AFTER_REMOVE,
	BARRIER_TIMER,		/* anywhere else */
	BARRIERS
};

const char *barrier_name(enum barrier barrier);

/* Once for all seeds; -1 with a message. */
int process_prepare(void);
void process_release(void);

/* A new seed: scloned is started soon. */
void process_begin(void);
void process_end(void);

/* At a barrier: false when the process is dead, and dies just here now and
 * then; then nothing of what follows may have an effect. */
bool process_passes(enum barrier barrier);

/* Dead or not, without a chance to die. */
bool process_lives(void);

/* It dies now, whatever it does. */
void process_kill(void);

/* To be called after each thing that happens: buries the dead. */
void process_check(void);

/* Which process it is; never 0. What belongs to another is void. */
unsigned process_number(void);

unsigned process_crashes(void);
uint64_t process_crashes_at(enum barrier barrier);

/* sclone.conf has the node now. */
bool process_lists(const char *node);

/* NULL while no process runs. */
struct daemon *process_daemon(void);
const struct record *process_record(const char *node);

#endif
