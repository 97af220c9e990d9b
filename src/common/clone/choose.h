/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choose - which template a node becomes: what the job says, in the order
 * features, second argument, extra, else the default of the node's set; and
 * whether a node became what its job asks for.
 *
 * Nothing that slurmctld let pass is taken for granted: job_submit/sclone may
 * be missing, or know another sclone.conf.
 */
#ifndef SCLONE_CLONE_CHOOSE_H
#define SCLONE_CLONE_CHOOSE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/ipc/resume_file.h"
#include "common/rules/failure.h"
#include "common/rules/place.h"
#include "config.h"

#define CHOOSE_TEXT_SIZE 100

/*
 * The name, borrowed from the config, and to how what named it, for people:
 * "features 'rocky9&big'", "default". job and argument may be NULL; healthy is
 * a mask of the config's templates: of alternatives the first healthy one is
 * taken. NULL and CONFIG, for the user: the job asks for several at once, or
 * for one that the node's set does not offer.
 */
const char *choose_template(const struct config *config,
			    const struct config_node *node,
			    const struct resume_job *job,
			    const char *argument, uint64_t healthy,
			    char how[CHOOSE_TEXT_SIZE], struct err *err);

/* What its node becomes if nothing is said. Borrowed from the config. */
const char *choose_default(const struct config *config,
			   const struct config_node *node);

/* The config's templates of which one of the places can be cloned from: a
 * mask, for choose_template(). */
uint64_t choose_healthy(const struct config *config,
			const struct place_source *places, size_t count,
			int64_t now);

/* What slurmctld tells a job's prolog; each may be NULL. */
struct choose_prolog {
	const char *features;
	const char *option;	/* --template of spank/sclone */
};

/*
 * Why a job must not run on a node that was asked for as that template:
 * TEMPLATE or IMAGE, and the text for the user; NONE when it may. shared: the
 * VM is for other jobs, too, and another one would be the same.
 */
enum cause choose_misfit(const struct config *config,
			 const char *template_name, bool shared,
			 const struct choose_prolog *prolog, struct err *why);

#endif
