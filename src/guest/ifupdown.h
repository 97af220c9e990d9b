/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ifupdown - what Debian's interfaces(5) says of a card, as far as it must be
 * known before a freeze. Pure: text in, a verdict out.
 */
#ifndef SCLONE_GUEST_IFUPDOWN_H
#define SCLONE_GUEST_IFUPDOWN_H

#include <stdbool.h>

/*
 * Whether ifupdown sets the interface up without being asked: an "auto" or
 * "allow-hotplug" line names it, or has a pattern that may, and its "iface"
 * stanzas are not all "manual". text is that of all files, one after the
 * other; what "source" names is for the caller to add. Out of memory: true.
 */
bool ifupdown_raises(const char *text, const char *name);

#endif
