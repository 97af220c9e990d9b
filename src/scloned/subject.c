/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "subject.h"

static const char *_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* NULL when there is none, or *several of them. */
static const struct source *_ending(const struct sources *sources,
				    const char *name, bool *several)
{
	const struct source *found = NULL;

	for (size_t i = 0; i < sources_count(sources); i++) {
		const struct source *source = sources_at(sources, i);

		if (strcmp(_last_part(source->path), name) != 0)
			continue;
		*several = found != NULL;
		if (*several)
			return NULL;
		found = source;
	}
	return found;
}

static const struct source *_source(const struct sources *sources,
				    const char *name, struct err *err)
{
	const struct source *source = sources_find(sources, name);
	bool several = false;

	if (!source)
		source = _ending(sources, name, &several);
	if (several)
		err_set(err, ERR_CONFIG, "several sources end in %s: give the "
			"whole path", name);
	else if (!source)
		err_set(err, ERR_NOTFOUND, "no template and no source '%s' in "
			"sclone.conf", name);
	return source;
}

int subject_find(const struct config *config, const struct sources *sources,
		 const char *name, struct subject *out, struct err *err)
{
	int index = config_template_index(config, name);
	const struct source *source = NULL;

	if (index < 0) {
		source = _source(sources, name, err);
		if (!source)
			return -1;
		index = config_template_index(config, source->template_name);
	}
	*out = (struct subject) {
		.tmpl = config_template(config, (size_t) index),
		.source = source,
	};
	return 0;
}

const char *subject_name(const struct subject *subject)
{
	return subject->source ? subject->source->path : subject->tmpl->name;
}

bool subject_has(const struct subject *subject, const struct source *source)
{
	if (subject->source)
		return source == subject->source;
	return !strcmp(source->template_name, subject->tmpl->name);
}
