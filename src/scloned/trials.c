/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/ipc/verbs.h"
#include "daemon.h"
#include "subject.h"
#include "trial_choice.h"
#include "trial_row.h"
#include "trials.h"

#define META "test/"		/* and the source's path; the value: a row */
#define META_SIZE (sizeof(META) + RECORD_SOURCE_SIZE)
#define TRIALS_MAX (2 * CONFIG_SOURCES_MAX)
#define LIMIT_US (60 * CLOCK_US_PER_S)	/* of a call to Slurm */
#define AGAIN_US (10 * CLOCK_US_PER_S)	/* Slurm is asked once more */
#define RETRY_US (2 * CLOCK_US_PER_S)	/* after it did not answer */
#define LOOK_US CLOCK_US_PER_S

struct entry {
	struct trial trial;
	struct trials *trials;
	const char *asked;	/* the verb that Slurm was given last */
	int64_t again;		/* when it may be given once more */
	bool calling;
	bool looked;		/* at its source, or nothing hangs on it */
	struct server_call *call;	/* waits for the end, or NULL */
};

struct trials {
	struct daemon *daemon;
	struct loop_timer *timer;
	struct table *table;	/* of entries, by source */
	size_t running;
};

/* --- the journal -------------------------------------------------------- */

static void _meta(const char *source, char out[META_SIZE])
{
	snprintf(out, META_SIZE, META "%s", source);
}

static int _save(struct trials *trials, const struct trial *trial,
		 struct err *err)
{
	cleanup_json struct json *row = trial_row(trial);
	char name[META_SIZE];
	cleanup_buf struct buf text;

	buf_init(&text, JOURNAL_TEXT_MAX);
	if (!row)
		return err_nomem(err);
	json_print(row, &text);
	if (buf_ok(&text, "test", err) < 0)
		return -1;
	_meta(trial->source, name);
	return journal_set_meta(trials->daemon->journal, name,
				buf_str(&text), err);
}

static void _forget(struct trials *trials, const char *source)
{
	char name[META_SIZE];

	_meta(source, name);
	(void) journal_forget_meta(trials->daemon->journal, name, NULL);
	free(table_take(trials->table, source));
}

static struct entry *_insert(struct trials *trials, const struct trial *trial,
			     struct err *err)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		err_nomem(err);
		return NULL;
	}
	entry->trial = *trial;
	entry->trials = trials;
	if (table_set(trials->table, trial->source, entry, err) < 0) {
		free(entry);
		err_wrap(err, "tests");
		return NULL;
	}
	trials->running += !trial->ended;
	return entry;
}

static int _load(const char *name, const char *value, void *arg,
		 struct err *err)
{
	struct trials *trials = arg;
	struct err why = ERR_INIT;
	cleanup_json struct json *row = json_parse(value, strlen(value),
						   &why);
	struct trial trial;

	if (!row || trial_row_read(row, &trial, &why) < 0) {
		log_error("journal: %s: %s: this test is forgotten", name,
			  why.text);
		return 0;
	}
	return _insert(trials, &trial, err) ? 0 : -1;
}

/* Results of sources that left sclone.conf are of no use to anybody. */
static void _prune(struct trials *trials)
{
	const struct entry *entry;
	const char *source;
	size_t pos = 0;

	while ((entry = table_next(trials->table, &pos, &source)) != NULL)
		if (entry->trial.ended &&
		    !config_has_source(trials->daemon->config, source))
			_forget(trials, entry->trial.source);
}

/* --- the answer --------------------------------------------------------- */

static struct json *_reply(const struct trial *trial)
{
	cleanup_json struct json *reply = json_new_object();
	int rc = reply ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(reply, "source", trial->source);
	rc |= json_put_str(reply, "template", trial->template_name);
	rc |= json_put(reply, "test", trial_row_shown(trial));
	return rc == 0 ? steal_ptr(&reply) : NULL;
}

/* The test goes on without who asked for it. */
static void _gone(struct server_call *call, void *arg)
{
	struct entry *entry = arg;

	entry->call = NULL;
	server_call_drop(call);
}

static void _answer(struct entry *entry)
{
	struct server_call *call = steal_ptr(&entry->call);

	if (call)
		server_call_reply(call, _reply(&entry->trial));
}

/* --- a step ------------------------------------------------------------- */

static void _asked(const struct json *answer, const struct err *failure,
		   void *arg)
{
	struct entry *entry = arg;
	bool up = !strcmp(entry->asked, "power_up");

	(void) answer;
	entry->calling = false;
	if (failure && (failure->code == ERR_TRANSIENT ||
			failure->code == ERR_UNKNOWN ||
			failure->code == ERR_BUSY))
		entry->again = clock_mono_us() + RETRY_US;
	else if (failure && up && !*entry->trial.request)
		trial_fail(&entry->trial, TRIAL_RESUME,
			   failure_cause(failure->code), failure->text);
	loop_timer_set(entry->trials->timer, 0);
}

/* Ask Slurm, unless that was done a moment ago. */
static void _ask(struct entry *entry, const char *verb)
{
	struct daemon *daemon = entry->trials->daemon;
	struct json *args;

	if (entry->calling ||
	    (entry->asked == verb && clock_mono_us() < entry->again))
		return;
	args = json_new_object();
	if (args)
		json_put_str(args, "nodes", entry->trial.node);
	entry->asked = verb;
	entry->again = clock_mono_us() + AGAIN_US;
	entry->calling = slurm_link_call(daemon->link, verb, args, LIMIT_US,
					 _asked, entry, NULL) == 0;
}

static void _tell(const struct trial *trial)
{
	if (trial->passed)
		log_info("test of %s on %s: passed", trial->source,
			 trial->node);
	else
		log_warn("test of %s on %s: failed at %s: (%s) %s",
			 trial->source, trial->node,
			 trial_step_name(trial->step),
			 failure_of(trial->cause)->name, trial->why);
}

/* A node that Slurm may still be about to power up is not needed. */
static void _end(struct entry *entry)
{
	entry->trial.ended = clock_wall_us();
	entry->trials->running--;
	daemon_hurry(entry->trials->daemon);
	if (!*entry->trial.request && entry->asked)
		_ask(entry, "power_down");
}

/* The source cannot be cloned as it is. */
static void _fail_source(struct trial *trial, const struct source *source)
{
	char state[32];

	snprintf(state, sizeof(state), "it is %s",
		 source_state_name(source->state));
	trial_fail(trial, TRIAL_SOURCE,
		   source->state == SOURCE_MISSING ? CAUSE_NOTFOUND
						   : CAUSE_BUSY,
		   *source->why ? source->why : state);
}

/* Why the test need not begin, by what is known of its source. */
static void _judge_source(struct entry *entry)
{
	struct trial *trial = &entry->trial;
	const struct sources *sources =
		executor_sources(entry->trials->daemon->executor);
	const struct source *source = sources_find(sources, trial->source);

	if (source && source->state != SOURCE_UNKNOWN)
		entry->looked = true;
	if (source && entry->looked && source->state != SOURCE_FROZEN)
		_fail_source(trial, source);
	else if (!source && sources_listed(sources))
		trial_fail(trial, TRIAL_SOURCE, CAUSE_NOTFOUND,
			   "it is no source any more");
	else if (!entry->looked && !*trial->request &&
		 clock_wall_us() - trial->since >= trial->limit)
		trial_fail(trial, TRIAL_SOURCE, CAUSE_TRANSIENT,
			   "vCenter has not told of it yet");
}

/* The first look at a source that was not known when the test was ordered, or
 * when scloned started. A node that waits for such a source waits in vain; a
 * clone that was begun is judged by how it goes. */
static void _await_look(struct entry *entry)
{
	struct fleet *fleet = entry->trials->daemon->fleet;
	struct trial *trial = &entry->trial;
	const struct record *rec = fleet_record(fleet, trial->node);
	bool served = trial_is_served(trial, rec);
	struct event end = { .kind = EVENT_CONDEMN, .cause = CAUSE_ADMIN,
			     .text = trial->why };

	if (entry->looked || trial->judged)
		return;
	if (served && rec->phase != PHASE_REQUESTED)
		entry->looked = true;
	else
		_judge_source(entry);
	if (trial->judged && served)
		fleet_event(fleet, trial->node, &end);
}

static enum trial_wish _go(struct entry *entry)
{
	struct trial *trial = &entry->trial;
	const struct record *rec =
		fleet_record(entry->trials->daemon->fleet, trial->node);
	enum trial_wish wish;

	if (rec) {
		_await_look(entry);
		rec = fleet_record(entry->trials->daemon->fleet, trial->node);
		wish = trial_go(trial, rec, clock_wall_us());
		if (wish == TRIAL_POWER_UP && !entry->looked)
			wish = TRIAL_WAIT;
		if (trial->judged && (rec->hold || *rec->refusal))
			_answer(entry);
		return wish;
	}
	trial_fail(trial, TRIAL_RESUME, CAUSE_NOTFOUND,
		   "the node is not in sclone.conf any more");
	return TRIAL_OVER;
}

static void _step(struct entry *entry)
{
	struct trials *trials = entry->trials;
	bool judged = entry->trial.judged;
	enum trial_wish wish = _go(entry);
	struct err err = ERR_INIT;

	if (wish == TRIAL_POWER_UP)
		_ask(entry, "power_up");
	else if (wish == TRIAL_POWER_DOWN)
		_ask(entry, "power_down");
	else if (wish == TRIAL_OVER)
		_end(entry);
	if (entry->trial.judged != judged)
		_tell(&entry->trial);
	if (entry->trial.judged == judged && !entry->trial.ended)
		return;
	/* What is not kept is concluded from the record again. */
	if (_save(trials, &entry->trial, &err) < 0 ||
	    fleet_commit(trials->daemon->fleet, &err) < 0)
		log_error("journal: test of %s: %s", entry->trial.source,
			  err.text);
	if (entry->trial.ended)
		_answer(entry);
}

static void _turn(void *arg)
{
	struct trials *trials = arg;
	struct entry *entry;
	size_t pos = 0;

	while ((entry = table_next(trials->table, &pos, NULL)) != NULL)
		if (!entry->trial.ended)
			_step(entry);
	if (trials->running)
		loop_timer_set(trials->timer, LOOK_US);
}

/* The test under way on a node. */
static struct entry *_running_on(const struct trials *trials,
				 const char *node)
{
	struct entry *entry;
	size_t pos = 0;

	while (trials->running &&
	       (entry = table_next(trials->table, &pos, NULL)) != NULL)
		if (!entry->trial.ended && !strcmp(entry->trial.node, node))
			return entry;
	return NULL;
}

void trials_stepped(struct trials *trials, const struct record *rec)
{
	if (_running_on(trials, rec->node))
		loop_timer_set(trials->timer, 0);
}

const struct trial *trials_take(struct trials *trials, const char *node,
				const char *request)
{
	struct entry *entry = _running_on(trials, node);
	struct err err = ERR_INIT;

	if (!entry || *entry->trial.request || entry->trial.judged)
		return NULL;
	snprintf(entry->trial.request, sizeof(entry->trial.request), "%s",
		 request);
	if (_save(trials, &entry->trial, &err) < 0)
		log_error("journal: test of %s: %s", entry->trial.source,
			  err.text);
	return &entry->trial;
}

size_t trials_running(const struct trials *trials)
{
	return trials->running;
}

const struct trial *trials_get(const struct trials *trials,
			       const char *source)
{
	const struct entry *entry = table_get(trials->table, source);

	return entry ? &entry->trial : NULL;
}

bool trials_has(const struct trials *trials, const char *source)
{
	const struct entry *entry = table_get(trials->table, source);

	return entry && (!entry->trial.ended || entry->calling);
}

const struct trial *trials_on(const struct trials *trials, const char *node)
{
	const struct entry *entry = _running_on(trials, node);

	return entry ? &entry->trial : NULL;
}

/* --- an order ----------------------------------------------------------- */

static struct entry *_begin(struct trials *trials, struct trial *trial,
			    const struct source *source, struct err *err)
{
	struct entry *entry;

	trial->since = clock_wall_us();
	/* What was not looked at since the start or a reload will be; the
	 * test waits for it. */
	if (source->state != SOURCE_FROZEN &&
	    source->state != SOURCE_UNKNOWN) {
		_fail_source(trial, source);
		trial->ended = trial->since;
		_tell(trial);
	}
	entry = _insert(trials, trial, err);
	if (!entry)
		return NULL;
	if (_save(trials, trial, err) < 0 ||
	    fleet_commit(trials->daemon->fleet, err) < 0) {
		trials->running -= !trial->ended;
		_forget(trials, trial->source);
		return NULL;
	}
	loop_timer_set(trials->timer, 0);
	daemon_hurry(trials->daemon);
	return entry;
}

/* NULL: the source it is to be of could not be told. */
static const struct source *_read_order(const struct trials *trials,
					const struct json *request,
					struct trial *trial, struct err *err)
{
	const struct daemon *daemon = trials->daemon;
	const struct source *source;
	struct subject subject;
	const char *name, *who;

	if (json_get_str(request, "name", &name, err) < 0 ||
	    json_get_str_or(request, "who", "", &who, err) < 0 ||
	    json_get_int_or(request, "limit", CLOCK_US_PER_S,
			    VERBS_TEST_MAX_US, VERBS_TEST_DEFAULT_US,
			    &trial->limit, err) < 0 ||
	    subject_find(daemon->config, executor_sources(daemon->executor),
			 name, &subject, err) < 0)
		return NULL;
	snprintf(trial->who, sizeof(trial->who), "%s", who);
	source = trial_choice_source(daemon, &subject);
	if (!source)
		err_set(err, ERR_NOTFOUND, "%s has no source: sclone template "
			"show %s", subject.tmpl->name, subject.tmpl->name);
	return source;
}

static struct entry *_order(struct trials *trials, const struct json *request,
			    struct err *err)
{
	struct trial made = { .since = 0 }, *trial = &made;
	const struct source *source = _read_order(trials, request, trial,
						  err);
	const char *node;

	if (!source)
		return NULL;
	if (trials_has(trials, source->path)) {
		err_set(err, ERR_BUSY, "a test of %s is under way",
			source->path);
		return NULL;
	}
	node = trial_choice_node(trials->daemon, source->template_name, err);
	if (!node)
		return NULL;
	*err = (struct err) ERR_INIT;
	snprintf(trial->source, sizeof(trial->source), "%s", source->path);
	snprintf(trial->template_name, sizeof(trial->template_name), "%s",
		 source->template_name);
	snprintf(trial->node, sizeof(trial->node), "%s", node);
	return _begin(trials, trial, source, err);
}

void trials_order(struct trials *trials, struct server_call *call)
{
	const struct json *request = server_call_request(call);
	struct err err = ERR_INIT;
	struct entry *entry = NULL;
	bool wait;

	if (json_get_bool_or(request, "wait", false, &wait, &err) == 0)
		entry = _order(trials, request, &err);
	if (!entry) {
		server_call_fail(call, &err);
		return;
	}
	log_info("test of %s on %s by uid %u", entry->trial.source,
		 entry->trial.node, (unsigned) server_call_peer(call)->uid);
	entry->call = call;
	if (wait && !entry->trial.ended)
		server_call_on_gone(call, _gone, entry);
	else
		_answer(entry);
}

/* --- the whole ---------------------------------------------------------- */

struct trials *trials_create(struct daemon *daemon, struct err *err)
{
	struct trials *trials = calloc(1, sizeof(*trials));

	if (!trials) {
		err_nomem(err);
		return NULL;
	}
	trials->daemon = daemon;
	trials->table = table_create(TRIALS_MAX, free);
	trials->timer = loop_timer_create(daemon->loop, _turn, trials, err);
	if (!trials->table || !trials->timer)
		err_nomem(err);
	if (!trials->table || !trials->timer ||
	    journal_each_meta(daemon->journal, META, _load, trials, err) < 0) {
		trials_destroy(trials);
		return NULL;
	}
	_prune(trials);
	loop_timer_set(trials->timer, 0);
	return trials;
}

void trials_destroy(struct trials *trials)
{
	struct entry *entry;
	size_t pos = 0;

	if (!trials)
		return;
	while (trials->table &&
	       (entry = table_next(trials->table, &pos, NULL)) != NULL)
		if (entry->call)
			server_call_drop(entry->call);
	loop_timer_destroy(trials->timer);
	table_destroy(trials->table);
	free(trials);
}
