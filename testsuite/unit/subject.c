/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an admin means by the name of a template or source. */
#include <stdlib.h>
#include <string.h>

#include "scloned/subject.h"
#include "tap.h"

static const char text[] =
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"
	"TemplateName=r9 Sources=/DC/vm/a/one,/DC/vm/a/two,/DC/vm/a/u22\n"
	"TemplateName=u22 Sources=/DC/vm/b/one,/DC/vm/b/three\n"
	"NodeName=vm[1-3] Templates=r9,u22\n";

/* In place of those that look at vCenter. */
static const struct source list[] = {
	{ .path = "/DC/vm/a/one", .template_name = "r9" },
	{ .path = "/DC/vm/a/two", .template_name = "r9" },
	{ .path = "/DC/vm/a/u22", .template_name = "r9" },
	{ .path = "/DC/vm/b/one", .template_name = "u22" },
	{ .path = "/DC/vm/b/three", .template_name = "u22" },
};

size_t sources_count(const struct sources *sources)
{
	(void) sources;
	return sizeof(list) / sizeof(*list);
}

const struct source *sources_at(const struct sources *sources, size_t index)
{
	(void) sources;
	return &list[index];
}

const struct source *sources_find(const struct sources *sources,
				  const char *path)
{
	for (size_t i = 0; i < sources_count(sources); i++)
		if (!strcmp(list[i].path, path))
			return &list[i];
	return NULL;
}

static void _found(const struct config *config, const char *name,
		   const char *tmpl, const struct source *source)
{
	struct subject subject;
	struct err err = ERR_INIT;

	if (subject_find(config, NULL, name, &subject, &err) < 0)
		bail_out("%s: %s", name, err.text);
	is_str(subject.tmpl->name, tmpl, "the template");
	ok(subject.source == source, "%s is %s", name,
	   source ? "that source" : "the whole template");
	is_str(subject_name(&subject), source ? source->path : tmpl,
	       "its name");
	ok(subject_has(&subject, &list[0]) ==
	   (source ? source == &list[0] : !strcmp(tmpl, "r9")),
	   "whether the first source belongs to it");
}

static void _refused(const struct config *config, const char *name,
		     enum err_code code, const char *why)
{
	struct subject subject;
	struct err err = ERR_INIT;

	ok(subject_find(config, NULL, name, &subject, &err) < 0,
	   "'%s' is refused", name);
	is_int(err.code, code, "its code");
	has_str(err.text, why, "says why");
}

int main(void)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = config_parse("s.conf", text, strlen(text), &err);
	if (!config)
		bail_out("%s", err.text);
	_found(config, "r9", "r9", NULL);
	_found(config, "u22", "u22", NULL);	/* before the source's end */
	_found(config, "/DC/vm/a/u22", "r9", &list[2]);
	_found(config, "two", "r9", &list[1]);
	_found(config, "three", "u22", &list[4]);
	_found(config, "/DC/vm/b/one", "u22", &list[3]);
	_refused(config, "one", ERR_CONFIG, "whole path");
	_refused(config, "four", ERR_NOTFOUND, "no source 'four'");
	_refused(config, "/DC/vm/a", ERR_NOTFOUND, "no template");
	_refused(config, "", ERR_NOTFOUND, "no template");
	return done_testing();
}
