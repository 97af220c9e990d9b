/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a job may ask of clones when it is submitted. */
#include <stdio.h>
#include <string.h>

#include "common/rules/submit.h"
#include "tap.h"

static const char *const all[] = { "rocky9", "ubuntu22", "alma8" };
static const struct submit_partition partitions[] = {
	{ "vm", 3, "rocky9", false },	/* masks: the first two, ... */
	{ "alma", 4, "alma8", false },
	{ "many", 7, NULL, false },
	{ "shared", 1, "rocky9", true },
};
static const struct submit_site site = { all, 3, partitions, 4, false };
static const struct submit_site blind = { all, 3, NULL, 0, false };
static const struct submit_site all_shared = { all, 3, NULL, 0, true };

/* "features" as they end up, "-" when they stay, "foreign", or the error. */
static void _extra_is(const struct submit_site *at, const char *partition,
		      const char *features, const char *option,
		      const char *extra, const char *want)
{
	struct submit_job job = { partition, features, option, extra };
	struct submit_verdict verdict;
	struct err err = ERR_INIT;
	char what[200];

	snprintf(what, sizeof(what), "-p %s -C %s --template=%s --extra %s",
		 partition ? partition : "", features ? features : "",
		 option ? option : "", extra ? extra : "");
	if (submit_judge(at, &job, &verdict, &err) < 0) {
		ok(err.code == ERR_CONFIG, "%s: a user's error", what);
		has_str(err.text, want, what);
	} else if (!verdict.ours) {
		is_str("foreign", want, what);
	} else {
		is_str(*verdict.features ? verdict.features : "-", want, what);
	}
}

static void _is(const struct submit_site *at, const char *partition,
		const char *features, const char *option, const char *want)
{
	_extra_is(at, partition, features, option, NULL, want);
}

/* Slurm 23.02 and later. */
static void _extras(void)
{
	_extra_is(&site, "vm", NULL, NULL, "{\"template\":\"ubuntu22\"}",
		  "ubuntu22");
	_extra_is(&site, "vm", "big", NULL,
		  "{\"a\":[1,{}],\"template\":\"ubuntu22\"}",
		  "big&ubuntu22");
	_extra_is(&site, "vm", NULL, "rocky9", "{\"template\":\"rocky9\"}",
		  "rocky9");
	_extra_is(&site, "vm", NULL, "rocky9", "{\"template\":\"ubuntu22\"}",
		  "--template=rocky9 contradicts --extra, which names "
		  "ubuntu22");
	_extra_is(&site, "vm", "rocky9", NULL,
		  "{\"template\":\"ubuntu22\"}",
		  "--extra=ubuntu22 contradicts --constraint, which names "
		  "rocky9");
	_extra_is(&site, "vm", NULL, NULL, "{\"template\":\"rocky8\"}",
		  "there is no template \"rocky8\"");
	_extra_is(&site, "batch", NULL, NULL, "{\"template\":\"rocky9\"}",
		  "--extra=rocky9 needs a partition of clones");
	_extra_is(&site, "batch", NULL, NULL, "{\"a\":1}", "foreign");
	_extra_is(&site, "vm", NULL, NULL, "{\"template\":7}", "rocky9");
	_extra_is(&site, "vm", NULL, NULL, "{\"template\"", "rocky9");
	_extra_is(&site, "vm", NULL, NULL, "template=ubuntu22", "rocky9");
	_extra_is(&site, "vm", NULL, NULL, "[]", "rocky9");
}

static void _options(void)
{
	_is(&site, "vm", NULL, "ubuntu22", "ubuntu22");
	_is(&site, "vm", "bigmem", "ubuntu22", "bigmem&ubuntu22");
	_is(&site, "vm", "ubuntu22", "ubuntu22", "-");
	_is(&site, "vm", "bigmem&ubuntu22", "ubuntu22", "-");
	_is(&site, "vm", "a|b", "rocky9", "a|b&rocky9");
	_is(&site, "vm", "[a*1&b*2]", "rocky9", "brackets or counts");
	_is(&site, "vm", "rocky9", "ubuntu22", "contradicts");
	_is(&site, "vm", NULL, "rocky8",
	    "there is no template \"rocky8\"; there are: "
	    "rocky9, ubuntu22, alma8");
	_is(&site, "vm", NULL, "alma8",
	    "partition vm does not offer the template alma8; "
	    "it offers: rocky9, ubuntu22");
	_is(&site, "batch", NULL, "alma8", "there are: vm, alma, many");
	_is(&site, NULL, NULL, "alma8", "the default one");
	_is(&site, "batch,alma", NULL, "alma8", "alma8");
	_is(&site, "vm,alma", NULL, "alma8", "partition vm does not");
}

static void _constraints(void)
{
	_is(&site, "vm", "ubuntu22", NULL, "-");
	_is(&site, "vm", "alma8|ubuntu22", NULL, "-");
	_is(&site, "vm", "alma8", NULL, "does not offer");
	_is(&site, "vm", "rocky9&ubuntu22", NULL, "choose one template");
	_is(&site, "vm", "[rocky9*2&ubuntu22*2]", NULL,
	    "choose one template");
	_is(&site, "vm", "rocky9&", NULL, "is missing");
	_is(&site, "vm", "[rocky9*2|ubuntu22*2]", NULL, "counts do not go");
	_is(&site, "vm", "rocky9&bigmem", NULL, "-");
	_is(&site, "vm", "[big*2&small*1]", NULL, "-");
	_is(&site, "vm", "rocky9|alma8", "alma8", "contradicts");
	_is(&site, "alma", "alma8|big", NULL, "-");
	_is(&site, "alma", "rocky9|big", NULL, "-");
	_is(&site, "alma", "rocky9&big", NULL,
	    "partition alma does not offer the template rocky9; it offers: "
	    "alma8");
	_is(&site, "batch", "rocky9", NULL, "foreign");
	_is(&site, "batch", "gpu", NULL, "foreign");
	_is(&site, NULL, NULL, NULL, "foreign");
	_is(&site, "vmx", NULL, NULL, "foreign");
	_is(&site, "v", NULL, NULL, "foreign");
}

static void _defaults(void)
{
	_is(&site, "vm", NULL, NULL, "rocky9");
	_is(&site, "vm", "", NULL, "rocky9");
	_is(&site, "vm", "bigmem", NULL, "-");
	_is(&site, "alma", NULL, NULL, "alma8");
	_is(&site, "many", NULL, NULL, "-");
	_is(&site, "vm,alma", NULL, NULL, "-");
	_is(&site, "batch,vm,", NULL, NULL, "-");
	_is(&site, ",vm,", NULL, NULL, "rocky9");
}

static void _without_partitions(void)
{
	_is(&blind, "vm", NULL, "rocky9", "rocky9");
	_is(&blind, "vm", "rocky9", NULL, "-");
	_is(&blind, "vm", "gpu", NULL, "foreign");
	_is(&blind, "vm", NULL, "rocky8", "there is no template");
}

static void _exclusive_is(const struct submit_site *at, const char *partition,
			  const char *features, bool want)
{
	struct submit_job job = { partition, features, NULL, NULL };
	struct submit_verdict verdict;

	ok(submit_judge(at, &job, &verdict, NULL) == 0 &&
	   verdict.exclusive == want, "-p %s -C %s: %s", partition,
	   features ? features : "", want ? "alone" : "not alone");
}

static void _shared(void)
{
	_exclusive_is(&site, "vm", NULL, true);
	_exclusive_is(&site, "shared", NULL, false);
	_exclusive_is(&site, "shared,vm", NULL, true);
	_exclusive_is(&site, "batch", NULL, false);
	_exclusive_is(&blind, "vm", "rocky9", true);
	_exclusive_is(&all_shared, "vm", "rocky9", false);
	_is(&site, "shared", NULL, NULL, "rocky9");
	_is(&site, "shared", "ubuntu22", NULL, "partition shared does not "
	    "offer the template ubuntu22; it offers: rocky9");
}

static void _too_long(void)
{
	char features[TEMPLATE_EXPR_MAX + 1], want[TEMPLATE_EXPR_MAX + 16];

	memset(features, 'x', sizeof(features) - 1);
	features[sizeof(features) - 1] = '\0';
	_is(&site, "vm", features, "rocky9", "longer than");
	features[TEMPLATE_EXPR_MAX - sizeof("&rocky9") + 1] = '\0';
	snprintf(want, sizeof(want), "%s&rocky9", features);
	_is(&site, "vm", features, "rocky9", want);
}

int main(void)
{
	_options();
	_constraints();
	_extras();
	_defaults();
	_without_partitions();
	_too_long();
	_shared();
	return done_testing();
}
