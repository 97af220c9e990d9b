/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "cell.h"

_Static_assert(sizeof(struct record) % 8 == 0, "see sparse_pack()");

int cell_init(struct cell *cell, const struct record *rec, struct err *err)
{
	*cell = (struct cell) { .packed = sparse_pack(rec, sizeof(*rec)) };
	return cell->packed ? 0 : err_nomem(err);
}

void cell_done(struct cell *cell)
{
	free(steal_ptr(&cell->packed));
	free(steal_ptr(&cell->record));
}

struct record *cell_open(struct cell *cell)
{
	if (!cell->users++ && !cell->record) {
		cell->record = malloc(sizeof(*cell->record));
		if (!cell->record)
			abort();	/* systemd restarts; nothing is lost */
		sparse_unpack(cell->packed, cell->record,
			      sizeof(*cell->record));
	}
	return cell->record;
}

/* Out of memory: it stays as large as it is. */
static void _pack(struct cell *cell)
{
	struct sparse *packed = cell->packed;

	if (cell->changed)
		packed = sparse_pack(cell->record, sizeof(*cell->record));
	if (!packed)
		return;
	if (cell->changed)
		free(cell->packed);
	cell->packed = packed;
	cell->changed = false;
	free(steal_ptr(&cell->record));
}

void cell_close(struct cell *cell, bool changed)
{
	cell->changed |= changed;
	if (!--cell->users)
		_pack(cell);
}

const struct record *cell_look(const struct cell *cell, struct record *room)
{
	if (cell->record)
		return cell->record;
	sparse_unpack(cell->packed, room, sizeof(*room));
	return room;
}
