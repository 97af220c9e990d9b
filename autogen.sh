#!/bin/sh
# Make configure and the Makefile templates; needs autoconf and automake.
set -e
cd "$(dirname "$0")"
if ! command -v autoreconf >/dev/null || ! command -v automake >/dev/null
then
	echo "autogen.sh: install autoconf and automake" >&2
	exit 1
fi
mkdir -p build-aux
exec autoreconf --install --warnings=all,no-obsolete
