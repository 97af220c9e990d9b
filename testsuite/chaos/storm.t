#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
exec "${0%/*}/kill" storm --count 20
