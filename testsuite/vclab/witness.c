/* SPDX-License-Identifier: GPL-2.0-or-later */
/* witness - see witness.h. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <errno.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "witness.h"

#define LINE_MAX_BYTES (4u << 20)

struct witness {
	int fd;
	struct buf line;
};

struct witness *witness_create(const char *path, struct err *err)
{
	struct witness *witness = calloc(1, sizeof(*witness));

	if (!witness) {
		(void) err_nomem(err);
		return NULL;
	}
	buf_init(&witness->line, LINE_MAX_BYTES);
	witness->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			   0644);
	if (witness->fd < 0) {
		(void) err_errno(err, ERR_FATAL, errno, "%s", path);
		free(witness);
		return NULL;
	}
	return witness;
}

void witness_destroy(struct witness *witness)
{
	if (!witness)
		return;
	(void) close(witness->fd);
	buf_free(&witness->line);
	free(witness);
}

void witness_note(struct witness *witness, const char *event, ...)
{
	struct json *json = json_new_object();
	const char *name;
	va_list ap;

	(void) json_put_int(json, "time", clock_wall_us());
	(void) json_put_str(json, "event", event);
	va_start(ap, event);
	while ((name = va_arg(ap, const char *)) != NULL) {
		const char *text = va_arg(ap, const char *);

		if (text)
			(void) json_put_str(json, name, text);
	}
	va_end(ap);
	buf_reset(&witness->line);
	json_print(json, &witness->line);
	buf_putc(&witness->line, '\n');
	if (write(witness->fd, buf_str(&witness->line), witness->line.len) !=
	    (ssize_t) witness->line.len)
		log_error("vclab: the witness log cannot be written");
	json_destroy(json);
}
