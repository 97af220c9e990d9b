/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot - see boot.h. */
#include <string.h>

#include "boot.h"

bool boot_is_used(const char *value)
{
	return strncmp(value, "used", 4) == 0;
}

enum boot_verdict boot_decide(enum tools_answer answer)
{
	switch (answer) {
	case TOOLS_ABSENT:
		return BOOT_FREEZE;
	case TOOLS_NO_ANSWER:
		return BOOT_AGAIN;
	case TOOLS_VALUE:
		break;
	}
	/* Taken or not, an identity at boot is that of a clone which was
	 * reset: the fork it belongs to is gone. */
	return BOOT_POWER_OFF;
}

enum boot_verdict boot_thawed(enum tools_answer answer, const char *value)
{
	switch (answer) {
	case TOOLS_VALUE:
		return boot_is_used(value) ? BOOT_POWER_OFF : BOOT_IDENTITY;
	case TOOLS_NO_ANSWER:
		return BOOT_AGAIN;
	case TOOLS_ABSENT:
		break;
	}
	/* Somebody's clone, but no identity of ours: it has no name. */
	return BOOT_POWER_OFF;
}
