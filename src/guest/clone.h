/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clone - what a clone does from the instant it wakes: take the identity,
 * pass the fence, become unlike its siblings, get a network, start slurmd.
 * No socket is opened and no daemon is started before the fence is passed,
 * and it is passed again right before slurmd: what runs between may take
 * longer than the identity lasts.
 */
#ifndef SCLONE_GUEST_CLONE_H
#define SCLONE_GUEST_CLONE_H

#include <stdint.h>

#include "nic.h"
#include "settings.h"

enum clone_result {
	CLONE_READY,	/* slurmd runs */
	CLONE_FAILED,	/* reported in guestinfo.sclone.state; no slurmd */
	CLONE_OFF,	/* powered off, or tried to */
	CLONE_SOURCE,	/* no identity although we asked for the freeze and
			 * it was refused: this is still the source */
};

/*
 * thaw is clock_mono_us() of the moment the freeze returned; refused says
 * that it returned with an error.
 */
enum clone_result clone_run(const struct settings *settings,
			    struct nics *nics, int64_t thaw, bool refused);

#endif
