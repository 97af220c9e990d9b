#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# sclone-guest is copied into templates: it may need the C library and, when
# there was no static archive, json-c; nothing else.
guest=${top_builddir:-../..}/src/guest/sclone-guest

echo 1..2
out=$("$guest" -V) && [ "${out#sclone-guest }" != "$out" ] && echo "ok 1 - runs" ||
	echo "not ok 1 - runs"
more=$(ldd "$guest" | awk '{ print $1 }' | sed 's|.*/||' | grep -vE \
	'^(linux-vdso|libc|ld-linux[-a-z0-9_]*|ld64|libm|libjson-c|lib(a|ub)san|libgcc_s|libstdc[+][+]|librt|libpthread|libdl)\.so')
if [ -z "$more" ]; then
	echo "ok 2 - links libc only"
else
	echo "not ok 2 - links libc only"
	echo "# also: $more"
fi
