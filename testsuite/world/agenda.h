/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agenda - virtual time, and what happens when. Two clocks as in base/clock:
 * monotonic time, by which things happen, and wall time, which can jump.
 */
#ifndef SCLONE_WORLD_AGENDA_H
#define SCLONE_WORLD_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENDA_CHORE_SIZE 1536	/* bytes a chore can carry */

/* Zero it before first use; embedded in what it is about. */
struct agenda_entry {
	int64_t at;
	uint64_t order;		/* of equals */
	size_t place;		/* in the heap; 0: idle */
	void (*fn)(void *arg);
	void *arg;
};

/* Time begins anew; every chore is forgotten. */
void agenda_begin(void);
void agenda_end(void);

/* In so many us from now, in place of a time set before. */
void agenda_set(struct agenda_entry *entry, int64_t delay);
void agenda_stop(struct agenda_entry *entry);

/* Call fn once in so many us with a copy of the data. */
void agenda_after(int64_t delay, void (*fn)(void *data), const void *data,
		  size_t size);

/* The next thing happens; false when there is none. */
bool agenda_next(void);

/* Time passes while somebody blocks; what is due meanwhile comes late. */
void agenda_block(int64_t us);

/* us since the world's beginning. */
int64_t agenda_now(void);

/* Wall time without and with the clock's error. */
int64_t agenda_true_wall(void);
int64_t agenda_wall(void);

/* Let the wall clock be wrong by so much. */
void agenda_set_error(int64_t us);

/* It is wrong, or was so within the last minutes. */
bool agenda_is_confused(void);

#endif
