/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command - the subcommands of sclone, one file each, and what they share.
 */
#ifndef SCLONE_SCLONE_COMMAND_H
#define SCLONE_SCLONE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"

/* Exit statuses, as monitoring systems read them. */
enum command_exit {
	COMMAND_OK = 0,
	COMMAND_WARNING = 1,	/* something needs a look */
	COMMAND_CRITICAL = 2,	/* it does not work, or a wrong call */
};

/* The options that every subcommand knows. */
struct command_options {
	const char *config;	/* --config FILE */
	const char *socket;	/* --socket PATH, or NULL: the config's */
	bool json;		/* --json */
};

struct command {
	const char *name;
	const char *arguments;	/* for the help */
	const char *help;
	int (*run)(const struct command_options *options, int argc,
		   char **argv);
};

int check_command(const struct command_options *options, int argc,
		  char **argv);
int status_command(const struct command_options *options, int argc,
		   char **argv);
int history_command(const struct command_options *options, int argc,
		    char **argv);
int receipt_command(const struct command_options *options, int argc,
		    char **argv);
int template_command(const struct command_options *options, int argc,
		     char **argv);
int generate_command(const struct command_options *options, int argc,
		     char **argv);
int pause_command(const struct command_options *options, int argc,
		  char **argv);
int unpause_command(const struct command_options *options, int argc,
		    char **argv);
int hold_command(const struct command_options *options, int argc,
		 char **argv);
int unhold_command(const struct command_options *options, int argc,
		   char **argv);
int reconcile_command(const struct command_options *options, int argc,
		      char **argv);
int snapshot_command(const struct command_options *options, int argc,
		     char **argv);
int plan_command(const struct command_options *options, int argc,
		 char **argv);
int why_command(const struct command_options *options, int argc,
		char **argv);
int release_command(const struct command_options *options, int argc,
		    char **argv);
int reload_command(const struct command_options *options, int argc,
		   char **argv);

#define COMMAND_ASK_US INT64_C(30000000)

/*
 * Ask scloned and read the reply, at most COMMAND_ASK_US. The request is
 * taken over. NULL with the reason printed; the reply is owned by the caller.
 */
struct json *command_ask(const struct command_options *options,
			 struct json *request);

/* The same, for what takes longer or must not. */
struct json *command_ask_within(const struct command_options *options,
				struct json *request, int64_t limit_us);

/* A request for a verb; prints and returns NULL when out of memory. */
struct json *command_request(const char *verb);

/* "sclone: what: text" on standard error; returns COMMAND_CRITICAL. */
int command_fail(const char *what, const struct err *err);

/* The same for config_read()'s error, and what to do about no file. */
int command_fail_config(const struct err *err);

/* Print a reply for a program to read; returns COMMAND_OK. */
int command_print_json(const struct json *reply);

/* "3.2s", "5m12s", "2h03m", "9d04h" of µs; out has 16 bytes. */
void command_age(int64_t us, char *out);

/* Optional members of a row, "" or 0 when absent or of another type. */
const char *command_str(const struct json *row, const char *key);
int64_t command_int(const struct json *row, const char *key);
bool command_bool(const struct json *row, const char *key);

#endif
