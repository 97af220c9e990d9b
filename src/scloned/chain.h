/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chain - runs the site's other resume and suspend programs for nodes that
 * are not in sclone.conf, the way slurmctld would: same arguments, same
 * environment. How they end is only logged by the caller.
 */
#ifndef SCLONE_SCLONED_CHAIN_H
#define SCLONE_SCLONED_CHAIN_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/loop.h"

#define CHAIN_MAX 32	/* programs at one time */

struct chain;

/* told is called when a program ended badly. NULL: out of memory. */
struct chain *chain_create(struct loop *loop, const char *slurm_conf,
			   void (*told)(const char *program, const char *how,
					void *arg),
			   void *arg);

/* Leaves running programs alone. Accepts NULL. */
void chain_destroy(struct chain *chain);

/*
 * Start PROGRAM NODES [FEATURES], with SLURM_CONF and, when resume is not
 * NULL, SLURM_RESUME_FILE naming a file with that text, there until the
 * program ends. BUSY: too many run; FATAL.
 */
int chain_run(struct chain *chain, const char *program, const char *nodes,
	      const char *features, const char *resume, struct err *err);

#endif
