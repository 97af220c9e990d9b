/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"
#include "submit.h"

#define LIST_SIZE 320	/* of names in a message */

static void _list(const char *const *names, size_t count, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < count; i++) {
		text_add(out, LIST_SIZE, i ? ", " : "");
		text_add(out, LIST_SIZE, names[i]);
	}
}

static bool _has(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static const struct submit_partition *
_partition(const struct submit_site *site, const char *name, size_t len)
{
	for (size_t i = 0; i < site->partition_count; i++)
		if (strlen(site->partitions[i].name) == len &&
		    !strncmp(site->partitions[i].name, name, len))
			return &site->partitions[i];
	return NULL;
}

/* The next of the job's partitions that is ours; NULL after the last. */
static const struct submit_partition *
_next_ours(const struct submit_site *site, const char **at)
{
	const struct submit_partition *found = NULL;

	while (!found && *at && **at) {
		size_t len = strcspn(*at, ",");

		found = _partition(site, *at, len);
		*at += len + ((*at)[len] == ',');
	}
	return found;
}

/* Which of these templates the constraint names; NULL for none. */
static int _named(const struct submit_job *job, const char *const *names,
		  size_t count, const char **named, struct err *err)
{
	int choice;

	if (template_choose(job->features, names, count, &choice, err) < 0)
		return -1;
	*named = choice == TEMPLATE_NONE ? NULL : names[choice];
	return 0;
}

static int _check_option(const struct submit_site *site,
			 const struct submit_job *job, const char *named,
			 struct err *err)
{
	const char *option = job->template_name;
	char list[LIST_SIZE];

	_list(site->templates, site->template_count, list);
	if (option && !_has(site->templates, site->template_count, option))
		return err_set(err, ERR_CONFIG, "there is no template "
			       "\"%.64s\"; there are: %s", option, list);
	if (option && named && strcmp(named, option))
		return err_set(err, ERR_CONFIG, "--template=%s contradicts "
			       "--constraint, which names %s", option, named);
	return 0;
}

/* named: by the constraint, of all templates. Of alternatives another one
 * than that may be offered here. */
static int _check_partition(const struct submit_partition *partition,
			    const struct submit_job *job, const char *named,
			    struct err *err)
{
	const char *wanted = job->template_name;
	char list[LIST_SIZE];

	if (!wanted && _named(job, partition->templates, partition->count,
			      &wanted, err) < 0)
		return -1;
	if (!wanted)
		wanted = named;
	if (!wanted || _has(partition->templates, partition->count, wanted))
		return 0;
	_list(partition->templates, partition->count, list);
	return err_set(err, ERR_CONFIG, "partition %s does not offer the "
		       "template %s; it offers: %s", partition->name, wanted,
		       list);
}

/* The option asks for a clone; the constraint may mean something else. */
static int _no_clones(const struct submit_site *site,
		      const struct submit_job *job, struct err *err)
{
	char list[LIST_SIZE];

	*list = '\0';
	for (size_t i = 0; i < site->partition_count; i++) {
		text_add(list, sizeof(list), i ? ", " : "");
		text_add(list, sizeof(list), site->partitions[i].name);
	}
	return err_set(err, ERR_CONFIG, "--template needs a partition of "
		       "clones, which %.64s is not; there are: %s",
		       job->partitions ? job->partitions : "the default one",
		       list);
}

/* Let the features say which template: they are what Slurm passes on. */
static int _name_it(const struct submit_job *job, const char *name,
		    char features[SUBMIT_FEATURES_SIZE], struct err *err)
{
	*features = '\0';
	if (job->features && *job->features) {
		/* How Slurm would read it with counts is not obvious. */
		if (strpbrk(job->features, "[]()*"))
			return err_set(err, ERR_CONFIG, "--template does not "
				       "go with brackets or counts in "
				       "--constraint: name the template "
				       "there");
		text_copy(features, SUBMIT_FEATURES_SIZE, job->features);
		text_add(features, SUBMIT_FEATURES_SIZE, "&");
	}
	if (strlen(features) + strlen(name) >= SUBMIT_FEATURES_SIZE)
		return err_set(err, ERR_CONFIG, "the features are longer "
			       "than %d bytes", TEMPLATE_EXPR_MAX);
	text_add(features, SUBMIT_FEATURES_SIZE, name);
	return 0;
}

/* What the nodes become if nothing is said; NULL when it depends. */
static const char *_by_default(const struct submit_site *site,
			       const struct submit_job *job)
{
	const struct submit_partition *partition;
	const char *at = job->partitions, *name = NULL;

	if (job->features && *job->features)
		return NULL;
	for (partition = _next_ours(site, &at); partition;
	     partition = _next_ours(site, &at)) {
		if (!partition->by_default ||
		    (name && strcmp(name, partition->by_default)))
			return NULL;
		name = partition->by_default;
	}
	return name;
}

static int _check_partitions(const struct submit_site *site,
			     const struct submit_job *job, const char *named,
			     bool *ours, struct err *err)
{
	const struct submit_partition *partition;
	const char *at = job->partitions;

	*ours = !site->partition_count && (named || job->template_name);
	for (partition = _next_ours(site, &at); partition;
	     partition = _next_ours(site, &at)) {
		if (_check_partition(partition, job, named, err) < 0)
			return -1;
		*ours = true;
	}
	if (!*ours && job->template_name)
		return _no_clones(site, job, err);
	return 0;
}

int submit_judge(const struct submit_site *site, const struct submit_job *job,
		 struct submit_verdict *verdict, struct err *err)
{
	const char *named, *name = NULL;
	struct submit_verdict found = { 0 };

	if (_named(job, site->templates, site->template_count, &named,
		   err) < 0 ||
	    _check_option(site, job, named, err) < 0 ||
	    _check_partitions(site, job, named, &found.ours, err) < 0)
		return -1;
	if (found.ours && !named)
		name = job->template_name ? job->template_name
					  : _by_default(site, job);
	if (name && _name_it(job, name, found.features, err) < 0)
		return -1;
	*verdict = found;
	return 0;
}
