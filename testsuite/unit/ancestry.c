/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of today and of the past: known for ever. */
#include "common/clone/ancestry.h"
#include "tap.h"

#define UUID1 "01234567-89ab-cdef-0123-456789abcde1"
#define UUID2 "01234567-89ab-cdef-0123-456789abcde2"

int main(void)
{
	struct ancestry *ancestry = ancestry_create();
	struct err err = ERR_INIT;

	if (!ancestry)
		bail_out("out of memory");
	is_int(ancestry_add(ancestry, "vm-1", UUID1, &err), 1, "a source");
	is_int(ancestry_add(ancestry, "vm-1", UUID1, &err), 0, "again");
	is_int(ancestry_add(ancestry, "vm-2", UUID2, &err), 1, "another");
	is_int(ancestry_add(ancestry, "vm-3", UUID1, &err), 1,
	       "the first one, registered anew");
	is_int(ancestry_add(ancestry, "", UUID1, &err), -1, "without id");
	ok(table_get(ancestry_vms(ancestry), "vm-1") &&
	   table_get(ancestry_vms(ancestry), "vm-3") &&
	   table_get(ancestry_uuids(ancestry), UUID2), "all are known");
	ok(!table_get(ancestry_vms(ancestry), "vm-9") &&
	   !table_get(ancestry_uuids(ancestry), "vm-1"), "others are not");
	ancestry_destroy(ancestry);
	ancestry_destroy(NULL);
	return done_testing();
}
