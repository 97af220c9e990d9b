/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choose - which template a node becomes: what the job says, in the order
 * features, second argument, extra, else the default of the node's set.
 */
#ifndef SCLONE_SCLONED_CHOOSE_H
#define SCLONE_SCLONED_CHOOSE_H

#include "common/base/err.h"
#include "common/clone/config.h"
#include "resume_file.h"

/*
 * The name, borrowed from the config. job and features may be NULL. NULL and
 * REFUSED when the job asks for several templates at once.
 */
const char *choose_template(const struct config *config,
			    const struct config_node *node,
			    const struct resume_job *job,
			    const char *features, struct err *err);

#endif
