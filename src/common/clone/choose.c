/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/rules/template.h"
#include "choose.h"

/* The index in the set of the template the text names; TEMPLATE_NONE. */
static int _from(const struct config *config, const struct config_set *set,
		 const char *text, int *choice, struct err *err)
{
	const char *names[CONFIG_TEMPLATES_MAX];

	for (size_t i = 0; i < set->template_count; i++)
		names[i] = config_template(config, set->templates[i])->name;
	return template_choose(text, names, set->template_count, choice, err);
}

const char *choose_template(const struct config *config,
			    const struct config_node *node,
			    const struct resume_job *job,
			    const char *features,
			    char how[CHOOSE_TEXT_SIZE], struct err *err)
{
	static const char *const names[] = { "features", "argument",
					     "extra" };
	const struct config_set *set = node->set;
	const char *texts[] = { job ? job->features : NULL, features,
				job ? job->extra : NULL };
	int choice = TEMPLATE_NONE;

	for (size_t i = 0; i < 3 && choice == TEMPLATE_NONE; i++) {
		if (!texts[i])
			continue;
		if (_from(config, set, texts[i], &choice, err) < 0)
			return NULL;
		snprintf(how, CHOOSE_TEXT_SIZE, "%s '%s'", names[i],
			 texts[i]);
	}
	if (choice == TEMPLATE_NONE) {
		snprintf(how, CHOOSE_TEXT_SIZE, "default");
		choice = 0;
	}
	return config_template(config, set->templates[choice])->name;
}
