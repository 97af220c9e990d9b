/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - /lab: faults, changes behind the clients' back, statistics.
 * README.md lists the calls.
 */
#ifndef SCLONE_VCLAB_CONTROL_H
#define SCLONE_VCLAB_CONTROL_H

#include <stddef.h>

struct conn;
struct lab;

/* Serve a request on path ("/lab/..."); answers through conn at once. */
void control_serve(struct lab *lab, struct conn *conn, const char *method,
		   const char *path, const char *body, size_t len);

#endif
