/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/rules/template.h"
#include "choose.h"

#define LIST_SIZE 320	/* of names in a message */

struct names {
	const char *list[CONFIG_TEMPLATES_MAX];
	size_t count;
};

static void _names(const struct config *config, struct names *names)
{
	names->count = config_template_count(config);
	for (size_t i = 0; i < names->count; i++)
		names->list[i] = config_template(config, i)->name;
}

static int _unknown(const struct names *names, uint64_t offered,
		    const char *option, const char *name, struct err *err)
{
	char list[LIST_SIZE];

	template_names(names->list, names->count, offered, list, sizeof(list));
	return err_set(err, ERR_CONFIG, "%s=%s: there is no such template; "
		       "there are: %s", option, name, list);
}

/* What was chosen before stays. */
static int _features(const char *by, const char *text,
		     const struct template_choice *from, int *choice,
		     char how[CHOOSE_TEXT_SIZE], struct err *err)
{
	if (!text || *choice != TEMPLATE_NONE)
		return 0;
	if (template_choose(text, from, choice, err) < 0)
		return -1;
	if (*choice != TEMPLATE_NONE)
		snprintf(how, CHOOSE_TEXT_SIZE, "%s '%s'", by, text);
	return 0;
}

/* --extra must not contradict what the features say; it may choose from
 * their alternatives. */
static int _extra(const struct config *config, const struct names *names,
		  const struct template_choice *from,
		  const struct resume_job *job, int *choice,
		  char how[CHOOSE_TEXT_SIZE], struct err *err)
{
	char name[TEMPLATE_NAME_SIZE];
	int index;

	template_of_extra(job ? job->extra : NULL, name);
	if (!*name)
		return 0;
	index = config_template_index(config, name);
	if (index < 0 || !(from->offered & UINT64_C(1) << index))
		return _unknown(names, from->offered, "--extra", name, err);
	if (!template_allows(job->features, names->list, names->count,
			     (size_t) index))
		return err_set(err, ERR_CONFIG, "--extra=%s contradicts "
			       "--constraint, which names %s", name,
			       names->list[*choice]);
	*choice = index;
	snprintf(how, CHOOSE_TEXT_SIZE, "extra '%s'", job->extra);
	return 0;
}

const char *choose_default(const struct config *config,
			   const struct config_node *node)
{
	return config_template(config, node->set->templates[0])->name;
}

const char *choose_template(const struct config *config,
			    const struct config_node *node,
			    const struct resume_job *job,
			    const char *argument, uint64_t healthy,
			    char how[CHOOSE_TEXT_SIZE], struct err *err)
{
	const struct config_set *set = node->set;
	int choice = TEMPLATE_NONE;
	struct names names;
	struct template_choice from = {
		.names = names.list,
		.offered = config_set_offers(set),
		.healthy = healthy,
	};

	_names(config, &names);
	from.count = names.count;
	snprintf(how, CHOOSE_TEXT_SIZE, "default");
	if (_features("features", job ? job->features : NULL, &from, &choice,
		      how, err) < 0 ||
	    _features("argument", argument, &from, &choice, how, err) < 0 ||
	    _extra(config, &names, &from, job, &choice, how, err) < 0)
		return NULL;
	return choice == TEMPLATE_NONE ? choose_default(config, node)
				       : names.list[choice];
}

uint64_t choose_healthy(const struct config *config,
			const struct place_source *places, size_t count,
			int64_t now)
{
	uint64_t mask = 0;

	for (size_t t = 0; t < config_template_count(config); t++)
		if (place_healthy(places, count,
				  config_template(config, t)->name, now))
			mask |= UINT64_C(1) << t;
	return mask;
}

/* Without job_submit/sclone nobody has made a feature of the option, so that
 * sclone could not know of it when the node was asked for. */
static enum cause _unheard(const struct names *names, const char *option,
			   const char *template_name, struct err *why)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->list[i], option))
			continue;
		err_set(why, ERR_REFUSED, "--template=%s came too late, since "
			"slurmctld has no job_submit/sclone: the node is "
			"%s; use --constraint=%s", option, template_name,
			option);
		return CAUSE_TEMPLATE;
	}
	(void) _unknown(names, TEMPLATE_ALL, "--template", option, why);
	return CAUSE_TEMPLATE;
}

static enum cause _no_choice(const char *template_name, const char *asked,
			     struct err *why)
{
	err_set(why, ERR_REFUSED, "nodes with Isolation=shared are always %s, "
		"and the job asks for %.100s", template_name, asked);
	return CAUSE_TEMPLATE;
}

enum cause choose_misfit(const struct config *config,
			 const char *template_name, bool shared,
			 const struct choose_prolog *prolog, struct err *why)
{
	int index = config_template_index(config, template_name);
	const char *option = prolog->option;
	struct names names;

	_names(config, &names);
	if (option && *option && strcmp(option, template_name))
		return shared ? _no_choice(template_name, option, why)
			      : _unheard(&names, option, template_name, why);
	if (index < 0 ||
	    template_allows(prolog->features, names.list, names.count,
			    (size_t) index))
		return CAUSE_NONE;
	if (shared)
		return _no_choice(template_name, prolog->features, why);
	err_set(why, ERR_REFUSED, "the node is %s, and the job asks for "
		"%.100s", template_name, prolog->features);
	return CAUSE_IMAGE;
}
