/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage - an executor alone before an emulated vCenter: records and acts in,
 * events out.
 */
#ifndef SCLONE_TESTSUITE_STAGE_H
#define SCLONE_TESTSUITE_STAGE_H

#include "common/base/buf.h"
#include "common/clone/executor.h"
#include "emulated.h"

#define STAGE_ESX01 "/DC1/vm/templates/rocky9-esx01"
#define STAGE_ESX02 "/DC1/vm/templates/rocky9-esx02"
#define STAGE_KEY "0123456789abcdef0123456789abcdef"
#define STAGE_KEPT_MAX 16
#define STAGE_FOLDER "/DC1/vm/slurm-clones"
#define STAGE_POOL "/DC1/host/hpc/Resources/slurm"

/* An event that has come, with its strings. */
struct stage_seen {
	struct event ev;
	char node[OWNER_NODE_SIZE];
	char task[RECORD_MOREF_SIZE], vm[RECORD_MOREF_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];
	char text[512];
	char directory[RECORD_DIRECTORY_SIZE];
};

/* A member of a folder, as it is to be kept; "": none. */
struct stage_member {
	char path[256], vm[MOREF_ID_SIZE], instance_uuid[UUID_TEXT_SIZE];
};

struct stage {
	struct emulated vc;
	struct config *config;
	struct executor *executor;
	unsigned looks;		/* at the sources */
	unsigned changes;	/* of them, by looks or news */
	int64_t seen;		/* the last look */
	unsigned kept;		/* sources that were new */
	char past[STAGE_KEPT_MAX][2][64];	/* their ids, instanceUuids */
	struct stage_member members[STAGE_KEPT_MAX];
	char former[256];	/* path of the member renamed last */
	unsigned unwatched;	/* clones */
	struct err unwatched_why;	/* the last one */
	const char *needed;	/* the source that clones need, or NULL */
	unsigned ended, shown;	/* ends of acts; what VMs show */
	struct stage_seen end, show;	/* the last of each */
	struct moref made;	/* by stage_foreign() */
	unsigned foreign_ended;
};

/* Ends the program when it cannot. */
void stage_start(struct stage *stage);
void stage_stop(struct stage *stage);

/* As after a restart: another executor, with these sources in its
 * configuration ("a,b"), which has looked at them. */
void stage_restart(struct stage *stage, const char *sources);

/* The same, but it has not looked yet. */
void stage_reopen(struct stage *stage, const char *sources);

/* A record that is about to be cloned from rocky9-esx01; epochs grow. */
void stage_record(struct record *rec, const char *node);

/* Hand in an act, and await its end. */
void stage_ask(struct stage *stage, const struct record *rec,
	       enum action_kind kind, enum guard_level level);
const struct stage_seen *stage_act(struct stage *stage,
				   const struct record *rec,
				   enum action_kind kind);
const struct stage_seen *stage_guard(struct stage *stage,
				     const struct record *rec,
				     enum guard_level level);

/* Another executor, whose first look at its one source, STAGE_ESX01, takes its
 * time. */
void stage_reopen_slowly(struct stage *stage);

/* Hand in an act, and again after each look while it ends for a passing
 * reason. */
const struct stage_seen *stage_insist(struct stage *stage,
				      const struct record *rec,
				      enum action_kind kind);

/* POWER_OFF or DESTROY with the verdict it needs, which must be good. */
const struct stage_seen *stage_guarded(struct stage *stage,
				       const struct record *rec,
				       enum action_kind kind);

/* Submit, watch and read back: a whole clone, known to its record. */
void stage_clone(struct stage *stage, struct record *rec, const char *node);

/* A clone by somebody else, into our folder. It is not awaited; it goes on
 * in stage->foreign_ended and stage->made. */
void stage_foreign(struct stage *stage, const struct moref *source,
		   const char *name, const char *bios_uuid);

/* /lab/vm: the action, with more members (",\"k\":\"v\"", or ""). */
void stage_harm(struct stage *stage, const char *vm, const char *action,
		const char *more);

/* How long clones take from now on. */
void stage_delay(struct stage *stage, unsigned ms);

/* All files of the sources, with their names, byte for byte. */
void stage_parents(const struct stage *stage, struct buf *out);

#endif
