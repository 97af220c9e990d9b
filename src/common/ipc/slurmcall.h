/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slurmcall - the protocol between scloned and its child scloned-slurm, and
 * how scloned reads the answers.
 *
 * One JSON object on a line each way, over a socketpair; one call at a time,
 * answered in order:
 *
 *	call	{"id":N,"verb":"…","deadline":D, …}
 *	answer	{"id":N, …}  or  {"id":N,"error":{"code":"…","text":"…"}}
 *
 * "deadline" is in microseconds of the machine's monotonic clock; a call
 * that is read later is refused (TRANSIENT) and has no effect. Codes are
 * err.h's. UNKNOWN means that an update was sent and not answered.
 *
 *	verb		members of the call	members of the answer
 *	ping
 *	nodes		"all"			"complete", "nodes": [NODE]
 *	node		"name" ["job"] ["who"	"node": NODE [and "holds":
 *			["start"]]		the job has the node; with
 *						"who" instead "job": who has
 *						it, 0: none, and "start": since
 *						when; of several the next one
 *						after that job and start]
 *	job		"job"			"job": JOB
 *	partitions				"partitions": [PARTITION]
 *	config					"config": CONFIG
 *	mark		"nodes"			(POWER_DOWN on allocated nodes:
 *						gone when their job ends)
 *	power_down	"nodes"			(the same update)
 *	force_down	"nodes" "reason"	(POWER_DOWN_FORCE)
 *	set_down	"nodes" "reason"	(DOWN)
 *	power_up	"nodes"
 *	node_resume	"nodes"
 *	drain		"nodes" "reason"
 *	undrain		"nodes"
 *	give_back	"nodes"			(undrain nodes that are off)
 *	admin_comment_append	"job" "text"
 *	notify_job	"job" "text"
 *	requeue_job	"job" "node"		(away from its nodes, if that
 *						is one of them)
 *	kill_job	"job" "node"		(ended, likewise)
 *
 * "nodes" in a call is a hostlist, "job" a number; "all" asks for every node,
 * else only those that changed since the child's last answer are told
 * ("complete": false).
 *
 *	NODE	"name" "state" "boot" "cpus" "memory" and, if set, "reason"
 *		"features" "addr" "version"; "state" is as scontrol prints
 *		it: IDLE+CLOUD+POWERED_DOWN
 *	JOB	"id" "uid" "state" "batch" "requeue" "restarts" and, if set,
 *		"user" "partition" "features" "comment" "admin_comment"
 *		"extra" "nodes"
 *	PARTITION  "name" "exclusive" "exclusive_user" "power_down_on_idle"
 *		"resume_timeout" "suspend_timeout" "suspend_time" and, if
 *		set, "nodes" "preempt_suspends"
 *	CONFIG	"built_for" "prologs" (a list) "resume_timeout"
 *		"suspend_timeout" "suspend_time" "resume_rate" "suspend_rate"
 *		"prolog_epilog_timeout" "return_to_service" "clouds_shown"
 *		"preempt_suspends" "preempt_gang" "boot" and, if set,
 *		"version" "cluster" "path" "user" "preempt_type"
 *		"resume_program" "suspend_program" "resume_fail_program"
 *		"epilog" (the first of several)
 *		"suspend_exc_nodes" "suspend_exc_parts"
 *		"slurmctld_parameters" "slurmd_parameters"
 *		"scheduler_parameters" "auth_info" "job_submit_plugins"
 *		"plugin_dir"
 *
 * Times are seconds; 4294967295 stands for "never" and "no limit".
 */
#ifndef SCLONE_IPC_SLURMCALL_H
#define SCLONE_IPC_SLURMCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"

#define SLURMCALL_LINE_MAX (2 * 1024 * 1024)	/* a call */
#define SLURMCALL_ANSWER_MAX (64 * 1024 * 1024)	/* 65536 nodes at 1 KiB */
#define SLURMCALL_FOREVER INT64_C(0xffffffff)

enum slurmcall_base {
	SLURMCALL_UNKNOWN,	/* also a state that is not known here */
	SLURMCALL_DOWN,
	SLURMCALL_IDLE,
	SLURMCALL_ALLOCATED,
	SLURMCALL_ERROR,
	SLURMCALL_MIXED,
	SLURMCALL_FUTURE,
};

#define SLURMCALL_CLOUD (1u << 0)
#define SLURMCALL_COMPLETING (1u << 1)
#define SLURMCALL_DRAIN (1u << 2)
#define SLURMCALL_FAIL (1u << 3)
#define SLURMCALL_INVALID_REG (1u << 4)
#define SLURMCALL_NOT_RESPONDING (1u << 5)
#define SLURMCALL_POWER_DOWN (1u << 6)
#define SLURMCALL_POWER_UP (1u << 7)
#define SLURMCALL_POWERED_DOWN (1u << 8)
#define SLURMCALL_POWERING_DOWN (1u << 9)
#define SLURMCALL_POWERING_UP (1u << 10)
#define SLURMCALL_RESERVED (1u << 11)
#define SLURMCALL_MAINTENANCE (1u << 12)
#define SLURMCALL_PLANNED (1u << 13)

/* A NODE; the strings are borrowed from the JSON, NULL when not set. */
struct slurmcall_node {
	const char *name;
	enum slurmcall_base base;
	unsigned flags;
	const char *reason;
	const char *features;
	const char *addr;
	const char *version;
	int64_t boot_s;
	int64_t cpus;
	int64_t memory_mib;
};

/* A JOB, likewise. */
struct slurmcall_job {
	int64_t id;
	int64_t uid;
	const char *user;
	const char *state;
	const char *partition;
	const char *features;
	const char *comment;
	const char *admin_comment;
	const char *extra;
	const char *nodes;
	bool batch;
	bool requeue;
	int64_t restarts;
};

/* PROTOCOL names the member that is wrong. */
int slurmcall_read_node(const struct json *json, struct slurmcall_node *out,
			struct err *err);
int slurmcall_read_job(const struct json *json, struct slurmcall_job *out,
		       struct err *err);

/* "IDLE+CLOUD+…" to base and flags; unknown words are passed over. */
void slurmcall_read_state(const char *text, enum slurmcall_base *base,
			  unsigned *flags);

#endif
