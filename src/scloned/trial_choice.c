/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon.h"
#include "subject.h"
#include "trial_choice.h"

/* How well a test of the template would be served by the source. */
static int _worth(const struct daemon *daemon, size_t index)
{
	const struct source *source =
		sources_at(executor_sources(daemon->executor), index);

	if (source->state != SOURCE_FROZEN)
		return 0;
	if (trials_has(daemon->trials, source->path))
		return 1;
	if (drains_get(daemon->drains, source->path) ||
	    planner_rests(daemon->planner, index))
		return 2;
	return planner_in_flight(daemon->planner, index) ? 3 : 4;
}

const struct source *trial_choice_source(const struct daemon *daemon,
					 const struct subject *subject)
{
	const struct sources *sources = executor_sources(daemon->executor);
	const struct source *best = subject->source;
	int worth = -1;

	for (size_t i = 0; !subject->source && i < sources_count(sources);
	     i++)
		if (subject_has(subject, sources_at(sources, i)) &&
		    _worth(daemon, i) > worth) {
			best = sources_at(sources, i);
			worth = _worth(daemon, i);
		}
	return best;
}

/* Why the node cannot be used now, if so. */
static int _check_node(const struct daemon *daemon, const struct record *rec,
		       struct err *err)
{
	const struct trial *trial = trials_on(daemon->trials, rec->node);

	if (trial)
		return err_set(err, ERR_BUSY, "a test of %s is under way on "
			       "%s", trial->source, rec->node);
	if (!trial_is_free(rec))
		return err_set(err, ERR_BUSY, "%s is in use: sclone status %s",
			       rec->node, rec->node);
	if (rec->view.seen && nodeview_admin_drain(&rec->view))
		return err_set(err, ERR_REFUSED, "%s is drained in Slurm (%s):"
			       " scontrol update NodeName=%s State=RESUME",
			       rec->node, rec->view.reason, rec->node);
	return 0;
}

static bool _becomes(const struct config *config,
		     const struct config_set *set, const char *template_name)
{
	for (size_t t = 0; t < set->template_count; t++)
		if (!strcmp(config_template(config, set->templates[t])->name,
			    template_name))
			return set->is_test;
	return false;
}

const char *trial_choice_node(const struct daemon *daemon,
			      const char *template_name, struct err *err)
{
	const struct config *config = daemon->config;

	err_set(err, ERR_CONFIG, "no node is kept for tests of %s: give "
		"sclone.conf a NodeName= line with Test=yes and it among "
		"Templates=, and slurm.conf that node, in no partition",
		template_name);
	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);
		size_t count = _becomes(config, set, template_name)
				       ? hostlist_count(set->nodes) : 0;

		for (size_t i = 0; i < count; i++) {
			const char *node = hostlist_at(set->nodes, i);
			const struct record *rec =
				fleet_record(daemon->fleet, node);

			if (rec && _check_node(daemon, rec, err) == 0)
				return node;
		}
	}
	return NULL;
}
