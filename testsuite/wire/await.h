/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * await - run a loop until something has happened, but not for ever.
 */
#ifndef SCLONE_TESTSUITE_AWAIT_H
#define SCLONE_TESTSUITE_AWAIT_H

#include "common/base/loop.h"

/* Turn the loop until *count >= want; ends the test program after 30 s. */
void await(struct loop *loop, const unsigned *count, unsigned want);

/* Turn the loop for that long, to see that nothing more happens. */
void await_quiet(struct loop *loop, unsigned ms);

#endif
