/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record - all that sclone knows about one node name: the cycle it is in,
 * its VM, the request it serves and the one that waits, and what Slurm has
 * still to be told. Plain data; only engine_step() changes it.
 *
 * The journal stores records as one line of text each. Times are us since
 * 1970; 0 = never.
 */
#ifndef SCLONE_RULES_RECORD_H
#define SCLONE_RULES_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/err.h"

#include "action.h"
#include "failure.h"
#include "nodeview.h"
#include "owner.h"

#define RECORD_VERSION 1
#define RECORD_ID_SIZE 80	/* spool id of a request */
#define RECORD_USER_SIZE 64
#define RECORD_TEMPLATE_SIZE 64
#define RECORD_SOURCE_SIZE 256	/* inventory path of a source */
#define RECORD_MOREF_SIZE 64	/* vCenter's ids: "vm-1234", "task-99" */
#define RECORD_TEXT_SIZE 200
#define RECORD_SHARERS_SIZE 400
#define RECORD_CHOICE_SIZE 100
#define RECORD_DIRECTORY_SIZE 256	/* of a VM, on its datastore */
#define RECORD_DOUBT INT64_C(60000000)	/* us; vCenter may be away */
#define RECORD_LINE_MAX 16384	/* an encoded record is never longer */

/* Absent is where a name begins and ends; condemned can follow any other. */
enum phase {
	PHASE_ABSENT,		/* no VM of this name: proven, or never made */
	PHASE_REQUESTED,	/* asked for; waits for mark and planner */
	PHASE_ADMITTED,		/* a lane is given; the submit has no reply */
	PHASE_CLONING,		/* the task is known */
	PHASE_CLONED,		/* the VM is known */
	PHASE_IDENTIFIED,	/* the guest says it took its identity */
	PHASE_READY,		/* slurmd registered */
	PHASE_CONDEMNED,	/* must go; submit or task not settled yet */
	PHASE_RELEASING,	/* see enum release */
	PHASES
};

enum submit {
	SUBMIT_NONE,		/* nothing was sent in this epoch */
	SUBMIT_SENT,		/* intent is durable, reply awaited */
	SUBMIT_LOST,		/* UNKNOWN: look up before anything else */
	SUBMIT_TASK,		/* the task runs */
	SUBMIT_SETTLED,		/* it ended; a VM may exist */
	SUBMITS
};

/* The step of PHASE_RELEASING that is to be done next. */
enum release {
	RELEASE_NONE,
	RELEASE_LOOK,		/* which VM is it? */
	RELEASE_GUARD_OFF,	/* may it be powered off? */
	RELEASE_OFF,		/* verdict in hand: power off now */
	RELEASE_GUARD_DESTROY,	/* may it be destroyed? */
	RELEASE_DESTROY,	/* verdict in hand: destroy now */
	RELEASE_PROVE,		/* prove that it is gone */
	RELEASE_RECORD,		/* write the record of absence */
	RELEASES
};

/* What Slurm must be told about a request that failed. */
enum tell {
	TELL_NOTHING,
	TELL_REQUEUE,		/* the job, which has to leave the node: it */
	TELL_END,		/* is requeued, or ended */
	TELL_JOB,		/* the job first; what follows takes a view */
	TELL_FORCE,		/* then POWER_DOWN_FORCE or, when the VM is
				 * lost, DOWN with the reason */
	TELL_POWER_DOWN,	/* after ResumeFail or DOWN: heal it */
	TELLS
};

/* How a second job leaves a used VM. */
enum intrusion {
	INTRUSION_REQUEUE,	/* by being requeued */
	INTRUSION_KILL,		/* it cannot be requeued: told and ended */
	INTRUSION_OVER,		/* it has left */
	INTRUSION_STAYS,	/* neither worked: its prolog has to fail */
	INTRUSIONS
};

/* Evidence of absence, for the receipt. */
#define EVIDENCE_NAME 1u		/* no VM of that name in the folder */
#define EVIDENCE_INSTANCE_UUID 2u	/* nowhere in the inventory */
#define EVIDENCE_BIOS_UUID 4u		/* nowhere in the inventory */
#define EVIDENCE_DATASTORE 8u		/* its directory is gone */

/* One ask of Slurm's for the node. */
struct record_request {
	bool used;
	char id[RECORD_ID_SIZE];
	uint32_t job;		/* 0: not known, or a manual power-up */
	bool supposed;		/* that it is this one: it was on a VM that was
				 * found, and another may have been before */
	char user[RECORD_USER_SIZE];
	char template_name[RECORD_TEMPLATE_SIZE];
	char choice[RECORD_CHOICE_SIZE];	/* what named the template */
	int64_t asked;		/* when the front end spooled it */
	bool guessed;		/* that is: at the latest, for the clock was
				 * set back since */
	int64_t deadline;	/* a node not up by then is too late */
	bool marked;		/* single use acknowledged by Slurm */
	bool shared;		/* not for single use: any job may use the VM,
				 * and Slurm says when it goes */
	char sharers[RECORD_SHARERS_SIZE];	/* its jobs after the first,
				 * "12,13"; "12,13,..." if there are more */
	uint32_t attempts;	/* failed ones that count */
	uint32_t waits;		/* pauses so far; sets the back-off */
	bool roomless;		/* there was no room the last time */
	int64_t not_before;	/* no new attempt before */
	char avoid[RECORD_SOURCE_SIZE];	/* source that failed last */
	char only[RECORD_SOURCE_SIZE];	/* a test of this source, drained or
					 * resting: of no other, and a failure
					 * is what is to be known; or "" */
};

struct record {
	char node[OWNER_NODE_SIZE];
	char cluster[OWNER_CLUSTER_SIZE];
	enum phase phase;
	uint64_t epoch;		/* of the cycle, also in ABSENT; 0 = none */
	uint64_t last_epoch;	/* the highest ever seen for the name */
	bool shares;		/* Isolation=shared, for requests to come */
	struct record_request req;	/* what the cycle serves, or served */
	struct record_request next;	/* waits for proof of absence */

	/* The VM. */
	enum submit submit;
	char source[RECORD_SOURCE_SIZE];
	char task[RECORD_MOREF_SIZE];
	char vm[RECORD_MOREF_SIZE];
	char bios_uuid[UUID_TEXT_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];	/* "" until read back */
	char directory[RECORD_DIRECTORY_SIZE];	/* "[ds1] vm1"; "": unknown */
	bool read_back;
	bool owner_missing;	/* the owner key must be set by reconfigure */
	bool registered;
	int64_t stale_boot;	/* of a slurmd that was up before the submit:
				 * an older clone that woke late */
	int64_t at[PHASES];	/* when the cycle entered each phase */

	/* The end. */
	enum cause cause;	/* of being condemned; or the task's error */
	char why[RECORD_TEXT_SIZE];
	enum release release;
	bool off_sent;		/* a power-off was sent, and may come late */
	char refusal[RECORD_TEXT_SIZE];	/* the guard's last verdict, or "" */
	bool recorded;		/* the record of absence is written */
	unsigned evidence;
	char inventory_only[RECORD_TEXT_SIZE];	/* why no EVIDENCE_DATASTORE */
	bool another;		/* another clone of ours has the name: after
				 * this one it has to be released, too */
	int64_t free_by;	/* Slurm frees the name by itself about then */
	bool hold;		/* an admin keeps the VM */

	/* Slurm. */
	enum tell tell;
	enum cause tell_cause;
	uint32_t tell_job;
	bool tell_all;		/* others may hold the node, too: each is told,
				 * in the order in which they got it */
	int64_t tell_start;	/* tell_job's turn in that; s, Slurm's */
	int64_t tell_since;
	char tell_text[RECORD_TEXT_SIZE];
	bool taken;		/* Slurm has taken the node since: the job is
				 * to be told, and that is all */
	bool told_job;		/* the last failure reached its job */
	uint32_t intruder;	/* second job on a used VM */
	int64_t intruder_since;	/* when its prolog asked */
	enum intrusion intrusion;
	uint32_t prolog_job;	/* a prolog that came before its request */
	int64_t prolog_asked;
	bool settle;		/* tell Slurm that the name is free */
	bool needs_human;	/* to be drained until somebody resumes it */
	char admin_drain[NODEVIEW_REASON_SIZE];	/* to be set again */

	/* Retries of the acts themselves. */
	uint32_t vm_tries;
	int64_t vm_not_before;
	uint32_t slurm_tries;
	int64_t slurm_not_before;
	char error[RECORD_TEXT_SIZE];	/* the last one, for status */

	/* Of this process only: neither encoded nor kept over a restart. */
	char renamed[OWNER_CLUSTER_SIZE];	/* the cluster's name for the
				 * next cycle, when it changed; or "" */
	enum cause waits_for;		/* a lane: for what it is told to have
					 * failed, if none comes in time */
	enum action_kind vm_busy;	/* the act under way on the VM */
	enum action_kind slurm_busy;	/* the act under way in Slurm */
	enum action_kind slurm_failed;	/* others go first now */
	int64_t slurm_token;		/* what the act under way is for */
	uint32_t unproven;		/* proofs of absence, one after the
					 * other, that found a VM */
	uint32_t lags;			/* and of those that found none, but
					 * its directory */
	char sent_drain[ACTION_TEXT_SIZE];
	int64_t absent_since;		/* monotonic: when a look first found
					 * nothing of the submit; 0: none */
	int64_t stepped_at;		/* the last event's time */
	bool untold;			/* the job that was told may have had
					 * the node anew since */
	int64_t looked_at;		/* when SLURM_LOOK was asked last */
	uint32_t looked_about;		/* and about which job */
	enum cause failed;		/* by this step, see struct outcome */
	char quarantine[RECORD_TEXT_SIZE];	/* why the journal's record
				 * could not be read, or "": until an admin
				 * clears it, no request is served */
	struct nodeview view;
};

/*
 * An absent record for a node. -1 CONFIG: names that cannot be a cluster's
 * or a VM's.
 */
int record_init(struct record *rec, const char *cluster, const char *node,
		struct err *err);

/*
 * The cluster is called so now. A VM that is there keeps the name that it is
 * marked with, and goes by it: the record takes the new one when it is absent,
 * or else with its next cycle.
 */
void record_rename(struct record *rec, const char *cluster);

/* Take the new name, if there is one; no VM is known by the old one. */
void record_take_name(struct record *rec);

/* max(last + 1, now): grows even when the clock or the journal goes back. */
uint64_t record_next_epoch(uint64_t last, int64_t now);

const char *record_phase_name(enum phase phase);
const char *record_release_name(enum release release);

/* The planner may give it a lane now. */
bool record_admissible(const struct record *rec, int64_t now);

/* It occupies a lane of rec->source. */
bool record_in_lane(const struct record *rec);

/* Its job was cancelled, or Slurm gave it up, before its node was up. */
bool record_is_unwanted(const struct record *rec);

/*
 * A VM of ours that no request explains, or that is unwanted, is about to be
 * released, and Slurm has not been asked since whether its node is up: a lost
 * journal, a clone that came too late for its epoch, or a long time without
 * scloned.
 */
bool record_doubts_orphan(const struct record *rec);

/*
 * The record's VM is said to be gone. Before its job and Slurm hear of it,
 * but for RECORD_DOUBT at most, the proof shows whether a later VM of ours has
 * the name: then the record is from the past, and the node serves another
 * job.
 */
bool record_doubts_loss(const struct record *rec, int64_t now);

/*
 * The VM stays until its job was told of the failure and Slurm took the node.
 * It may have come late, after its request was given up, and run a job, or do
 * so at any moment, whatever Slurm has shown. Slurm that answers and yet does
 * not take the node is waited for no longer than RECORD_DOUBT.
 */
bool record_tells_first(const struct record *rec, int64_t now);

/*
 * The node runs on a VM without a record, and the job whose prolog waits may
 * not be its first: the VM is not marked, and was up before that prolog began.
 */
bool record_may_be_used(const struct record *rec);

/* The request that Slurm's node is in now: next, req or NULL. */
const struct record_request *record_request(const struct record *rec);

/* The VM of the request is that job's, or known to be one that it shares. */
bool record_names(const struct record_request *req, uint32_t job);

/* Walk the sharers; start with *pos = 0. 0 at the end. */
uint32_t record_next_sharer(const struct record_request *req, size_t *pos);

/* The job's node is up without the mark that makes it the job's alone: a
 * slurmctld that was killed forgets what it had not written. */
bool record_mark_lost(const struct record *rec);

/*
 * The job whose prolog began then must not run on this node, see CURE_REQUEUE
 * and CURE_END: Slurm is being told, or has been.
 */
bool record_must_leave(const struct record *rec, uint32_t job, int64_t since);

/* A job that must not run on a shared VM waits until another failure has been
 * told: the record has room for one. */
bool record_has_to_tell(const struct record *rec);

/* A job other than the request's holds the node, and must still leave it. */
bool record_intruded(const struct record *rec);

enum wait {
	WAIT_ON,	/* the node comes up for the job, or may do so */
	WAIT_OVER,	/* it is up and marked, or waiting is in vain */
	WAIT_ASK,	/* it is another job's, or one of many jobs', or nobody
			 * knows whose: EVENT_PROLOG must say so */
	WAIT_REFUSED	/* this job must not start, and cannot be ended */
};

/* What a prolog of that job that began then does about this node. */
enum wait record_wait(const struct record *rec, uint32_t job, int64_t since);

/*
 * Append "v=1 node=... ...": key=value fields parted by one blank, values
 * percent-encoded, defaults left out. Lossless but for the last block.
 */
void record_encode(const struct record *rec, struct buf *out);

/*
 * Read what record_encode wrote. Unknown keys are skipped, missing ones
 * keep their default. -1 CONFIG: written by a newer version; PROTOCOL:
 * malformed or inconsistent. *rec is set on success only.
 */
int record_decode(const char *line, struct record *rec, struct err *err);

#endif
