/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolation - whether Slurm's settings give a node to one job alone, so that
 * its VM serves no other. `sclone check` shows what is wrong by this rule,
 * and scloned makes no clone where it is wrong.
 *
 * What the settings mean: slurm.conf(5), OverSubscribe, PreemptMode,
 * PowerDownOnIdle (from 23.02 on).
 */
#ifndef SCLONE_RULES_ISOLATION_H
#define SCLONE_RULES_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>

enum isolation {
	ISOLATION_JOB,		/* one job a VM */
	ISOLATION_SHARED	/* as many as Slurm puts there */
};

/* What holds for the whole cluster. */
struct isolation_cluster {
	int version;		/* of Slurm, 2205; the older one where
				 * slurmctld and libslurm differ */
	bool suspends;		/* PreemptMode has SUSPEND, */
	bool gang;		/* or GANG */
	bool by_qos;		/* PreemptType=preempt/qos */
};

enum isolation_preempt {
	ISOLATION_AS_CLUSTER,	/* the partition does not say */
	ISOLATION_SUSPENDS,
	ISOLATION_ENDS		/* or does not preempt at all */
};

struct isolation_partition {
	const char *name;
	bool exclusive;		/* OverSubscribe=EXCLUSIVE, Exclusive=NODE */
	enum isolation_preempt preempt;
	bool power_down_on_idle;
};

enum isolation_flaw {
	ISOLATION_SHARES,	/* it gives a node to several jobs */
	ISOLATION_STOPS,	/* it stops a job to start another there */
	ISOLATION_KEEPS,	/* it keeps a node up after its job */
	ISOLATION_FLAWS
};

/* Bits, 1 << flaw, of all that keep the partition from giving a node to one
 * job alone; 0: it does. */
unsigned isolation_flaws(const struct isolation_cluster *cluster,
			 const struct isolation_partition *partition);

#define ISOLATION_TEXT_SIZE 200

/* "partition vm does not give ...; set ... or Isolation=shared"; a long name
 * is cut. */
void isolation_say(const struct isolation_cluster *cluster,
		   const struct isolation_partition *partition,
		   enum isolation_flaw flaw, char out[ISOLATION_TEXT_SIZE]);

#endif
