/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"
#include "submit.h"

#define LIST_SIZE 320	/* of names in a message */

/* What the job names apart from its features: by which option, and as a bit
 * of the site's templates. */
struct wish {
	const char *option;
	const char *name;	/* NULL: nothing */
	uint64_t bit;
};

static void _list(const struct submit_site *site, uint64_t mask,
		  char out[LIST_SIZE])
{
	template_names(site->templates, site->template_count, mask, out,
		      LIST_SIZE);
}

static uint64_t _bit(const struct submit_site *site, const char *name)
{
	for (size_t i = 0; i < site->template_count; i++)
		if (!strcmp(site->templates[i], name))
			return UINT64_C(1) << i;
	return 0;
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

/* --- what is asked for -------------------------------------------------- */

static int _wish(const struct submit_site *site, const char *option,
		 const char *name, struct wish *wish, struct err *err)
{
	char list[LIST_SIZE];
	uint64_t bit;

	if (!name || !*name)
		return 0;
	bit = _bit(site, name);
	_list(site, TEMPLATE_ALL, list);
	if (!bit)
		return err_set(err, ERR_CONFIG, "there is no template "
			       "\"%.64s\"; there are: %s", name, list);
	if (wish->name && wish->bit != bit)
		return err_set(err, ERR_CONFIG, "%s=%s contradicts %s, which "
			       "names %s", wish->option, wish->name, option,
			       name);
	*wish = (struct wish) { option, name, bit };
	return 0;
}

static int _wishes(const struct submit_site *site,
		   const struct submit_job *job, struct wish *wish,
		   char name[TEMPLATE_NAME_SIZE], struct err *err)
{
	template_of_extra(job->extra, name);
	if (_wish(site, "--template", job->template_name, wish, err) < 0 ||
	    _wish(site, "--extra", name, wish, err) < 0)
		return -1;
	return 0;
}

/* The features by themselves, and with the wish. */
static int _check_features(const struct submit_site *site,
			   const struct submit_job *job,
			   const struct wish *wish, uint64_t *named,
			   struct err *err)
{
	const struct template_choice all = {
		site->templates, site->template_count, TEMPLATE_ALL,
		TEMPLATE_ALL
	};
	char list[LIST_SIZE];
	int choice;

	if (template_choose(job->features, &all, &choice, err) < 0)
		return -1;
	*named = template_named(job->features, site->templates,
				site->template_count);
	_list(site, *named, list);
	if (wish->name && *named & ~wish->bit)
		return err_set(err, ERR_CONFIG, "%s=%s contradicts "
			       "--constraint, which names %s", wish->option,
			       wish->name, list);
	return 0;
}

/* --- where -------------------------------------------------------------- */

static int _not_offered(const struct submit_site *site,
			const struct submit_partition *partition,
			uint64_t asked, struct err *err)
{
	char list[LIST_SIZE], name[LIST_SIZE];

	_list(site, asked, name);
	_list(site, partition->offered, list);
	return err_set(err, ERR_CONFIG, "partition %s does not offer the "
		       "template %s; it offers: %s", partition->name, name,
		       list);
}

static int _check_partition(const struct submit_site *site,
			    const struct submit_partition *partition,
			    const struct submit_job *job,
			    const struct wish *wish, uint64_t named,
			    struct err *err)
{
	const struct template_choice offers = {
		site->templates, site->template_count, partition->offered,
		TEMPLATE_ALL
	};
	int choice;

	if (wish->name)
		return partition->offered & wish->bit
			       ? 0 : _not_offered(site, partition, wish->bit,
						  err);
	if (template_choose(job->features, &offers, &choice, NULL) < 0)
		return _not_offered(site, partition, named, err);
	return 0;
}

/* The option asks for a clone; the constraint may mean something else. */
static int _no_clones(const struct submit_site *site,
		      const struct submit_job *job, const struct wish *wish,
		      struct err *err)
{
	char list[LIST_SIZE];

	*list = '\0';
	for (size_t i = 0; i < site->partition_count; i++) {
		text_add(list, sizeof(list), i ? ", " : "");
		text_add(list, sizeof(list), site->partitions[i].name);
	}
	return err_set(err, ERR_CONFIG, "%s=%s needs a partition of clones, "
		       "which %.64s is not; there are: %s", wish->option,
		       wish->name,
		       job->partitions ? job->partitions : "the default one",
		       list);
}

static int _check_partitions(const struct submit_site *site,
			     const struct submit_job *job,
			     const struct wish *wish, uint64_t named,
			     struct submit_verdict *found, struct err *err)
{
	const struct submit_partition *partition;
	const char *at = job->partitions;

	found->ours = !site->partition_count && (named || wish->name);
	found->exclusive = found->ours && !site->shared;
	for (partition = _next_ours(site, &at); partition;
	     partition = _next_ours(site, &at)) {
		if (_check_partition(site, partition, job, wish, named,
				     err) < 0)
			return -1;
		found->ours = true;
		found->exclusive |= !partition->shared;
	}
	if (!found->ours && wish->name)
		return _no_clones(site, job, wish, err);
	return 0;
}

/* --- what it becomes ---------------------------------------------------- */

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

/* What the nodes become if nothing is said; NULL when it depends, also on
 * which partition the job gets. */
static const char *_by_default(const struct submit_site *site,
			       const struct submit_job *job)
{
	const struct submit_partition *partition;
	const char *at = job->partitions, *name = NULL;

	if (job->features && *job->features)
		return NULL;
	while (at && *at) {
		size_t len = strcspn(at, ",");

		partition = _partition(site, at, len);
		at += len + (at[len] == ',');
		if (!len)
			continue;
		if (!partition || !partition->by_default ||
		    (name && strcmp(name, partition->by_default)))
			return NULL;
		name = partition->by_default;
	}
	return name;
}

int submit_judge(const struct submit_site *site, const struct submit_job *job,
		 struct submit_verdict *verdict, struct err *err)
{
	char in_extra[TEMPLATE_NAME_SIZE];
	struct submit_verdict found = { 0 };
	struct wish wish = { 0 };
	const char *name = NULL;
	uint64_t named;

	if (_wishes(site, job, &wish, in_extra, err) < 0 ||
	    _check_features(site, job, &wish, &named, err) < 0 ||
	    _check_partitions(site, job, &wish, named, &found, err) < 0)
		return -1;
	if (found.ours && !named)
		name = wish.name ? wish.name : _by_default(site, job);
	if (name && _name_it(job, name, found.features, err) < 0)
		return -1;
	*verdict = found;
	return 0;
}
