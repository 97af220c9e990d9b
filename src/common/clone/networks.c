/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at one network goes: search its path; read its name, or, on a
 * distributed switch, its key and its switch; then that switch's UUID. What
 * is known stays until a look has found something else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/vim25/search.h"
#include "networks.h"

#define AGAIN_US (300 * CLOCK_US_PER_S)
#define RETRY_US (5 * CLOCK_US_PER_S)

struct network {
	struct networks *networks;
	const char *path;
	struct search *search;
	struct property_query *query;
	struct moref ref, distributor;	/* portgroup, its switch */
	struct nic_backing fresh;	/* of the look under way */
	struct nic_backing backing;
	bool is_known;
	struct err problem;		/* of the last look */
};

struct networks {
	struct session *session;
	struct loop_timer *timer;
	struct network *list;
	size_t count, looking;
	bool again;
};

/* --- one network -------------------------------------------------------- */

static void _finish(struct network *network, const struct err *problem)
{
	struct networks *networks = network->networks;
	bool failed = false;

	network->query = NULL;
	network->problem = problem ? *problem : (struct err) ERR_INIT;
	if (!problem) {
		network->backing = network->fresh;
		network->is_known = true;
	}
	if (--networks->looking)
		return;
	for (size_t i = 0; i < networks->count; i++)
		failed |= networks->list[i].problem.code != ERR_NONE;
	loop_timer_set(networks->timer, networks->again ? 0
					: failed	? RETRY_US
							: AGAIN_US);
	networks->again = false;
}

/* It is not as it was, or not there: what was known is wrong. */
static void _lose(struct network *network, const char *why)
{
	struct err err = ERR_INIT;

	network->is_known = false;
	err_set(&err, ERR_TRANSIENT, "Network=%s: %s", network->path, why);
	_finish(network, &err);
}

static void _read(struct network *network, const struct property_spec *spec,
		  property_each_fn *each, property_done_fn *done)
{
	struct err err = ERR_INIT;

	network->query = property_read(network->networks->session, spec, each,
				       done, network, &err);
	if (!network->query)
		_finish(network, &err);
}

/* false: missing, or too long to be kept. */
static bool _copy(char *out, size_t size, const char *text)
{
	return text && *text &&
	       (size_t) snprintf(out, size, "%s", text) < size;
}

static int _each_plain(const struct property_object *object, void *arg,
		       struct err *err)
{
	struct nic_backing *fresh = &((struct network *) arg)->fresh;
	const char *name = NULL;

	if (property_str(object, "name", &name, err) < 0)
		return -1;
	if (_copy(fresh->name, sizeof(fresh->name), name))
		fresh->network = object->ref;
	return 0;
}

static void _plain_done(const struct err *failure, void *arg)
{
	struct network *network = arg;

	if (failure || moref_is_set(&network->fresh.network))
		_finish(network, failure);
	else
		_lose(network, "it has gone, or has no name");
}

static int _each_switch(const struct property_object *object, void *arg,
			struct err *err)
{
	struct nic_backing *fresh = &((struct network *) arg)->fresh;
	const char *uuid = NULL;

	if (property_str(object, "uuid", &uuid, err) < 0)
		return -1;
	if (!_copy(fresh->switch_uuid, sizeof(fresh->switch_uuid), uuid))
		fresh->switch_uuid[0] = '\0';
	return 0;
}

static void _switch_done(const struct err *failure, void *arg)
{
	struct network *network = arg;

	if (failure || network->fresh.switch_uuid[0])
		_finish(network, failure);
	else
		_lose(network, "its distributed switch cannot be read");
}

static int _each_portgroup(const struct property_object *object, void *arg,
			   struct err *err)
{
	struct network *network = arg;
	struct nic_backing *fresh = &network->fresh;
	const char *key = NULL;

	if (property_str(object, "key", &key, err) < 0 ||
	    property_ref(object, "config.distributedVirtualSwitch",
			 &network->distributor, err) < 0)
		return -1;
	fresh->distributed = _copy(fresh->portgroup_key,
				   sizeof(fresh->portgroup_key), key);
	return 0;
}

static void _portgroup_done(const struct err *failure, void *arg)
{
	static const char *const paths[] = { "uuid" };
	struct network *network = arg;
	struct property_spec spec = { .type = "DistributedVirtualSwitch",
				      .paths = paths, .n_paths = 1,
				      .objects = &network->distributor,
				      .n_objects = 1 };

	if (failure)
		_finish(network, failure);
	else if (!network->fresh.distributed ||
		 !moref_is_set(&network->distributor))
		_lose(network, "it has gone, or does not tell its switch");
	else
		_read(network, &spec, _each_switch, _switch_done);
}

static void _read_kind(struct network *network)
{
	static const char *const plain[] = { "name" };
	static const char *const portgroup[] = {
		"key", "config.distributedVirtualSwitch",
	};
	struct property_spec spec = { .type = network->ref.type,
				      .objects = &network->ref,
				      .n_objects = 1 };

	if (!strcmp(network->ref.type, "Network")) {
		spec.paths = plain;
		spec.n_paths = 1;
		_read(network, &spec, _each_plain, _plain_done);
	} else if (!strcmp(network->ref.type, "DistributedVirtualPortgroup")) {
		spec.paths = portgroup;
		spec.n_paths = 2;
		_read(network, &spec, _each_portgroup, _portgroup_done);
	} else {
		_lose(network, "it is no portgroup of a standard or a "
			       "distributed switch");
	}
}

static void _found(const struct moref *ref, const struct err *failure,
		   void *arg)
{
	struct network *network = arg;

	network->search = NULL;
	if (failure) {
		_finish(network, failure);
	} else if (!ref) {
		_lose(network, "there is no such portgroup; check the path, "
			       "and the account's right to see it");
	} else {
		network->ref = *ref;
		_read_kind(network);
	}
}

/* --- all of them -------------------------------------------------------- */

static void _look(void *arg)
{
	struct networks *networks = arg;
	struct err err = ERR_INIT;

	if (networks->looking) {
		networks->again = true;
		return;
	}
	networks->looking = networks->count;
	for (size_t i = 0; i < networks->count; i++) {
		struct network *network = &networks->list[i];

		network->fresh = (struct nic_backing) { 0 };
		network->distributor = (struct moref) { 0 };
		network->search = search_path(networks->session,
					      network->path, NULL, _found,
					      network, &err);
		if (!network->search)
			_finish(network, &err);
	}
}

static void _fill(struct networks *networks, const struct config *config)
{
	for (size_t i = 0; i < config_network_count(config); i++) {
		struct network *network = &networks->list[networks->count++];

		network->networks = networks;
		network->path = config_network(config, i);
		err_set(&network->problem, ERR_TRANSIENT,
			"Network=%s: still being looked up", network->path);
	}
}

struct networks *networks_create(struct loop *loop, struct session *session,
				 const struct config *config, struct err *err)
{
	struct networks *networks = calloc(1, sizeof(*networks));

	if (networks) {
		networks->session = session;
		networks->list = calloc(config_network_count(config) + 1,
					sizeof(*networks->list));
		networks->timer = loop_timer_create(loop, _look, networks,
						    err);
	}
	if (!networks || !networks->list || !networks->timer) {
		networks_destroy(networks);
		err_nomem(err);
		return NULL;
	}
	_fill(networks, config);
	if (networks->count)
		loop_timer_set(networks->timer, 0);
	return networks;
}

void networks_destroy(struct networks *networks)
{
	if (!networks)
		return;
	for (size_t i = 0; networks->list && i < networks->count; i++) {
		search_cancel(networks->list[i].search);
		property_cancel(networks->list[i].query);
	}
	loop_timer_destroy(networks->timer);
	free(networks->list);
	free(networks);
}

void networks_poke(struct networks *networks)
{
	if (networks->looking)
		networks->again = true;
	else if (networks->count)
		loop_timer_set(networks->timer, 0);
}

const struct nic_backing *networks_backing(const struct networks *networks,
					   const char *path, struct err *err)
{
	for (size_t i = 0; i < networks->count; i++) {
		const struct network *network = &networks->list[i];

		if (strcmp(network->path, path))
			continue;
		if (network->is_known)
			return &network->backing;
		err_set(err, ERR_TRANSIENT, "%s", network->problem.text);
		return NULL;
	}
	err_set(err, ERR_TRANSIENT, "Network=%s: not looked up", path);
	return NULL;
}
