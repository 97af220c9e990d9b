/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choose - which template a node becomes: what the job says, in the order
 * features, second argument, extra, else the default of the node's set.
 */
#ifndef SCLONE_CLONE_CHOOSE_H
#define SCLONE_CLONE_CHOOSE_H

#include "common/base/err.h"
#include "common/ipc/resume_file.h"
#include "config.h"

#define CHOOSE_TEXT_SIZE 100

/*
 * The name, borrowed from the config, and to how what named it, for people:
 * "features 'rocky9&big'", "default". job and features may be NULL. NULL and
 * REFUSED when the job asks for several templates at once.
 */
const char *choose_template(const struct config *config,
			    const struct config_node *node,
			    const struct resume_job *job,
			    const char *features,
			    char how[CHOOSE_TEXT_SIZE], struct err *err);

#endif
