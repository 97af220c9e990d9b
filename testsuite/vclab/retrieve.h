/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * retrieve - PropertyCollector's reading calls, with real pages: an answer
 * of at most maxObjects and a token for the rest.
 */
#ifndef SCLONE_VCLAB_RETRIEVE_H
#define SCLONE_VCLAB_RETRIEVE_H

struct call;
struct retrieval;

int retrieve_ex(struct call *call);
int retrieve_continue(struct call *call);
int retrieve_cancel(struct call *call);
int retrieve_old(struct call *call);

void retrieve_free(struct retrieval *retrieval);

#endif
