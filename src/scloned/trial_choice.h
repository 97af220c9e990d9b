/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial_choice - which source and which node an ordered test gets. What it
 * gives is borrowed until the next turn of the loop.
 */
#ifndef SCLONE_SCLONED_TRIAL_CHOICE_H
#define SCLONE_SCLONED_TRIAL_CHOICE_H

#include "common/base/err.h"
#include "common/clone/source.h"

struct daemon;
struct subject;

/* The one that is meant or, of a template, the one that would serve a test
 * best; NULL: it has none. It may not be fit to be cloned. */
const struct source *trial_choice_source(const struct daemon *daemon,
					 const struct subject *subject);

/* A free node that is kept for tests of the template. NULL: CONFIG when none
 * is kept for it, BUSY or REFUSED when none of those is free. err may be set
 * all the same. */
const char *trial_choice_node(const struct daemon *daemon,
			      const char *template_name, struct err *err);

#endif
