/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault - what vCenter says went wrong.
 *
 * The type decides, never the message: messages are localised and change.
 * One table maps types to error codes; vSphere Web Services API Reference,
 * "Faults". A type that is not in it counts as TRANSIENT, since new types
 * appear with each release and callers bound their retries.
 */
#ifndef SCLONE_VIM25_FAULT_H
#define SCLONE_VIM25_FAULT_H

#include "common/base/err.h"
#include "moref.h"
#include "xml.h"

#define FAULT_TYPE_SIZE 64
#define FAULT_TEXT_SIZE 256

struct fault {
	char type[FAULT_TYPE_SIZE];	/* "DuplicateName"; "": none */
	char text[FAULT_TEXT_SIZE];	/* the innermost message, may be "" */
	struct moref object;		/* what it is about, if it says so */
};

/* From the Fault element of a SOAP body. type is "" when the detail names
 * none. */
void fault_read_soap(struct fault *fault, const struct xml_node *node);

/* From a LocalizedMethodFault: a task's info.error, a missingSet's fault. */
void fault_read(struct fault *fault, const struct xml_node *node);

/* What the caller of the method that failed does. */
enum err_code fault_code(const char *method, const char *type);

/* "METHOD: TYPE: text" with that code. Always returns -1. */
int fault_error(const struct fault *fault, const char *method,
		struct err *err);

#endif
