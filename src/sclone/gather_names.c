/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_names - whether the nodes' names resolve on this host: the first and
 * the last of each set are tried, until one does not or it takes too long. */
#include <netdb.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "gather.h"

#define NAMES_US (10 * CLOCK_US_PER_S)

static bool _resolves(const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(name, NULL, &hints, &found))
		return false;
	freeaddrinfo(found);
	return true;
}

static bool _try(struct facts_slurm *slurm, const char *name)
{
	if (_resolves(name))
		return true;
	snprintf(slurm->nameless, sizeof(slurm->nameless), "%s", name);
	return false;
}

void gather_names(struct facts *facts)
{
	int64_t until = clock_mono_us() + NAMES_US;

	if (facts->slurm.problem.code)
		return;
	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct hostlist *nodes =
			config_set(facts->config, s)->nodes;
		size_t last = hostlist_count(nodes) - 1;

		if (clock_mono_us() > until ||
		    !_try(&facts->slurm, hostlist_at(nodes, 0)) ||
		    (last && !_try(&facts->slurm, hostlist_at(nodes, last))))
			return;
	}
}
