/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suggest - lines for slurm.conf, gres.conf and /etc/hosts that fit
 * sclone.conf and what the sources say of themselves. From facts alone.
 */
#ifndef SCLONE_SCLONE_SUGGEST_H
#define SCLONE_SCLONE_SUGGEST_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "facts.h"

#define SUGGEST_MAX (8 * 1024 * 1024)	/* bytes; 65536 hosts */

/*
 * Append the lines for a Slurm version (2205). -1 and nothing of use in out:
 * CONFIG when the sources of a node set differ in hardware or have a device
 * that no clone can have, NOTFOUND when one has not told its hardware. The
 * text names the source and what to do.
 */
int suggest_slurm_conf(const struct facts *facts, int version,
		       struct buf *out, struct err *err);

/* Clones have no devices: the lines keep slurmd from looking for some. */
void suggest_gres(const struct facts *facts, struct buf *out);

/* "ADDRESS NAME" of each node with a fixed address, and "ADDRESS NAME-NIC" of
 * its further cards that have one. -1 CONFIG: none has. */
int suggest_hosts(const struct facts *facts, struct buf *out,
		  struct err *err);

#endif
