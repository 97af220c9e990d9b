/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ifupdown - see ifupdown.h. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "ifupdown.h"

#define BLANKS " \t"
#define NAME_SIZE 128

/* What was said of one interface so far. */
struct said {
	const char *name;
	bool raised;	/* without being asked */
	bool manual;	/* and then nothing is set */
	bool set;
};

/* A name, or [VARIABLE]/VALUE[/OPTIONS]: one by anything but the name may be
 * any card's. */
static bool _matches(const char *word, const char *name)
{
	char value[NAME_SIZE];

	if (!strchr(word, '/'))
		return strcmp(word, name) == 0;
	if (word[0] != '/')
		return true;
	(void) snprintf(value, sizeof(value), "%.*s",
			(int) strcspn(word + 1, "/"), word + 1);
	return fnmatch(value, name, 0) == 0;
}

/* The rest of an "auto" line: NAME or NAME=LOGICAL, any number of them. */
static void _hear_names(struct said *said, char **rest)
{
	for (char *word = strtok_r(NULL, BLANKS, rest); word;
	     word = strtok_r(NULL, BLANKS, rest)) {
		char *logical = strchr(word, '=');

		if (logical)
			*logical = '\0';
		if (!_matches(word, said->name))
			continue;
		said->raised = true;
		/* Its stanza has another name. */
		said->set |= logical != NULL;
	}
}

/* The rest of an "iface" line: NAME FAMILY METHOD. */
static void _hear_stanza(struct said *said, char **rest)
{
	const char *name = strtok_r(NULL, BLANKS, rest);
	const char *method;

	if (!name || strcmp(name, said->name) != 0)
		return;
	(void) strtok_r(NULL, BLANKS, rest);
	method = strtok_r(NULL, BLANKS, rest);
	if (method && strcmp(method, "manual") == 0)
		said->manual = true;
	else
		said->set = true;
}

static void _hear(struct said *said, char *line)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, BLANKS, &rest);

	if (!verb || verb[0] == '#')
		return;
	if (strcmp(verb, "auto") == 0 || strcmp(verb, "allow-auto") == 0 ||
	    strcmp(verb, "allow-hotplug") == 0)
		_hear_names(said, &rest);
	else if (strcmp(verb, "iface") == 0)
		_hear_stanza(said, &rest);
}

/* A line that ends with a backslash goes on. */
static void _join_lines(char *text)
{
	for (char *at = strstr(text, "\\\n"); at; at = strstr(at, "\\\n"))
		at[0] = at[1] = ' ';
}

bool ifupdown_raises(const char *text, const char *name)
{
	struct said said = { .name = name };
	cleanup_free char *lines = strdup(text);
	char *rest = NULL;

	if (!lines)
		return true;
	_join_lines(lines);
	for (char *line = strtok_r(lines, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		_hear(&said, line);
	return said.raised && (said.set || !said.manual);
}
