/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front - the programs that slurmctld starts, the spool they write to (in
 * place of ipc/spool) and the socket they knock at (in place of ipc/server).
 */
#ifndef SCLONE_WORLD_FRONT_H
#define SCLONE_WORLD_FRONT_H

#include <stdint.h>

enum front { FRONT_RESUME, FRONT_SUSPEND, FRONT_RESUME_FAIL };

void front_begin(void);
void front_end(void);

/* slurmctld starts a program for the nodes of the mask. */
void front_program(enum front front, unsigned nodes, unsigned again);

/* PrologSlurmctld for a job: waits for its nodes, whatever scloned does. */
void front_prolog(uint32_t job);

/* sclone VERB NODE, or without a node (-1). */
void front_order(const char *verb, int node);

/* Requests that nobody has taken yet. */
unsigned front_spooled(void);

#endif
