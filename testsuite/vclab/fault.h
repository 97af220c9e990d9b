/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault - a vSphere fault: its type on the wire, a text for people, and the
 * elements inside. Used for SOAP faults, task errors and missing sets.
 */
#ifndef SCLONE_VCLAB_FAULT_H
#define SCLONE_VCLAB_FAULT_H

#include "common/base/buf.h"

struct fault {
	char type[64];		/* "DuplicateName"; "" is no fault */
	char text[256];
	char detail[640];	/* XML elements inside the fault */
};

#define FAULT_NONE { "", "", "" }

/* Set the type and text; detail becomes empty. Always returns -1. */
int fault_set(struct fault *fault, const char *type, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Add <tag>text</tag>, or a reference, to the detail. Always return -1. */
int fault_add(struct fault *fault, const char *tag, const char *text);
int fault_add_ref(struct fault *fault, const char *tag, const char *type,
		  const char *id);

/* Common ones; all return -1. */
int fault_argument(struct fault *fault, const char *property,
		   const char *text);
int fault_gone(struct fault *fault, const char *type, const char *id);
int fault_request(struct fault *fault, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* As LocalizedMethodFault content: <fault ...>, <localizedMessage>. */
void fault_print(const struct fault *fault, struct buf *out);

#endif
