/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - what slurmctld asked for, as the front ends hand it to scloned:
 * one JSON object, kept in a spool file or sent over the socket.
 *
 *	{"v":1,"id":"…","kind":"resume","time":µs,"argv":["vm[1-3]"],
 *	 "nodes":"vm[1-3]","features":"…","job":N,"resume":"…","note":"…"}
 *
 * "time" is when slurmctld started the front end (microseconds since 1970),
 * however late it ran: what came after that is not what it is about;
 * "argv" are the raw arguments behind the program's name; "nodes" is the
 * hostlist found among them; "features" (22.05 with a node_features plugin)
 * and "job" (SLURM_JOB_ID) are optional. "resume" is the text of
 * SLURM_RESUME_FILE as slurmctld wrote it, not parsed here; it holds text of
 * users, so it is hostile. "note" says why "resume" is missing.
 */
#ifndef SCLONE_IPC_REQUEST_H
#define SCLONE_IPC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"

#define REQUEST_ID_SIZE 42		/* 16 + 1 + 7 + 1 + 16 and a NUL */
#define REQUEST_ARGS_MAX 64		/* arguments kept */
#define REQUEST_ARG_MAX (1024 * 1024)	/* bytes of one argument */
#define REQUEST_RESUME_MAX (4 * 1024 * 1024)	/* of SLURM_RESUME_FILE */
#define REQUEST_SIZE_MAX (12 * 1024 * 1024)	/* of the encoded request */

enum request_kind {
	REQUEST_RESUME,
	REQUEST_SUSPEND,
	REQUEST_RESUME_FAIL,
};

struct request {
	char id[REQUEST_ID_SIZE];	/* sorts by time; never used twice */
	enum request_kind kind;
	int64_t time_us;
	size_t argc;
	char **argv;
	char *nodes;
	char *features;		/* NULL: not given */
	int64_t job;		/* 0: not given */
	char *resume;		/* NULL: not given */
	char *note;		/* NULL: nothing to say */
};

/*
 * A new request of this process with a fresh id, which has the current time:
 * the spool is in the order of writing. Of argv the first
 * REQUEST_ARGS_MAX are kept; nodes is the hostlist (not parsed here), and
 * features may be NULL. NULL and CONFIG (one is too long, or not UTF-8) or
 * FATAL.
 */
struct request *request_create(enum request_kind kind, size_t argc,
			       char *const *argv, const char *nodes,
			       const char *features, struct err *err);

/* Accepts NULL. */
void request_destroy(struct request *request);
CLEANUP_DEFINE(struct request *, request_destroy)
#define cleanup_request cleanup_with(request_destroy_cleanup_)

/*
 * Keep the text of SLURM_RESUME_FILE. Bytes that are no UTF-8 become '?':
 * one user's job must not make the others' unreadable.
 */
int request_set_resume(struct request *request, const char *text, size_t len,
		       struct err *err);

/* Say why there is no resume text. */
int request_set_note(struct request *request, const char *note,
		     struct err *err);

/* As a JSON object owned by the caller; NULL when out of memory. */
struct json *request_to_json(const struct request *request, struct err *err);

/* Strictly back from it: PROTOCOL names the member that is wrong. */
struct request *request_from_json(const struct json *json, struct err *err);

/* One line with its newline, appended to out; at most REQUEST_SIZE_MAX. */
int request_encode(const struct request *request, struct buf *out,
		   struct err *err);
struct request *request_decode(const char *text, size_t len, struct err *err);

/* "resume", "suspend", "resume-fail". */
const char *request_kind_name(enum request_kind kind);

/* Whether text has an id's form: digits and lower-case hex in three fields. */
bool request_is_id(const char *text);

#endif
