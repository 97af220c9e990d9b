/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_own - what the files of config share; see config.h. */
#ifndef SCLONE_CLONE_CONFIG_OWN_H
#define SCLONE_CLONE_CONFIG_OWN_H

#include "common/base/table.h"
#include "config.h"

struct config {
	char *file;
	char *text;		/* see config_text() */
	struct config_global global;
	unsigned global_lines[CONF_PAIRS_MAX];
	struct config_template templates[CONFIG_TEMPLATES_MAX];
	size_t template_count, source_count;
	struct config_set sets[CONFIG_SETS_MAX];
	size_t set_count;
	struct config_nic nics[CONFIG_NIC_LINES_MAX];
	size_t nic_count;
	const char *networks[CONFIG_NETWORKS_MAX];	/* borrowed */
	size_t network_count;
	struct table *nodes;	/* name -> struct config_node */
	struct table *sources;	/* path -> template, for duplicates */
	struct table *folders;	/* likewise */
};

/* config_card.c: NicName= lines. Take one; then, when all lines were taken,
 * give the sets their cards and compare all; free them. */
int config_card_take(struct config *config, const struct conf_line *line,
		     struct err *err);
int config_card_link(struct config *config, struct err *err);
void config_card_clear(struct config *config);

/* config_text.c: keep what config_text() shows. */
int config_text_keep(struct config *config, const struct conf *conf,
		     struct err *err);

#endif
