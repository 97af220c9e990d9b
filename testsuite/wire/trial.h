/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial - one clone, harmed in some way, before the guard: may it be powered
 * off, may it be destroyed? What may, is; then the clone's own files are
 * gone. Whatever the verdict, all other files on all datastores are compared
 * byte for byte with what they were. The emulator deletes a parent's file
 * when it is told to.
 */
#ifndef SCLONE_TESTSUITE_TRIAL_H
#define SCLONE_TESTSUITE_TRIAL_H

#include "stage.h"

#define TRIAL_HARMS_MAX 4

/* The clone on trial and a second one, both fresh for each case. */
#define TRIAL_OURS "$ours"
#define TRIAL_OTHER "$other"
/* Powered on and no clone of ours, in the folder of the sources. */
#define TRIAL_FOREIGN "/DC1/vm/templates/running"

/* A POST to /lab/vm. In members, TRIAL_OURS and TRIAL_OTHER stand for the
 * inventory paths of the two. */
struct trial_harm {
	const char *vm;		/* one of those above, or a path */
	const char *action;
	const char *members;	/* "\"name\":\"x\"", or NULL */
};

struct trial_case {
	const char *what;
	struct trial_harm harms[TRIAL_HARMS_MAX];
	struct trial_harm undo;		/* when the case is over */
	/* Or whatever cannot be said so; may also change the record. */
	void (*harm)(struct stage *stage, struct record *rec,
		     const struct record *other);
	const char *why_off;	/* a part of the refusal; NULL: allowed */
	const char *why;	/* to destroy it */
};

/* Each case is some tests; those of a list, one after the other. */
void trial_run(struct stage *stage, const struct trial_case *list,
	       size_t count);

/* Part of a case, for those that have steps of their own. */
void trial_harm(struct stage *stage, const struct trial_harm *harm,
		const struct record *rec, const struct record *other);

/* Judge at a level; as a test. why NULL: allowed. */
void trial_judge(struct stage *stage, const struct record *rec,
		 enum guard_level level, const char *why, const char *what);

/* Powered off with a verdict, destroyed with another, proven gone. */
void trial_destroy(struct stage *stage, const struct record *rec);

/* What all files are; to be held against later. */
struct trial_files;
struct trial_files *trial_files_read(const struct stage *stage);
void trial_files_destroy(struct trial_files *files);

/* As a test: all files of then that do not lie in the directory (NULL: all)
 * are what they were. */
void trial_files_same(struct stage *stage, const struct trial_files *then,
		      const char *except, const char *what);

#endif
