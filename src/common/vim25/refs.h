/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refs - a set of object references that wait to be told to the server, in
 * order, and the part of it that is being told.
 *
 * Adding, taking and asking take the same time however many there are: after
 * a restart there are as many as nodes.
 */
#ifndef SCLONE_VIM25_REFS_H
#define SCLONE_VIM25_REFS_H

#include "moref.h"

struct refs;

/* At most max wait. NULL when out of memory. */
struct refs *refs_create(size_t max);

/* Accepts NULL. */
void refs_destroy(struct refs *refs);

/* -1: BUSY when full, FATAL. One that waits already goes on waiting. */
int refs_add(struct refs *refs, const struct moref *ref, struct err *err);

/* The reference waits no more; false when it did not, as when it is being
 * told. */
bool refs_take(struct refs *refs, const struct moref *ref);

size_t refs_waiting(const struct refs *refs);

/* Some reference waits in both. */
bool refs_meet(const struct refs *a, const struct refs *b);

/* The first of those that wait, at most max, are being told from now on, and
 * none was before. FATAL when out of memory. */
int refs_tell(struct refs *refs, size_t max, struct err *err);

/* Those being told; borrowed until they have arrived or not. */
const struct moref *refs_told(const struct refs *refs, size_t *count);

/* They have arrived; they have not, and wait again. */
void refs_arrived(struct refs *refs);
void refs_return(struct refs *refs);

/* Nothing waits, nothing is being told. */
void refs_clear(struct refs *refs);

#endif
