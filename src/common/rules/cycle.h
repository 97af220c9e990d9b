/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cycle - the engine's transitions from one phase to another. Internal to
 * the engine: callers have checked that the transition is right.
 */
#ifndef SCLONE_RULES_CYCLE_H
#define SCLONE_RULES_CYCLE_H

#include "engine.h"

void cycle_enter(struct record *rec, enum phase phase, int64_t now);

/* Start a new epoch for rec->req. */
void cycle_begin(struct record *rec, int64_t now);

/* After a restart: nothing was submitted in the epoch as far as the journal
 * knows; but it may be an older one. */
void cycle_renew(struct record *rec, int64_t now);

/* The clone was refused before anything was made: try again under a new
 * epoch, or condemn the cycle. */
void cycle_again(const struct engine_conf *conf, struct record *rec,
		 enum cause cause, const char *text, int64_t now);

/* The VM, if there is one, must go; the request is retried (it then waits
 * in rec->next), failed or over, as the cause says. */
void cycle_condemn(const struct engine_conf *conf, struct record *rec,
		   enum cause cause, const char *text, int64_t now);

/* The request is lost: tell its job and give the node back. */
void cycle_fail(struct record *rec, const struct record_request *req,
		enum cause cause, const char *text, int64_t now);

/* Whom to tell of the failure: that job, or nobody. */
void cycle_tell(struct record *rec, uint32_t job);

/* A VM of ours from another epoch holds the name: release it first. Is it
 * of a later one, the requests from before it are forgotten. */
void cycle_adopt(struct record *rec, const struct event *ev);

/* Release what may be there under this name, in the epoch of the record. */
void cycle_sweep(struct record *rec, enum cause cause, int64_t now);

/* Next step of a release. */
void cycle_release(struct record *rec, enum release release);

/* Absence is recorded: start the request that waits, or rest. */
void cycle_end(struct record *rec, int64_t now);

/* Pause before the next try of an act on the VM, or in Slurm. */
void cycle_pause_vm(const struct engine_conf *conf, struct record *rec,
		    int64_t now);
void cycle_pause_slurm(const struct engine_conf *conf, struct record *rec,
		       int64_t now);

/* That act in Slurm has worked: the next pause is a short one again, unless
 * it is another act that fails, and needs this one before each try. */
void cycle_slurm_works(struct record *rec, enum action_kind act);

/* What follows has nothing to do with what Slurm did not do until now. */
void cycle_slurm_anew(struct record *rec);

/* Long after its deadline its node boots: Slurm has to be asked whether it is
 * for the same job. */
bool cycle_doubts_boot(const struct engine_conf *conf,
		       const struct record *rec, int64_t now);

/* All that follows from the time and the view without an event. */
void cycle_tidy(const struct engine_conf *conf, struct record *rec,
		int64_t now);

/*
 * Slurm has taken the node at that time. Whatever job it had: a failure that
 * was to be told before is none of the next one's, which may have the same
 * number.
 */
void cycle_taken(struct record *rec, int64_t at);

/*
 * Whether Slurm took the node is not known. If the job that was told has it,
 * it may have got it anew since: then it is told again before it loses it.
 */
void cycle_tell_again(struct record *rec);

/* Slurm gave up the node at that time; until when the name is ours alone. */
void cycle_free_by(const struct engine_conf *conf, struct record *rec,
		   int64_t since);

#endif
