/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault - see fault.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "xw.h"

static int _vset(struct fault *fault, const char *type, const char *fmt,
		 va_list ap) __attribute__((format(printf, 3, 0)));

static int _vset(struct fault *fault, const char *type, const char *fmt,
		 va_list ap)
{
	(void) snprintf(fault->type, sizeof(fault->type), "%s", type);
	(void) vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
	fault->detail[0] = '\0';
	return -1;
}

int fault_set(struct fault *fault, const char *type, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void) _vset(fault, type, fmt, ap);
	va_end(ap);
	return -1;
}

/* Appends the element only if all of it fits. */
static int _append(struct fault *fault, struct buf *element)
{
	size_t used = strlen(fault->detail);

	if (!element->failed &&
	    element->len < sizeof(fault->detail) - used)
		memcpy(fault->detail + used, buf_str(element),
		       element->len + 1);
	buf_free(element);
	return -1;
}

int fault_add(struct fault *fault, const char *tag, const char *text)
{
	struct buf element;

	buf_init(&element, sizeof(fault->detail));
	xw_str(&element, tag, text);
	return _append(fault, &element);
}

int fault_add_ref(struct fault *fault, const char *tag, const char *type,
		  const char *id)
{
	struct buf element;

	buf_init(&element, sizeof(fault->detail));
	xw_ref(&element, tag, type, id);
	return _append(fault, &element);
}

int fault_argument(struct fault *fault, const char *property,
		   const char *text)
{
	(void) fault_set(fault, "InvalidArgument",
			 "A specified parameter was not correct: %s: %s",
			 property, text);
	return fault_add(fault, "invalidProperty", property);
}

int fault_gone(struct fault *fault, const char *type, const char *id)
{
	(void) fault_set(fault, "ManagedObjectNotFound",
			 "The object '%s:%s' has already been deleted or has "
			 "not been completely created", type, id);
	return fault_add_ref(fault, "obj", type, id);
}

int fault_request(struct fault *fault, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void) _vset(fault, "InvalidRequest", fmt, ap);
	va_end(ap);
	return -1;
}

void fault_print(const struct fault *fault, struct buf *out)
{
	xw_open_as(out, "fault", fault->type);
	buf_puts(out, fault->detail);
	xw_close(out, "fault");
	xw_str(out, "localizedMessage", fault->text);
}
