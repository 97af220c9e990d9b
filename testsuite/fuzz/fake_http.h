/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_http - stands in for vim25/http.c: keeps requests and answers them
 * with what the target says, without a network. It must be linked before
 * libvim25.a.
 */
#ifndef SCLONE_FUZZ_FAKE_HTTP_H
#define SCLONE_FUZZ_FAKE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct http;

/* The oldest request that waits: *body as it was sent, NULL for a GET. False
 * when none waits. */
bool fake_http_next(const char **body);

/* Answer it. Its callback may make and cancel others. */
void fake_http_answer(const char *reply, size_t len);

#endif
