/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone snapshot - all that scloned decides by, in one file: for whoever is
 * asked for help, and for sclone plan. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/ipc/verbs.h"
#include "snapshot.h"

#define TEXT_MAX (512 * 1024 * 1024)
#define NAME_SIZE 256

/* A page of nodes; *from becomes that of the next page, 0: it was the last. */
static int _take_page(const struct command_options *options, int64_t *from,
		      struct json *nodes)
{
	struct json *request = command_request(VERB_SNAPSHOT);
	cleanup_json struct json *page = NULL;

	if (request)
		json_put_int(request, "from", *from);
	page = command_ask(options, request);
	if (!page)
		return -1;
	*from = command_int(page, "next");
	return json_append_all(nodes, json_get(page, "nodes"));
}

struct json *snapshot_take(const struct command_options *options)
{
	cleanup_json struct json *doc =
		command_ask(options, command_request(VERB_SNAPSHOT));
	struct json *nodes = json_new_array();
	int64_t from = 0;

	if (!doc || !nodes) {
		json_destroy(nodes);
		return NULL;
	}
	do {
		if (_take_page(options, &from, nodes) < 0) {
			json_destroy(nodes);
			return NULL;
		}
	} while (from);
	if (json_put(doc, "nodes", nodes) < 0)
		return NULL;
	return steal_ptr(&doc);
}

/* sclone-snapshot-CLUSTER-20261122T101112Z.json */
static void _name(const struct json *doc, char *name)
{
	const char *cluster = command_str(json_get(doc, "daemon"), "cluster");
	time_t at = (time_t) (command_int(doc, "at") / CLOCK_US_PER_S);
	char text[32];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, NAME_SIZE, "sclone-snapshot-%s-%s.json", cluster,
		 text);
}

int snapshot_command(const struct command_options *options, int argc,
		     char **argv)
{
	cleanup_json struct json *doc = NULL;
	char made_up[NAME_SIZE];
	const char *name = argc ? argv[0] : made_up;
	struct err err = ERR_INIT;
	cleanup_buf struct buf text;

	buf_init(&text, TEXT_MAX);
	if (argc > 1) {
		fprintf(stderr, "usage: sclone snapshot [FILE]\n");
		return COMMAND_CRITICAL;
	}
	doc = snapshot_take(options);
	if (!doc)
		return COMMAND_CRITICAL;
	json_print_pretty(doc, &text);
	buf_putc(&text, '\n');
	_name(doc, made_up);
	if (buf_ok(&text, "snapshot", &err) < 0 ||
	    path_write(name, buf_str(&text), text.len, 0600, &err) < 0)
		return command_fail("snapshot", &err);
	printf("%s: %zu bytes, without secrets; it names users, jobs, nodes "
	       "and paths\n", name, text.len);
	return COMMAND_OK;
}
