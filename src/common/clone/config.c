/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/slurmd.h"
#include "config_own.h"

static void _clear_paths(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

static void _clear_template(struct config_template *template)
{
	_clear_paths(template->sources, template->source_count);
	_clear_paths(template->folders, template->folder_count);
	conf_clear(config_template_keys, template);
}

static void _clear_set(struct config_set *set)
{
	for (size_t i = 0; i < set->dns_count; i++)
		free(set->dns[i]);
	for (size_t i = 0; i < set->search_count; i++)
		free(set->search[i]);
	for (size_t i = 0; i < set->partition_count; i++)
		free(set->partitions[i]);
	hostlist_destroy(set->nodes);
	conf_clear(config_set_keys, set);
}

void config_destroy(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->template_count; i++)
		_clear_template(&config->templates[i]);
	for (size_t i = 0; i < config->set_count; i++)
		_clear_set(&config->sets[i]);
	config_card_clear(config);
	conf_clear(config_global_keys, &config->global);
	table_destroy(config->nodes);
	table_destroy(config->sources);
	table_destroy(config->folders);
	free(config->file);
	free(config->text);
	free(config);
}

/* --- templates ---------------------------------------------------------- */

struct source_arg {
	struct config *config;
	struct config_template *template;
};

/* One more path of the template, which no other one has. */
static int _add_path(const struct source_arg *arg, struct table *all,
		     char ***paths, size_t *count, char *path,
		     struct err *err)
{
	char **more;

	if (table_get(all, path))
		return err_set(err, ERR_CONFIG, "'%s' is a source already",
			       path);
	more = reallocarray(*paths, *count + 1, sizeof(*more));
	if (!more)
		return err_nomem(err);
	*paths = more;
	if (table_set(all, path, arg->template, err) < 0)
		return -1;
	more[(*count)++] = path;
	return 0;
}

static int _add_source(struct source_arg *arg, const char *folder,
		       const char *name, bool is_folder, struct err *err)
{
	struct config_template *template = arg->template;
	struct config *config = arg->config;
	cleanup_free char *path = NULL;

	if (is_folder ? table_count(config->folders) >= CONFIG_FOLDERS_MAX
		      : config->source_count >= CONFIG_SOURCES_MAX)
		return err_set(err, ERR_CONFIG, "more than %d sources, or %d "
			       "folders of them", CONFIG_SOURCES_MAX,
			       CONFIG_FOLDERS_MAX);
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return err_nomem(err);
	if (is_folder) {
		if (_add_path(arg, config->folders, &template->folders,
			      &template->folder_count, path, err) < 0)
			return -1;
	} else if (_add_path(arg, config->sources, &template->sources,
			     &template->source_count, path, err) < 0) {
		return -1;
	}
	config->source_count += !is_folder;
	(void) steal_ptr(&path);
	return 0;
}

/* "/DC1/vm/templates/rocky9-esx[01-04]": the range is in the last part; a
 * folder ends in a '/'. */
static int _add_sources(void *arg, const char *item, struct err *err)
{
	cleanup_hostlist struct hostlist *names = NULL;
	cleanup_free char *folder = strdup(item);
	size_t len = folder ? strlen(folder) : 0;
	bool is_folder = len && folder[len - 1] == '/';
	char *slash;

	if (is_folder)
		folder[len - 1] = '\0';
	slash = folder ? strrchr(folder, '/') : NULL;
	if (*item != '/' || !slash || slash == folder)
		return err_set(err, ERR_CONFIG,
			       "'%s' is not an inventory path such as "
			       "/DC1/vm/templates/rocky9-esx[01-04], or that "
			       "of a folder: /DC1/vm/templates/rocky9/", item);
	*slash = '\0';
	names = hostlist_parse(slash + 1, CONFIG_SOURCES_MAX, err);
	if (!names)
		return -1;
	for (size_t i = 0; i < hostlist_count(names); i++)
		if (_add_source(arg, folder, hostlist_at(names, i), is_folder,
				err) < 0)
			return -1;
	return 0;
}

static int _take_template(struct config *config, const struct conf_line *line,
			  struct err *err)
{
	struct config_template *template;
	struct source_arg arg;

	if (config->template_count == CONFIG_TEMPLATES_MAX)
		return conf_error(line, err, "more than %d templates",
				  CONFIG_TEMPLATES_MAX);
	template = &config->templates[config->template_count];
	if (conf_fill(line, config_template_keys, template, err) < 0)
		return -1;
	template->line = line->number;
	arg = (struct source_arg) { config, template };
	config->template_count++;
	if (template->network && *template->network != '/')
		return conf_error(line, err, "Network: '%s' is not an "
				  "inventory path such as "
				  "/DC1/network/hpc-nodes",
				  template->network);
	if (config_template_index(config, template->name) !=
	    (int) config->template_count - 1)
		return conf_error(line, err, "TemplateName=%s stands on line "
				  "%u already", template->name,
				  config->templates[config_template_index(
					  config, template->name)].line);
	return conf_each(line, "Sources", template->sources_text,
			  _add_sources, &arg, err);
}

/* --- node sets ---------------------------------------------------------- */

static int _add_dns(void *arg, const char *item, struct err *err)
{
	struct config_set *set = arg;
	struct inet addr;

	if (set->dns_count == CONFIG_DNS_MAX)
		return err_set(err, ERR_CONFIG, "more than %d addresses",
			       CONFIG_DNS_MAX);
	if (parse_inet(item, &addr, err) < 0)
		return -1;
	set->dns[set->dns_count] = strdup(item);
	if (!set->dns[set->dns_count])
		return err_nomem(err);
	set->dns_count++;
	return 0;
}

static int _add_partition(void *arg, const char *item, struct err *err)
{
	struct config_set *set = arg;

	if (set->partition_count == CONFIG_PARTITIONS_MAX)
		return err_set(err, ERR_CONFIG, "more than %d partitions",
			       CONFIG_PARTITIONS_MAX);
	if (!parse_is_name(item, CONFIG_NAME_MAX))
		return err_set(err, ERR_CONFIG, "\"%s\" is not the name of a "
			       "partition", item);
	for (size_t i = 0; i < set->partition_count; i++)
		if (!strcmp(set->partitions[i], item))
			return err_set(err, ERR_CONFIG, "partition %s is "
				       "named twice", item);
	set->partitions[set->partition_count] = strdup(item);
	if (!set->partitions[set->partition_count])
		return err_nomem(err);
	set->partition_count++;
	return 0;
}

static int _add_search(void *arg, const char *item, struct err *err)
{
	struct config_set *set = arg;
	size_t bytes = strlen(item) + 1;

	if (!parse_is_name(item, CONFIG_SEARCH_BYTES - 1))
		return err_set(err, ERR_CONFIG, "'%s' is not a domain", item);
	for (size_t i = 0; i < set->search_count; i++)
		bytes += strlen(set->search[i]) + 1;
	if (set->search_count == CONFIG_SEARCH_MAX ||
	    bytes > CONFIG_SEARCH_BYTES)
		return err_set(err, ERR_CONFIG, "more than %d domains, or "
			       "%d bytes of them", CONFIG_SEARCH_MAX,
			       CONFIG_SEARCH_BYTES);
	set->search[set->search_count] = strdup(item);
	if (!set->search[set->search_count])
		return err_nomem(err);
	set->search_count++;
	return 0;
}

static int _check_names(const struct conf_line *line, struct config_set *set,
			struct err *err)
{
	if (set->search_text && !set->dns_text)
		return conf_error(line, err, "DNSSearch: needs DNS=: the "
				  "guest writes resolv.conf whole");
	if (set->dns_text &&
	    conf_each(line, "DNS", set->dns_text, _add_dns, set, err) < 0)
		return -1;
	if (!set->search_text)
		return 0;
	return conf_each(line, "DNSSearch", set->search_text, _add_search,
			 set, err);
}

/* What goes to slurmd, by the rules the guest applies to it. */
static int _check_slurmd(const struct conf_line *line,
			 const struct config_set *set, struct err *err)
{
	cleanup_free char *options = NULL;
	char *save = NULL, *option;
	size_t count = 0;

	if (set->conf_server && !slurmd_is_servers(set->conf_server))
		return conf_error(line, err, "ConfServer: '%s' is not "
				  "HOST[:PORT][,HOST[:PORT]]",
				  set->conf_server);
	if (!set->slurmd_options)
		return 0;
	options = strdup(set->slurmd_options);
	if (!options)
		return err_nomem(err);
	for (option = strtok_r(options, " ", &save); option;
	     option = strtok_r(NULL, " ", &save))
		if (!slurmd_option_allowed(option) ||
		    ++count > SLURMD_OPTIONS_MAX)
			return conf_error(line, err, "SlurmdOptions: '%s' is "
					  "not one of at most %d of: %s",
					  option, SLURMD_OPTIONS_MAX,
					  SLURMD_OPTIONS_TEXT);
	return 0;
}

static int _add_nodes(struct config *config, const struct conf_line *line,
		      const struct config_set *set, struct err *err)
{
	struct config_node *node;
	const char *name;

	for (size_t i = 0; i < hostlist_count(set->nodes); i++) {
		name = hostlist_at(set->nodes, i);
		if (strlen(name) > CONFIG_NAME_MAX)
			return conf_error(line, err, "NodeName: %s is longer "
					  "than %d bytes", name,
					  CONFIG_NAME_MAX);
		node = table_get(config->nodes, name);
		if (node)
			return conf_error(line, err, "node %s stands on line "
					  "%u already", name,
					  node->set->line);
		node = malloc(sizeof(*node));
		if (!node)
			return err_nomem(err);
		*node = (struct config_node) { set, i };
		if (table_set(config->nodes, name, node, err) < 0) {
			free(node);
			return conf_error(line, err, "more than %d nodes",
					  CONFIG_NODES_MAX);
		}
	}
	return 0;
}

static int _take_set(struct config *config, const struct conf_line *line,
		     struct err *err)
{
	struct err why = ERR_INIT;
	struct config_set *set;

	if (config->set_count == CONFIG_SETS_MAX)
		return conf_error(line, err, "more than %d NodeName= lines",
				  CONFIG_SETS_MAX);
	set = &config->sets[config->set_count];
	if (conf_fill(line, config_set_keys, set, err) < 0)
		return -1;
	config->set_count++;
	set->line = line->number;
	set->nodes = hostlist_parse(set->nodes_text, CONFIG_NODES_MAX, &why);
	if (!set->nodes)
		return conf_error(line, err, "NodeName: %s", why.text);
	if (set->is_test && set->partitions_text)
		return conf_error(line, err, "Test: nodes for tests are in no "
				  "partition; leave out Partitions=");
	set->cards[set->card_count++].nic = &set->own;
	if (config_nic_check(line, "NodeAddr", hostlist_count(set->nodes),
			     &set->own, err) < 0 ||
	    _check_names(line, set, err) < 0 ||
	    _check_slurmd(line, set, err) < 0 ||
	    (set->partitions_text &&
	     conf_each(line, "Partitions", set->partitions_text,
		       _add_partition, set, err) < 0))
		return -1;
	return _add_nodes(config, line, set, err);
}

/* --- the whole ---------------------------------------------------------- */

struct use_arg {
	const struct config *config;
	struct config_set *set;
};

static int _use_template(void *arg, const char *item, struct err *err)
{
	struct use_arg *use = arg;
	int index = config_template_index(use->config, item);

	if (index < 0)
		return err_set(err, ERR_CONFIG,
			       "no TemplateName=%s in this file", item);
	for (size_t i = 0; i < use->set->template_count; i++)
		if (use->set->templates[i] == (size_t) index)
			return err_set(err, ERR_CONFIG, "%s stands twice",
				       item);
	use->set->templates[use->set->template_count++] = (size_t) index;
	return 0;
}

static int _link_templates(struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->set_count; i++) {
		struct config_set *set = &config->sets[i];
		struct use_arg use = { config, set };
		struct conf_line place = { .file = config->file,
					   .number = set->line };

		if (conf_each(&place, "Templates", set->templates_text,
			       _use_template, &use, err) < 0)
			return -1;
	}
	return 0;
}

static bool _starts(const char *text, const char *start)
{
	return !strncasecmp(text, start, strlen(start));
}

static int _check_global(const struct config *config, struct err *err)
{
	const struct config_global *global = &config->global;
	const char *file = config->file;

	if (!_starts(global->vcenter, "https://") &&
	    !_starts(global->vcenter, "http://127.0.0.1:"))
		return err_set(err, ERR_CONFIG,
			       "%s: VCenter: '%s' is not https://HOST/sdk",
			       file, global->vcenter);
	if (global->pin && strncmp(global->pin, "sha256//", 8))
		return err_set(err, ERR_CONFIG,
			       "%s: Pin: '%s' is not sha256//BASE64", file,
			       global->pin);
	if (config_folder(config, global->folder))
		return err_set(err, ERR_CONFIG, "%s: Sources: %s/ is the "
			       "clones' Folder=", file, global->folder);
	if (*global->folder != '/' || *global->pool != '/')
		return err_set(err, ERR_CONFIG, "%s: Folder and ResourcePool "
			       "are inventory paths that start with /", file);
	if (!config->template_count)
		return err_set(err, ERR_CONFIG,
			       "%s: no TemplateName= line", file);
	if (!config->set_count)
		return err_set(err, ERR_CONFIG, "%s: no NodeName= line", file);
	return 0;
}

static int _take_line(struct config *config, const struct conf_line *line,
		      struct err *err)
{
	if (conf_value(line, "TemplateName"))
		return _take_template(config, line, err);
	if (conf_value(line, "NodeName"))
		return _take_set(config, line, err);
	if (conf_value(line, "NicName"))
		return config_card_take(config, line, err);
	return conf_merge(line, config_global_keys, &config->global,
			  config->global_lines, err);
}

static struct config *_from_conf(const char *file, const struct conf *conf,
				 struct err *err)
{
	cleanup_config struct config *config = calloc(1, sizeof(*config));

	if (config) {
		config->file = strdup(file);
		config->nodes = table_create(CONFIG_NODES_MAX, free);
		config->sources = table_create(CONFIG_SOURCES_MAX, NULL);
		config->folders = table_create(CONFIG_FOLDERS_MAX, NULL);
	}
	if (!config || !config->file || !config->nodes || !config->sources ||
	    !config->folders) {
		err_nomem(err);
		return NULL;
	}
	if (config_text_keep(config, conf, err) < 0)
		return NULL;
	for (size_t i = 0; i < conf_count(conf); i++)
		if (_take_line(config, conf_line(conf, i), err) < 0)
			return NULL;
	if (conf_finish(file, config_global_keys, &config->global,
			config->global_lines, err) < 0 ||
	    _check_global(config, err) < 0 ||
	    _link_templates(config, err) < 0 ||
	    config_card_link(config, err) < 0)
		return NULL;
	return steal_ptr(&config);
}

struct config *config_parse(const char *name, const char *text, size_t len,
			    struct err *err)
{
	cleanup_conf struct conf *conf = conf_parse(name, text, len, err);

	return conf ? _from_conf(name, conf, err) : NULL;
}

struct config *config_read(const char *path, struct err *err)
{
	cleanup_conf struct conf *conf = conf_read(path, err);

	return conf ? _from_conf(path, conf, err) : NULL;
}

const struct config_global *config_global(const struct config *config)
{
	return &config->global;
}

size_t config_template_count(const struct config *config)
{
	return config->template_count;
}

const struct config_template *config_template(const struct config *config,
					      size_t index)
{
	return &config->templates[index];
}

enum config_placement config_placement(const struct config *config,
				       const struct config_template *tmpl)
{
	return (enum config_placement)
		(tmpl->placement == CONFIG_PLACEMENT_SITE
			 ? config->global.placement : tmpl->placement);
}

size_t config_set_count(const struct config *config)
{
	return config->set_count;
}

const struct config_set *config_set(const struct config *config, size_t index)
{
	return &config->sets[index];
}

uint64_t config_set_offers(const struct config_set *set)
{
	size_t count = set->isolation == ISOLATION_SHARED
			       ? 1 : set->template_count;
	uint64_t mask = 0;

	for (size_t i = 0; i < count; i++)
		mask |= UINT64_C(1) << set->templates[i];
	return mask;
}

int config_template_index(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->template_count; i++)
		if (!strcmp(config->templates[i].name, name))
			return (int) i;
	return -1;
}

bool config_has_source(const struct config *config, const char *path)
{
	cleanup_free char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (slash)
		*slash = '\0';
	return table_get(config->sources, path) ||
	       (slash && config_folder(config, folder));
}

const struct config_template *config_folder(const struct config *config,
					    const char *path)
{
	return table_get(config->folders, path);
}

const struct config_node *config_node(const struct config *config,
				      const char *name)
{
	return table_get(config->nodes, name);
}

size_t config_node_count(const struct config *config)
{
	return table_count(config->nodes);
}

void config_node_addr(const struct config_node *node, char *out)
{
	config_nic_addr(&node->set->own, node->index, out);
}
