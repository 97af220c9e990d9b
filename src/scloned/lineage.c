/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/table.h"
#include "common/rules/record.h"
#include "lineage.h"

#define SOURCE "source/"	/* and the moref; the value: instanceUuid */
#define MEMBER "member/"	/* and the path; the value: both of them */
#define SOURCE_SIZE (sizeof(SOURCE) + MOREF_ID_SIZE)
#define MEMBER_SIZE (sizeof(MEMBER) + RECORD_SOURCE_SIZE)
#define VALUE_SIZE (MOREF_ID_SIZE + UUID_TEXT_SIZE)

/* --- keeping ------------------------------------------------------------ */

/* It is durable before any act that is decided on it: those wait for the
 * commit of their own intents. */
static void _commit(struct fleet *fleet, const char *name, int rc,
		    const struct err *err)
{
	if (rc < 0)
		log_error("journal: %s: %s", name, err->text);
	fleet_commit_soon(fleet);
}

void lineage_source(struct journal *journal, struct fleet *fleet,
		    const char *vm, const char *instance_uuid)
{
	struct err err = ERR_INIT;
	char name[SOURCE_SIZE];

	snprintf(name, sizeof(name), SOURCE "%s", vm);
	_commit(fleet, name, journal_set_meta(journal, name, instance_uuid,
					      &err), &err);
}

void lineage_member(struct journal *journal, struct fleet *fleet,
		    const struct source *source, bool is)
{
	char name[MEMBER_SIZE], value[VALUE_SIZE];
	struct err err = ERR_INIT;

	snprintf(name, sizeof(name), MEMBER "%s", source->path);
	snprintf(value, sizeof(value), "%s %s", source->kept_vm.id,
		 source->kept_uuid);
	log_info("source %s: %s", source->path,
		 is ? "in a folder of Sources=, and in use"
		    : "no longer in a folder of Sources=");
	_commit(fleet, name,
		is ? journal_set_meta(journal, name, value, &err)
		   : journal_forget_meta(journal, name, &err), &err);
}

/* --- at the start ------------------------------------------------------- */

struct load {
	struct executor *executor;
	struct table *strangers;	/* members' names to be forgotten */
};

static int _remember(const char *name, const char *instance_uuid, void *arg,
		     struct err *err)
{
	const struct load *load = arg;

	return executor_remember(load->executor, name + strlen(SOURCE),
				 instance_uuid, err);
}

static int _recall(const char *name, const char *value, void *arg,
		   struct err *err)
{
	const struct load *load = arg;
	char vm[MOREF_ID_SIZE];
	const char *blank = strchr(value, ' ');
	size_t len = blank ? (size_t) (blank - value) : 0;

	if (!len || len >= sizeof(vm))
		return table_set(load->strangers, name, load->executor, err);
	memcpy(vm, value, len);
	vm[len] = '\0';
	if (executor_recall(load->executor, name + strlen(MEMBER), vm,
			    blank + 1, NULL) == 0)
		return 0;
	return table_set(load->strangers, name, load->executor, err);
}

static int _forget(struct journal *journal, const struct table *strangers,
		   struct err *err)
{
	const char *name;
	size_t pos = 0;

	while (table_next(strangers, &pos, &name))
		if (journal_forget_meta(journal, name, err) < 0)
			return -1;
	return 0;
}

int lineage_load(struct journal *journal, struct executor *executor,
		 struct err *err)
{
	cleanup_table struct table *strangers =
		table_create(4 * CONFIG_SOURCES_MAX, NULL);
	struct load load = { executor, strangers };

	if (!strangers)
		return err_nomem(err);
	if (journal_each_meta(journal, SOURCE, _remember, &load, err) < 0 ||
	    journal_each_meta(journal, MEMBER, _recall, &load, err) < 0)
		return -1;
	return _forget(journal, strangers, err);
}
