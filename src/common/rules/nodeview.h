/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nodeview - what Slurm's node table said about one node, and when.
 *
 * Slurm is the truth about nodes; a view is only as good as its time.
 */
#ifndef SCLONE_RULES_NODEVIEW_H
#define SCLONE_RULES_NODEVIEW_H

#include <stdbool.h>
#include <stdint.h>

#define NODEVIEW_REASON_SIZE 160

enum node_base {
	NODE_UNKNOWN,
	NODE_IDLE,
	NODE_ALLOCATED,		/* and MIXED: a job holds it */
	NODE_DOWN,		/* and ERROR */
	NODE_OTHER,		/* FUTURE and what later versions invent */
	NODE_BASES
};

struct nodeview {
	int64_t seen;		/* when the load *began*, us; 0 = never */
	int64_t got;		/* when it arrived; the engine sets it */
	int64_t boot;		/* of the machine that registered, to about a
				 * second; 0 = not known */
	enum node_base base;
	bool powering_up;
	bool powered_down;
	bool powering_down;
	bool power_down;	/* marked: goes down after its job */
	bool drain;
	bool not_responding;
	bool completing;
	bool missing;		/* asked about it alone: there is none */
	uint32_t about;		/* the job that was asked about, or 0 */
	uint32_t job;		/* a job that holds it, 0 = not known */
	int64_t job_start;	/* its turn, for who comes next; s, Slurm's */
	uint32_t free_of;	/* a job that does not, 0 = not known */
	bool job_unasked;	/* job would be 0 whoever holds it */
	char reason[NODEVIEW_REASON_SIZE];
};

/* slurmd has registered: the node can run its job. */
bool nodeview_up(const struct nodeview *view);

/* Slurm has let go of the node: it goes down or is down. */
bool nodeview_released(const struct nodeview *view);

/* It is off, and Slurm has nothing in mind with it. */
bool nodeview_off(const struct nodeview *view);

/*
 * Drained with a reason of sclone's; by Slurm for what a job has left on its
 * VM (Epilog error, Kill task failed), which goes with the VM; or by somebody
 * else. Slurm's other reasons count as that: a prolog that fails would go on
 * to fail the next job on a new VM of the same template.
 */
bool nodeview_our_drain(const struct nodeview *view);
bool nodeview_leftover_drain(const struct nodeview *view);
bool nodeview_admin_drain(const struct nodeview *view);

/* The reason is one that Slurm itself gives a node that goes down, or that
 * such a drain has left. */
bool nodeview_slurms_reason(const struct nodeview *view);

/* Down for a reason that is neither Slurm's own nor sclone's. */
bool nodeview_admin_down(const struct nodeview *view);

#endif
