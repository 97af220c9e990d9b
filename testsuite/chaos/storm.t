#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
[ -z "${SCLONE_LONG-}" ] || exec "${0%/*}/kill" storm --count 220
exec "${0%/*}/kill" storm --count 20
