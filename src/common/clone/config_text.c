/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a configuration as text again, without its secrets. */
#include <strings.h>

#include "common/base/buf.h"
#include "config_own.h"

static bool _is_secret(const char *key)
{
	for (const struct conf_key *known = config_global_keys; known->name;
	     known++)
		if (!strcasecmp(known->name, key))
			return known->secret;
	return false;
}

static void _print_line(const struct conf_line *line, struct buf *out)
{
	for (size_t i = 0; i < line->count; i++)
		if (!_is_secret(line->pairs[i].key))
			buf_printf(out, "%s%s=\"%s\"", i ? " " : "",
				   line->pairs[i].key, line->pairs[i].value);
	buf_putc(out, '\n');
}

int config_text_keep(struct config *config, const struct conf *conf,
		     struct err *err)
{
	cleanup_buf struct buf text;

	buf_init(&text, 2 * CONF_FILE_MAX);
	for (size_t i = 0; i < conf_count(conf); i++)
		_print_line(conf_line(conf, i), &text);
	if (buf_ok(&text, "configuration", err) < 0)
		return -1;
	config->text = buf_steal(&text);
	return config->text ? 0 : err_nomem(err);
}

const char *config_text(const struct config *config)
{
	return config->text;
}
