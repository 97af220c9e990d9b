/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feature expressions: which template a job asks for. */
#include <stdlib.h>
#include <string.h>

#include "common/rules/template.h"
#include "tap.h"

static const char *const names[] = { "rocky9", "ubuntu22", "alma-8.9" };

static void _is(const char *expr, const char *want)
{
	struct err err = ERR_INIT;
	int choice = 99;
	const char *got = "error";

	if (template_choose(expr, names, 3, &choice, &err) == 0)
		got = choice == TEMPLATE_NONE ? "none" : names[choice];
	else if (err.code != ERR_CONFIG || !*err.text || choice != 99)
		got = "a bad error";
	is_str(got, want, expr ? expr : "(null)");
}

static void _hostile(void)
{
	static const char signs[] = "&|[](),*ab9 r";
	uint64_t random = 7;
	char text[64];
	int choice;

	for (int i = 0; i < 50000; i++) {
		size_t len = 0;

		do {
			random = random * 6364136223846793005u + 1442695u;
			text[len++] = signs[(random >> 33) %
					    (sizeof(signs) - 1)];
		} while (len < sizeof(text) - 1 && random >> 60);
		text[len] = '\0';
		if (template_choose(text, names, 3, &choice, NULL) == 0 &&
		    (choice < TEMPLATE_NONE || choice > 2))
			bail_out("%s gives %d", text, choice);
	}
	ok(true, "50000 random expressions");
}

int main(void)
{
	char deep[200];

	_is(NULL, "none");
	_is("", "none");
	_is("rocky9", "rocky9");
	_is("bigmem", "none");
	_is("ubuntu22&tmpl", "ubuntu22");
	_is("tmpl,ubuntu22", "ubuntu22");
	_is("rocky9|ubuntu22", "rocky9");
	_is("centos|ubuntu22|rocky9", "ubuntu22");
	_is("[alma-8.9|rocky9]", "alma-8.9");
	_is("(bigmem&rocky9)|ubuntu22", "rocky9");
	_is("rocky9*4&bigmem*2", "rocky9");
	_is("[rocky9*2&bigmem]*3", "rocky9");
	_is("rocky9&rocky9", "rocky9");
	_is("rocky9&ubuntu22", "error");
	_is("[rocky9*2&ubuntu22*4]", "error");
	_is("(rocky9|ubuntu22)&alma-8.9", "error");
	_is("rocky", "none");
	_is("rocky99", "none");
	_is("rocky9&", "error");
	_is("|rocky9", "error");
	_is("(rocky9", "error");
	_is("(rocky9]", "error");
	_is("rocky9)", "error");
	_is("rocky9*", "error");
	_is("rocky9*x", "error");
	_is("()", "error");
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	_is(deep, "error");
	_hostile();
	return done_testing();
}
