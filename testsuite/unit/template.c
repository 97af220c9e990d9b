/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feature expressions: which template a job asks for. */
#include <stdlib.h>
#include <string.h>

#include "common/rules/template.h"
#include "tap.h"

static const char *const names[] = { "rocky9", "ubuntu22", "alma-8.9" };

#define ROCKY9 1u
#define UBUNTU22 2u
#define ALMA 4u

/* offered and healthy: masks of names. */
static void _among(uint64_t offered, uint64_t healthy, const char *expr,
		   const char *want)
{
	struct template_choice from = { names, 3, offered, healthy };
	struct err err = ERR_INIT;
	const char *got = "error";
	int choice;

	if (template_choose(expr, &from, &choice, &err) == 0)
		got = choice == TEMPLATE_NONE ? "none" : names[choice];
	else if (err.code != ERR_CONFIG || !*err.text)
		got = "a bad error";
	is_str(got, want, expr ? expr : "(null)");
}

static void _is(const char *expr, const char *want)
{
	_among(TEMPLATE_ALL, TEMPLATE_ALL, expr, want);
}

/* Of alternatives the first healthy one; if none is, the first. */
static void _health(void)
{
	_among(TEMPLATE_ALL, UBUNTU22 | ALMA, "rocky9|ubuntu22", "ubuntu22");
	_among(TEMPLATE_ALL, ALMA, "[rocky9|ubuntu22|alma-8.9]", "alma-8.9");
	_among(TEMPLATE_ALL, ALMA, "rocky9|ubuntu22", "rocky9");
	_among(TEMPLATE_ALL, ALMA, "ubuntu22&big", "ubuntu22");
	_among(TEMPLATE_ALL, 0, "ubuntu22|rocky9", "ubuntu22");
	_among(TEMPLATE_ALL, ALMA, "(rocky9&big)|(alma-8.9&gpu)", "alma-8.9");
	_among(UBUNTU22 | ALMA, ROCKY9 | ALMA, "rocky9|ubuntu22", "ubuntu22");
}

/* What the node cannot become is not taken for just any feature. */
static void _offers(void)
{
	struct template_choice from = { names, 3, ROCKY9 | UBUNTU22,
					TEMPLATE_ALL };
	struct err err = ERR_INIT;
	int choice;

	_among(ROCKY9 | UBUNTU22, TEMPLATE_ALL, "alma-8.9", "error");
	_among(ROCKY9, TEMPLATE_ALL, "alma-8.9|rocky9", "rocky9");
	_among(ROCKY9, TEMPLATE_ALL, "alma-8.9&big|rocky9", "rocky9");
	_among(ROCKY9, TEMPLATE_ALL, "alma-8.9|big", "none");
	_among(ROCKY9, TEMPLATE_ALL, "big", "none");
	(void) template_choose("alma-8.9&big", &from, &choice, &err);
	is_str(err.text, "the template alma-8.9 is not offered; offered: "
	       "rocky9, ubuntu22", "what is asked for, and what there is");
}

static void _allowed(void)
{
	ok(template_allows("rocky9|ubuntu22", names, 3, 1) &&
	   !template_allows("rocky9|ubuntu22", names, 3, 2),
	   "an alternative is allowed, another one is not");
	ok(template_allows("big&rocky9", names, 3, 0) &&
	   !template_allows("big&rocky9", names, 3, 1), "with others, too");
	ok(template_allows("big", names, 3, 2) &&
	   template_allows(NULL, names, 3, 2) &&
	   template_allows("big&", names, 3, 2), "all, if none is named");
	ok(!template_allows("rocky9&", names, 3, 0), "nothing malformed");
	is_int((int) template_named("(alma-8.9&x)|rocky9,rocky9", names, 3),
	       ROCKY9 | ALMA, "those named");
}

static void _hostile(void)
{
	static const char signs[] = "&|[](),*ab9 r";
	const struct template_choice from = { names, 3, 3, 5 };
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
		if (template_choose(text, &from, &choice, NULL) == 0 &&
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
	_is("[rocky9*1|ubuntu22*2]", "error");
	_is("ubuntu22&(rocky9|ubuntu22)", "ubuntu22");
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
	_is("()rocky9", "error");
	_is("()", "none");
	_is("big&(", "none");
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	_is(deep, "none");
	memcpy(deep + 100, "rocky9", 6);
	_is(deep, "error");
	_health();
	_offers();
	_allowed();
	_hostile();
	return done_testing();
}
