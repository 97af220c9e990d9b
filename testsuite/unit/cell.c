/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "scloned/cell.h"
#include "tap.h"

static void _test_sharing(void)
{
	struct record *rec, *same, room;
	const struct record *seen;
	struct cell cell;

	if (record_init(&room, "lab", "vm1", NULL) < 0 ||
	    cell_init(&cell, &room, NULL) < 0)
		bail_out("no record");
	ok(sparse_size(cell.packed) < sizeof(room) / 8,
	   "a record that says little takes little");
	memset(&room, 0xa5, sizeof(room));
	seen = cell_look(&cell, &room);
	ok(seen == &room && !strcmp(seen->node, "vm1") && !*seen->why,
	   "looked at as a copy");

	rec = cell_open(&cell);
	rec->epoch = 7;
	same = cell_open(&cell);
	ok(same == rec, "who works on it at the same time has the same one");
	ok(cell_look(&cell, &room) == rec, "who looks sees it as well");
	memcpy(same->why, "because", 8);
	cell_close(&cell, true);
	ok(cell.record == rec, "it stays while somebody works on it");
	cell_close(&cell, false);
	ok(!cell.record, "and is packed afterwards");
	seen = cell_look(&cell, &room);
	ok(seen->epoch == 7 && !strcmp(seen->why, "because"),
	   "with the changes of both");

	rec = cell_open(&cell);
	rec->epoch = 8;
	cell_close(&cell, false);
	is_int((int64_t) cell_look(&cell, &room)->epoch, 7,
	       "what was not called a change is none");
	cell_open(&cell);
	cell_done(&cell);
}

int main(void)
{
	_test_sharing();
	return done_testing();
}
