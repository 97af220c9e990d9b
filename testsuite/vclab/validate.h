/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate - holds a request against the schema, as a strict vCenter does:
 * name space, names and order of the elements, how often each stands,
 * xsi:type where the declared type is abstract or any, values of scalars
 * and enumerations, types of references, and nothing newer than the release
 * the client speaks.
 */
#ifndef SCLONE_VCLAB_VALIDATE_H
#define SCLONE_VCLAB_VALIDATE_H

#include <libxml/tree.h>

#include "fault.h"
#include "schema.h"

#define VALIDATE_NS "urn:vim25"

/*
 * Check the method element (its _this is checked to be first and a
 * reference; who it is is the caller's business). Comments are removed and
 * scalar texts joined on the way, so that xn.h can read them. 0, or -1 with
 * an InvalidRequest fault that names the element.
 */
int validate_call(xmlNode *call, const struct schema_method *method,
		  int version, struct fault *fault);

#endif
