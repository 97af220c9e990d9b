/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sclone-prolog - PrologSlurmctld: holds the job's launch until its nodes
 * are up.
 *
 * slurmctld launches a configuring batch job at once when its
 * PrologSlurmctld ends (prolog_running_decr), else at the next 30 s tick.
 * scloned watches the nodes for all waiters. No failure of ours may harm the
 * job: without scloned, or past the time limit, the answer is 0 and the tick
 * does the work. A chained program's status is passed on. A job must not
 * start when scloned refuses it, because another one has the VM or because
 * the VM is of another template; nor when nobody can tell whether its
 * --template was heard, or when a prolog before has let another job onto the
 * node since its VM was made, as far as one can see: ipc/claim.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/conf.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/base/table.h"
#include "common/ipc/wire.h"
#include "chain.h"
#include "claims.h"
#include "sanitise.h"

#define TIMEOUT_MAX_S 86400
#define PAUSE_US 250000			/* between two calls */
#define LASTED_US (5 * CLOCK_US_PER_S)	/* a call that was no failed start */

#define CHAIN "ChainPrologSlurmctld"	/* in sclone.conf */

/* What slurmctld says of the job. Of these names, only slurmctld sets the
 * last: SPANK_ and what spank/sclone's option is called. */
#define JOB_ID "SLURM_JOB_ID"
#define JOB_NODES "SLURM_JOB_NODELIST"
#define JOB_RUN "SLURM_JOB_RESTART_COUNT"
#define JOB_FEATURES "SLURM_JOB_CONSTRAINTS"
#define JOB_TEMPLATE "SPANK__SLURM_SPANK_OPTION_sclone_template"

struct options {
	const char *socket;
	const char *spool;
	const char *conf;
	const char *chain;	/* NULL: the configuration file's */
	uint64_t timeout_s;	/* for the whole wait */
	uint64_t patience_s;	/* with a scloned that does not answer */
	bool help, version;
};

static const struct option _long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "spool", required_argument, NULL, 'd' },
	{ "conf", required_argument, NULL, 'c' },
	{ "chain", required_argument, NULL, 'p' },
	{ "timeout", required_argument, NULL, 't' },
	{ "patience", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int _take_option(int c, struct options *options, struct err *err)
{
	switch (c) {
	case 's':
		options->socket = optarg;
		return 0;
	case 'd':
		options->spool = optarg;
		return 0;
	case 'c':
		options->conf = optarg;
		return 0;
	case 'p':
		options->chain = optarg;
		return 0;
	case 't':
		return parse_duration(optarg, 0, TIMEOUT_MAX_S,
				      &options->timeout_s, err);
	case 'r':
		return parse_duration(optarg, 0, TIMEOUT_MAX_S,
				      &options->patience_s, err);
	case 'h':
		options->help = true;
		return 0;
	case 'V':
		options->version = true;
		return 0;
	default:
		return err_set(err, ERR_CONFIG, "unknown option");
	}
}

static void _parse_options(int argc, char **argv, struct options *options)
{
	struct err err = ERR_INIT;

	opterr = 0;
	for (;;) {
		int c = getopt_long(argc, argv, "+", _long_options, NULL);

		if (c < 0)
			return;
		if (_take_option(c, options, &err))
			log_warn("an option is ignored: %s", err.text);
	}
}

/* What the configuration file says that matters here. What cannot be read
 * stays unknown; scloned and `sclone check` complain about it. */
struct facts {
	struct conf *conf;	/* NULL: not read */
	const char *chain;	/* borrowed; NULL: none, or unknown */
	char kept[PATH_MAX];	/* what it may be borrowed from */
	struct table *nodes;	/* NULL: unknown */
	struct table *single;	/* those whose VMs serve one job; the same */
};

static void _facts_clear(struct facts *facts)
{
	table_destroy(facts->nodes);
	table_destroy(facts->single);
	conf_destroy(facts->conf);
}

static int _add_nodes(struct table *nodes, const char *text, struct err *err)
{
	cleanup_hostlist struct hostlist *list = NULL;

	list = hostlist_parse(text, HOSTLIST_MAX, err);
	if (!list)
		return -1;
	for (size_t i = 0; i < hostlist_count(list); i++) {
		/* the value only has to be there */
		if (table_set(nodes, hostlist_at(list, i), nodes, err))
			return -1;
	}
	return 0;
}

static bool _is_shared(const struct conf_line *line)
{
	const char *value = conf_value(line, "Isolation");

	return value && !strcasecmp(value, "shared");
}

/* The value of a key on the last line that has it, or NULL. */
static const char *_value(const struct conf *conf, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < conf_count(conf); i++) {
		const char *found = conf_value(conf_line(conf, i), key);

		value = found ? found : value;
	}
	return value;
}

/* A file that is just being written may be empty, or end early: without what
 * each has, it does not say which chain there is, nor that there is none. */
static int _read_conf(const char *path, struct facts *facts, struct err *err)
{
	cleanup_conf struct conf *conf = conf_read(path, err);

	if (!conf)
		return -1;
	if (!_value(conf, "ClusterName") || !_value(conf, "NodeName"))
		return err_set(err, ERR_CONFIG, "%s: it has no ClusterName, "
			       "or no NodeName", path);
	facts->conf = steal_ptr(&conf);
	return 0;
}

/* The file may end within the path: what there is not is no reason to forget
 * what there is. */
static bool _is_cut(const struct options *options, struct facts *facts)
{
	return facts->chain && !chain_exists(facts->chain) &&
	       chain_recall(options->spool, facts->kept, NULL) > 0 &&
	       chain_exists(facts->kept);
}

/* What the site checks is checked, whatever state the file is in. */
static void _find_chain(const struct options *options, struct facts *facts)
{
	struct err err = ERR_INIT;

	if (options->chain) {
		facts->chain = options->chain;
	} else if (facts->conf) {
		facts->chain = _value(facts->conf, CHAIN);
		if (_is_cut(options, facts)) {
			log_error(CHAIN "=%s is no program: %s is run, as "
				  "before", facts->chain, facts->kept);
			facts->chain = facts->kept;
		} else if (chain_keep(options->spool, facts->chain, &err))
			log_warn(CHAIN "= is not noted: %s", err.text);
	} else if (chain_recall(options->spool, facts->kept, &err) > 0) {
		facts->chain = facts->kept;
		log_warn(CHAIN "=%s, as it was before", facts->kept);
	} else if (err.code) {
		log_error(CHAIN "= is not known: %s", err.text);
	}
}

static int _find_nodes(struct facts *facts, struct err *err)
{
	cleanup_table struct table *nodes = table_create(HOSTLIST_MAX, NULL);
	cleanup_table struct table *single = table_create(HOSTLIST_MAX, NULL);

	if (!nodes || !single)
		return err_nomem(err);
	for (size_t i = 0; i < conf_count(facts->conf); i++) {
		const struct conf_line *line = conf_line(facts->conf, i);
		const char *value = conf_value(line, "NodeName");

		if (value && _add_nodes(nodes, value, err))
			return -1;
		if (value && !_is_shared(line) &&
		    _add_nodes(single, value, err))
			return -1;
	}
	facts->nodes = steal_ptr(&nodes);
	facts->single = steal_ptr(&single);
	return 0;
}

/* In doubt, yes: scloned knows better. */
static bool _has_our_nodes(const struct facts *facts, const char *nodes)
{
	cleanup_hostlist struct hostlist *list = NULL;

	list = hostlist_parse(nodes, HOSTLIST_MAX, NULL);
	if (!facts->nodes || !list)
		return true;
	for (size_t i = 0; i < hostlist_count(list); i++) {
		if (table_get(facts->nodes, hostlist_at(list, i)))
			return true;
	}
	return false;
}

static void _pause(void)
{
	struct timespec pause = { 0, PAUSE_US * 1000 };

	(void) nanosleep(&pause, NULL);
}

/* Whether a new attempt may find a scloned that has restarted. */
static bool _may_return(const struct err *err)
{
	return err->code == ERR_TRANSIENT || err->code == ERR_UNKNOWN ||
	       err->code == ERR_BUSY;
}

/* 0: the job may start. */
static int _status(const struct json *reply)
{
	const char *why = NULL;

	if (json_get_str_or(reply, "refused", NULL, &why, NULL) || !why)
		return 0;
	log_error("the job does not start: %s", why);
	return 1;
}

/* -1 when there is no answer to be had. */
static int _wait(const struct options *options, const struct json *call,
		 struct err *err)
{
	int64_t patience = (int64_t) options->patience_s * CLOCK_US_PER_S;
	int64_t now = clock_mono_us(), lost = now, start;
	int64_t deadline = now +
			   (int64_t) options->timeout_s * CLOCK_US_PER_S;

	for (;;) {
		cleanup_json struct json *reply = NULL;

		start = now;
		reply = wire_call(options->socket, call, deadline, err);
		if (reply)
			return _status(reply);
		now = clock_mono_us();
		if (now - start > LASTED_US)
			lost = now;
		if (!_may_return(err) || now + PAUSE_US >= deadline ||
		    now - lost >= patience)
			return -1;
		_pause();
		now = clock_mono_us();
	}
}

static int _put_env(struct json *call, const char *key, const char *name)
{
	const char *value = getenv(name);

	return value && *value ? json_put_str(call, key, value) : 0;
}

static int _wait_for_nodes(const struct options *options,
			   const struct claims *claims, struct err *err)
{
	cleanup_json struct json *call = wire_request("wait", err);

	if (!call)
		return -1;
	if (json_put_int(call, "job", claims->mine.job) ||
	    claims_tell(claims, call) ||
	    _put_env(call, "nodes", JOB_NODES) ||
	    _put_env(call, "features", JOB_FEATURES) ||
	    _put_env(call, "template", JOB_TEMPLATE) ||
	    json_put_int(call, "since", clock_wall_us()))
		return err_nomem(err);
	return _wait(options, call, err);
}

/*
 * Whether --template, if it is given, is a feature of the job's for sure:
 * then its nodes were asked for as that. Alternatives do not tell.
 */
static bool _is_heard(void)
{
	const char *name = getenv(JOB_TEMPLATE);
	const char *at = getenv(JOB_FEATURES);
	bool found = false;

	if (!name || !*name)
		return true;
	while (at && *at && !found && !strchr(at, '|')) {
		size_t len = strcspn(at, "&[](),*");

		found = len == strlen(name) && !strncmp(at, name, len);
		at += len ? len : 1;
	}
	return found;
}

/* The wait did not end as it should. */
static int _unanswered(const struct claims *claims, const struct err *err)
{
	struct err why = ERR_INIT;

	if (!_is_heard()) {
		log_error("job %.20s does not start: nobody can tell whether "
			  "its nodes are what --template names: %s",
			  getenv(JOB_ID), err->text);
		return 1;
	}
	if (claims_ask(claims, &why)) {
		log_error("job %.20s does not start: %s, and scloned cannot "
			  "be asked: %s", getenv(JOB_ID), why.text, err->text);
		return 1;
	}
	log_warn("job %.20s starts without waiting for its nodes: %s",
		 getenv(JOB_ID), err->text);
	return 0;
}

static int _read_job(struct claim *claim, struct err *err)
{
	const char *text = getenv(JOB_RUN);
	uint64_t job, run = 0;

	if (parse_u64(getenv(JOB_ID), 1, UINT32_MAX, &job, err))
		return -1;
	if (text && parse_u64(text, 0, UINT32_MAX, &run, err))
		return -1;
	*claim = (struct claim) { (uint32_t) job, (uint32_t) run };
	return 0;
}

static int _hold(const struct options *options, const struct facts *facts,
		 const char *nodes)
{
	cleanup_hostlist struct hostlist *list = NULL;
	struct claims claims = { .spool = options->spool,
				 .single = facts->single };
	struct err err = ERR_INIT;
	int status = -1;

	list = hostlist_parse(nodes, HOSTLIST_MAX, NULL);
	claims.nodes = list;
	if (_read_job(&claims.mine, &err) == 0)
		status = _wait_for_nodes(options, &claims, &err);
	else
		claims.nodes = NULL;	/* whose would they be? */
	if (status == 0)
		claims_take(&claims);
	return status < 0 ? _unanswered(&claims, &err) : status;
}

/* A program that is not there is passed over, as slurmctld does. One that is
 * there and was not run, or whose end is not known, has not let the job pass:
 * slurmctld requeues it. */
static int _run_chain(const struct facts *facts)
{
	struct err err = ERR_INIT;
	int status = 0;

	if (!facts->chain)
		return 0;
	if (chain_run(facts->chain, &status, &err)) {
		log_error("%s", err.text);
		status = err.code == ERR_CONFIG ? 0 : 1;
	} else if (status) {
		log_info("%s ended with status %d", facts->chain, status);
	}
	return status;
}

/* While nothing but waiting is going on: leave the job to Slurm. */
static void _on_term(int signo)
{
	(void) signo;
	_exit(0);
}

static int _run(const struct options *options)
{
	const char *nodes = getenv(JOB_NODES);
	struct facts facts = { 0 };
	struct err err = ERR_INIT;
	int status;

	if (_read_conf(options->conf, &facts, &err))
		log_warn("not read: %s", err.text);
	_find_chain(options, &facts);
	status = _run_chain(&facts);
	if (facts.conf && _find_nodes(&facts, &err))
		log_warn("not read: %s", err.text);
	if (!status && nodes && getenv(JOB_ID) &&
	    _has_our_nodes(&facts, nodes)) {
		(void) signal(SIGTERM, _on_term);
		status = _hold(options, &facts, nodes);
	}
	_facts_clear(&facts);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {
		.socket = DEFAULT_SOCKET,
		.spool = DEFAULT_SPOOL,
		.conf = DEFAULT_CONF,
		.timeout_s = 1200,
		.patience_s = 60,
	};

	(void) sanitise_process();
	log_open("sclone-prolog", LOG_LEVEL_INFO, true);
	_parse_options(argc, argv, &options);
	if (options.help || options.version) {
		printf(options.help ? "usage: %s [--timeout TIME] "
				      "[--patience TIME] [--conf FILE]\n"
				      "\t[--chain PROGRAM] [--socket PATH] "
				      "[--spool DIR]\n"
				      "\nSee sclone-prolog(8).\n"
				    : "%s " PACKAGE_VERSION "\n",
		       "sclone-prolog");
		return 0;
	}
	return _run(&options);
}
