/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "tally.h"

#define NO_TEMPLATE UINT8_MAX

/* Numbers of limits: of all clones, of each template's, of each set's. */
#define LIMIT_ALL 0
#define LIMIT_TEMPLATE 1
#define LIMIT_SET (LIMIT_TEMPLATE + CONFIG_TEMPLATES_MAX)

_Static_assert(LIMIT_SET + CONFIG_SETS_MAX <= KIND_LIMITS_MAX,
	       "a clone counts for numbers below KIND_LIMITS_MAX");

/* What a name counts as. */
struct name {
	uint8_t kind;		/* enum capacity_kind */
	uint8_t template;	/* of its clone, or NO_TEMPLATE */
	uint8_t move;		/* enum tally_move */
	bool late;
	bool refused;
	bool judged, barred;
	bool isolated;		/* free, and out for isolation */
};

struct tally {
	const struct config *config;
	struct capacity_set *sets;
	struct name **names;	/* by set and place in it */
	size_t set_count;
	struct capacity_template templates[CAPACITY_TEMPLATES_MAX];
	size_t late;
	size_t moves;
};

/* --- names -------------------------------------------------------------- */

static size_t _set_index(const struct tally *tally,
			 const struct config_node *node)
{
	return (size_t) (node->set - config_set(tally->config, 0));
}

static struct name *_name(const struct tally *tally,
			  const struct config_node *node)
{
	return &tally->names[_set_index(tally, node)][node->index];
}

static uint8_t _template(const struct tally *tally, const char *name)
{
	int index = config_template_index(tally->config, name);

	return index < 0 ? NO_TEMPLATE : (uint8_t) index;
}

static void _set(struct tally *tally, const struct config_node *node,
		 const struct name *now)
{
	size_t *kinds = tally->sets[_set_index(tally, node)].kinds;
	struct name *name = _name(tally, node);
	bool judged = name->judged, barred = name->barred;

	kinds[name->kind]--;
	kinds[now->kind]++;
	if (name->template != NO_TEMPLATE)
		tally->templates[name->template].clones--;
	if (now->template != NO_TEMPLATE)
		tally->templates[now->template].clones++;
	tally->late += now->late;
	tally->late -= name->late;
	tally->moves += now->move != TALLY_STAYS;
	tally->moves -= name->move != TALLY_STAYS;
	*name = *now;
	name->judged = judged;
	name->barred = barred;
}

/* What is drained for isolation is given back when that is over; whether it
 * has room, capacity judges then. */
static void _isolate(struct name *name, const struct record *rec)
{
	bool closed = name->kind == CAPACITY_CLOSED;
	bool drained = closed && failure_is_isolation(rec->view.reason);

	if (name->barred && name->kind == CAPACITY_OPEN)
		name->move = TALLY_CLOSES;
	else if (name->judged && !name->barred && drained)
		name->move = TALLY_OPENS;
	name->isolated = drained || name->move == TALLY_CLOSES;
	if (name->move != TALLY_STAYS || drained || (name->barred && closed))
		name->kind = CAPACITY_OUT;
}

void tally_count(struct tally *tally, const struct record *rec)
{
	const struct config_node *node = config_node(tally->config, rec->node);
	struct name now = { .template = NO_TEMPLATE };

	if (!node)
		return;
	now.refused = _name(tally, node)->refused;
	now.judged = _name(tally, node)->judged;
	now.barred = _name(tally, node)->barred;
	now.kind = now.refused ? CAPACITY_OUT : (uint8_t) capacity_kind(rec);
	/* No job asks for a node that is kept for tests: never close it. */
	if (node->set->is_test && now.kind == CAPACITY_OPEN)
		now.kind = CAPACITY_OUT;
	_isolate(&now, rec);
	now.late = !now.refused && capacity_is_late(rec);
	if (now.kind == CAPACITY_CLONE)
		now.template = _template(tally, rec->req.template_name);
	_set(tally, node, &now);
}

void tally_begin(struct tally *tally, const char *node,
		 const char *template_name)
{
	const struct config_node *ours = config_node(tally->config, node);
	struct name now = { .kind = CAPACITY_CLONE,
			    .template = _template(tally, template_name) };

	if (ours)
		_set(tally, ours, &now);
}

void tally_refuse(struct tally *tally, const char *node)
{
	const struct config_node *ours = config_node(tally->config, node);
	struct name now = { .kind = CAPACITY_OUT, .template = NO_TEMPLATE,
			    .refused = true };

	if (ours)
		_set(tally, ours, &now);
}

void tally_bar(struct tally *tally, const char *node, bool barred)
{
	const struct config_node *ours = config_node(tally->config, node);

	if (!ours)
		return;
	_name(tally, ours)->judged = true;
	_name(tally, ours)->barred = barred;
}

void tally_accept(struct tally *tally, const char *node)
{
	const struct config_node *ours = config_node(tally->config, node);

	if (ours)
		_name(tally, ours)->refused = false;
}

/* --- looking ------------------------------------------------------------ */

enum capacity_kind tally_kind(const struct tally *tally, size_t set,
			      size_t index)
{
	return (enum capacity_kind) tally->names[set][index].kind;
}

int tally_template(const struct tally *tally, size_t set, size_t index)
{
	uint8_t template = tally->names[set][index].template;

	return template == NO_TEMPLATE ? -1 : template;
}

bool tally_is_late(const struct tally *tally, size_t set, size_t index)
{
	return tally->names[set][index].late;
}

enum tally_move tally_move(const struct tally *tally, size_t set,
			   size_t index)
{
	return (enum tally_move) tally->names[set][index].move;
}

size_t tally_isolated(const struct tally *tally, size_t set, size_t *first)
{
	size_t names = hostlist_count(config_set(tally->config, set)->nodes);
	size_t count = 0;

	while (names-- > 0)
		if (tally->names[set][names].isolated) {
			*first = names;
			count++;
		}
	return count;
}

size_t tally_moves(const struct tally *tally)
{
	return tally->moves;
}

size_t tally_late(const struct tally *tally)
{
	return tally->late;
}

struct capacity_set *tally_sets(struct tally *tally)
{
	return tally->sets;
}

struct capacity_template *tally_templates(struct tally *tally)
{
	return tally->templates;
}

/* --- MaxClones= --------------------------------------------------------- */

static size_t _clones(const struct tally *tally)
{
	size_t clones = 0;

	for (size_t i = 0; i < tally->set_count; i++)
		clones += tally->sets[i].kinds[CAPACITY_CLONE];
	return clones;
}

unsigned tally_limits(const struct config *config, const char *node,
		      const char *template_name,
		      unsigned limits[KIND_LIMITS_EACH])
{
	const struct config_node *ours = config_node(config, node);
	int template = config_template_index(config, template_name);
	unsigned count = 0;

	if (!ours || template < 0)
		return 0;
	if (config_global(config)->max_clones)
		limits[count++] = LIMIT_ALL;
	if (config_template(config, (size_t) template)->max_clones)
		limits[count++] = LIMIT_TEMPLATE + (unsigned) template;
	if (ours->set->max_clones)
		limits[count++] = LIMIT_SET + (unsigned) (
			ours->set - config_set(config, 0));
	return count;
}

static size_t _left(uint64_t limit, uint64_t clones)
{
	return limit > clones ? (size_t) (limit - clones) : 0;
}

size_t tally_room(const struct tally *tally, unsigned limit)
{
	const struct capacity_template *template;
	const struct capacity_set *set;

	if (limit == LIMIT_ALL)
		return _left(config_global(tally->config)->max_clones,
			     _clones(tally));
	if (limit < LIMIT_SET) {
		template = &tally->templates[limit - LIMIT_TEMPLATE];
		return _left(template->limit, template->clones);
	}
	set = &tally->sets[limit - LIMIT_SET];
	return _left(set->limit, set->kinds[CAPACITY_CLONE]);
}

/* --- the whole ---------------------------------------------------------- */

static int _fill_set(struct tally *tally, size_t index)
{
	const struct config_set *from = config_set(tally->config, index);
	size_t count = hostlist_count(from->nodes);
	struct capacity_set *set = &tally->sets[index];

	tally->names[index] = calloc(count, sizeof(struct name));
	if (!tally->names[index])
		return -1;
	for (size_t i = 0; i < count; i++)
		tally->names[index][i].template = NO_TEMPLATE;
	set->kinds[CAPACITY_OUT] = count;
	set->limit = from->max_clones;
	set->memo.exact = true;	/* an admin's word counts at once */
	set->templates = config_set_offers(from);
	return 0;
}

struct tally *tally_create(const struct config *config, struct err *err)
{
	cleanup_tally struct tally *tally = calloc(1, sizeof(*tally));
	size_t count = config_set_count(config);
	int rc = 0;

	if (tally) {
		tally->config = config;
		tally->sets = calloc(count, sizeof(*tally->sets));
		tally->names = calloc(count, sizeof(struct name *));
		tally->set_count = count;
	}
	if (!tally || !tally->sets || !tally->names) {
		err_nomem(err);
		return NULL;
	}
	for (size_t i = 0; i < config_template_count(config); i++)
		tally->templates[i].limit =
			config_template(config, i)->max_clones;
	for (size_t i = 0; !rc && i < count; i++)
		rc = _fill_set(tally, i);
	if (rc < 0) {
		err_nomem(err);
		return NULL;
	}
	return steal_ptr(&tally);
}

void tally_destroy(struct tally *tally)
{
	if (!tally)
		return;
	for (size_t i = 0; tally->names && i < tally->set_count; i++)
		free(tally->names[i]);
	free(tally->names);
	free(tally->sets);
	free(tally);
}
