/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "isolation.h"
#include "text.h"

/* The versions that brought PowerDownOnIdle= and Exclusive=. */
#define HAS_POWER_DOWN_ON_IDLE 2302
#define HAS_EXCLUSIVE 2605

static bool _stops(const struct isolation_cluster *cluster,
		   const struct isolation_partition *partition)
{
	/* Then the partition has no say, and each QOS may have its own mode,
	 * of which SUSPEND needs GANG. */
	if (cluster->by_qos)
		return cluster->suspends || cluster->gang;
	if (partition->preempt == ISOLATION_AS_CLUSTER)
		return cluster->suspends;
	return partition->preempt == ISOLATION_SUSPENDS;
}

unsigned isolation_flaws(const struct isolation_cluster *cluster,
			 const struct isolation_partition *partition)
{
	unsigned flaws = 0;

	if (!partition->exclusive)
		flaws |= 1u << ISOLATION_SHARES;
	if (_stops(cluster, partition))
		flaws |= 1u << ISOLATION_STOPS;
	if (cluster->version >= HAS_POWER_DOWN_ON_IDLE &&
	    !partition->power_down_on_idle)
		flaws |= 1u << ISOLATION_KEEPS;
	return flaws;
}

static const char *_cure(const struct isolation_cluster *cluster,
			 enum isolation_flaw flaw)
{
	switch (flaw) {
	case ISOLATION_SHARES:
		return cluster->version >= HAS_EXCLUSIVE
			       ? "Exclusive=NODE" : "OverSubscribe=EXCLUSIVE";
	case ISOLATION_STOPS:
		return cluster->by_qos ? "PreemptMode=REQUEUE for all"
				       : "its PreemptMode=REQUEUE";
	default:
		return "PowerDownOnIdle=YES";
	}
}

void isolation_say(const struct isolation_cluster *cluster,
		   const struct isolation_partition *partition,
		   enum isolation_flaw flaw, char out[ISOLATION_TEXT_SIZE])
{
	static const char *const what[ISOLATION_FLAWS] = {
		[ISOLATION_SHARES] = "does not give the node to one job "
				     "alone",
		[ISOLATION_STOPS] = "may suspend a job and give its node to "
				    "another",
		[ISOLATION_KEEPS] = "keeps the node up after its job",
	};

	text_copy(out, ISOLATION_TEXT_SIZE / 2, "partition ");
	text_add(out, ISOLATION_TEXT_SIZE / 2, partition->name);
	text_add(out, ISOLATION_TEXT_SIZE, " ");
	text_add(out, ISOLATION_TEXT_SIZE, what[flaw]);
	text_add(out, ISOLATION_TEXT_SIZE, "; set ");
	text_add(out, ISOLATION_TEXT_SIZE, _cure(cluster, flaw));
	text_add(out, ISOLATION_TEXT_SIZE, " or Isolation=shared");
}
