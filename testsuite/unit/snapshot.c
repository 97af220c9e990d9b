/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written of a plan is read as the same plan: it decides alike. */
#include <string.h>

#include "common/base/buf.h"
#include "common/clone/snapshot.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define NOW (1000 * S)

static const char conf_text[] =
	"# comments are nobody's business\n"
	"ClusterName=c1 VCenter=https://vc/sdk User=u Pin=sha256//c2VjcmV0\n"
	"Folder=\"/DC/vm/f 1\" ResourcePool=/DC/host/h/Resources/p\n"
	"TemplateName=rocky9 Sources=/DC/vm/t/a,/DC/vm/t/b Lanes=2\n"
	"NodeName=vm[1-40] Templates=rocky9 MaxClones=6\n"
	"NodeName=ub[1-9] Templates=rocky9 MaxClones=1\n";

static struct breaker own[2], shared;
static struct place_source places[2];

static struct plan *_plan(void)
{
	static const char *const names[] = { "/DC/vm/t/a", "/DC/vm/t/b" };
	struct plan *plan = plan_create(100, 2);

	if (!plan)
		bail_out("out of memory");
	for (int i = 0; i < 2; i++)
		places[i] = (struct place_source) {
			.name = names[i], .template_name = "rocky9",
			.host = "esx", .host_id = "host-1",
			.found = true, .powered_on = true, .frozen = true,
			.host_ok = true, .lanes = 2,
			.memory_free = 64000, .memory_need = 1000,
			.memory_at = NOW - S, .space_at = NOW - 2 * S,
			.pack = true, .returns = 3, .drain = "by root",
			.space_free = PLACE_UNKNOWN,
			.space_need = PLACE_UNKNOWN,
			.breaker = &own[i], .template_breaker = &shared,
		};
	own[1] = (struct breaker) { .failures = 4, .openings = 2,
				    .open_until = NOW + 5 * S,
				    .culprit = 77, .repeats = 2 };
	plan_use(plan, places, 2, 3);
	return plan;
}

static void _sit(struct plan *plan, const char *node, uint32_t job,
		 const char *source)
{
	struct admit_entry entry = { .node = node, .job = job,
				     .template_name = "rocky9",
				     .deadline = NOW + 60 * S };
	bool refused;

	if (source ? plan_resume(plan, &entry, source, NOW - S, NULL)
		   : plan_ask(plan, &entry, NOW, &refused, NULL))
		bail_out("%s has no seat", node);
}

static const char *_refuses(const char *node, void *arg)
{
	(void) arg;
	return !strcmp(node, "vm9") || !strcmp(node, "vm10")
		       ? "partition p shares" : NULL;
}

static struct json *_write(const struct config *config,
			   const struct plan *plan, const struct tally *tally)
{
	struct snapshot_from from = { config, plan, tally, _refuses, NULL };
	struct json *doc = json_new_object();

	if (!doc || snapshot_put(doc, &from) < 0)
		bail_out("out of memory");
	json_put_int(doc, "at", NOW);
	json_put_int(doc, "resume_timeout", 600 * S);
	return doc;
}

/* Printed and parsed, as on its way through a file. */
static char *_text(const struct json *doc)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	json_print(doc, &text);
	return buf_steal(&text);
}

static struct snapshot *_read(const char *text, struct err *err)
{
	struct json *doc = json_parse(text, strlen(text), err);

	return doc ? snapshot_read(doc, err) : NULL;
}

/* "vm1 on a, ..."; vm7 ends after 10 s. */
static void _decide(struct plan *plan, char *out, size_t size)
{
	struct plan_decision decision;

	*out = '\0';
	for (int i = 0; i < 20; i++) {
		if (i == 10)
			plan_leave(plan, "vm7");
		if (!plan_next(plan, NOW + i * S, &decision))
			continue;
		text_add(out, size, decision.node);
		text_add(out, size, decision.source ? " on b, " : " on a, ");
	}
}

/* Not only what is written, but all that there is. */
static void _is_whole(const struct place_source *read)
{
	struct place_source want = places[1];

	ok(read->breaker->failures == own[1].failures &&
	   read->breaker->culprit == own[1].culprit &&
	   read->breaker->repeats == own[1].repeats, "all of a breaker");
	ok(!strcmp(read->drain, want.drain) && read->pack &&
	   read->returns == want.returns &&
	   read->memory_at == want.memory_at &&
	   read->space_at == want.space_at, "and of a source");
}

static void _same(void)
{
	cleanup_config struct config *config =
		config_parse("c", conf_text, strlen(conf_text), NULL);
	cleanup_plan struct plan *plan = _plan();
	cleanup_tally struct tally *tally = config
		? tally_create(config, NULL) : NULL;
	cleanup_snapshot struct snapshot *snapshot = NULL;
	cleanup_free char *before = NULL, *after = NULL;
	struct json *doc;
	char here[400], there[400];

	if (!config || !tally)
		bail_out("config");
	tally_begin(tally, "vm7", "rocky9");
	tally_begin(tally, "vm8", "rocky9");
	_sit(plan, "vm7", 2, "/DC/vm/t/a");
	_sit(plan, "vm1", 1, NULL);
	_sit(plan, "vm2", 1, NULL);
	_sit(plan, "vm3", 2, NULL);
	_sit(plan, "vm4", 0, NULL);
	plan_set_rates(plan, &(struct plan_rates) { S, 2 * S });
	doc = _write(config, plan, tally);
	before = _text(doc);
	json_destroy(doc);
	ok(!strstr(before, "c2VjcmV0") && !strstr(before, "comments"),
	   "neither secrets nor comments are written");
	has_str(before, "Folder=\\\"/DC/vm/f 1\\\"", "but the rest is");
	snapshot = _read(before, NULL);
	if (!snapshot)
		bail_out("it cannot be read");
	ok(config_node(snapshot->config, "vm40") != NULL,
	   "it has its configuration");
	is_int(snapshot->places[0].in_flight, 1, "lanes in use");
	is_int(snapshot->places[1].memory_held, 1000, "what is held");
	_is_whole(&snapshot->places[1]);
	doc = _write(snapshot->config, snapshot->plan, snapshot->tally);
	after = _text(doc);
	json_destroy(doc);
	is_str(after, before, "what is read is written as before");
	_decide(plan, here, sizeof(here));
	_decide(snapshot->plan, there, sizeof(there));
	is_str(there, here, "and decides alike");
	is_str(here, "vm1 on a, vm4 on b, vm3 on a, ", "namely so");
}

/* --- MaxClones= ---------------------------------------------------------- */

/* As scloned's room does it. */
struct limited {
	const struct config *config;
	const struct tally *tally;
};

static unsigned _limits(const char *node, const char *template_name,
			unsigned limits[KIND_LIMITS_EACH], void *arg)
{
	const struct limited *limited = arg;

	return tally_limits(limited->config, node, template_name, limits);
}

static size_t _room(unsigned limit, void *arg)
{
	const struct limited *limited = arg;

	return tally_room(limited->tally, limit);
}

/* All lanes that are given now; each is a clone from then on. */
static void _give(struct plan *plan, struct tally *tally, char *out,
		  size_t size)
{
	struct plan_decision decision;

	*out = '\0';
	while (plan_next(plan, NOW, &decision) > 0) {
		tally_begin(tally, decision.node, "rocky9");
		text_add(out, size, decision.node);
		text_add(out, size, " ");
		(void) plan_leave(plan, decision.node);
	}
}

/* Of six clones that may be there are three, one of them in its lane: vm3 of
 * its job goes before vm[1-2] of another one, which leaves no room for vm[5-6]
 * of a third. If that has begun before, it is the other way round. What vm3 is
 * promised is nothing to ub1, of another set. */
static void _limited(bool begun, const char *want, const char *roomless)
{
	cleanup_config struct config *config =
		config_parse("c", conf_text, strlen(conf_text), NULL);
	cleanup_plan struct plan *plan = _plan();
	cleanup_tally struct tally *tally = config
		? tally_create(config, NULL) : NULL;
	cleanup_snapshot struct snapshot *snapshot = NULL;
	struct admit_entry late = { .node = "vm5", .job = 5, .begun = begun,
				    .template_name = "rocky9",
				    .deadline = NOW + 60 * S };
	struct limited limited = { config, tally };
	struct kind_rule rule = { _limits, _room, &limited };
	cleanup_free char *text = NULL;
	char here[100], there[100];
	struct err why = ERR_INIT;
	struct json *doc;
	bool refused;

	if (!config || !tally)
		bail_out("config");
	for (const char *node = "7\08\09\0"; *node; node += 2) {
		char name[8] = "vm3";

		name[2] = *node;
		tally_begin(tally, name, "rocky9");
	}
	plan_rule(plan, &rule);
	_sit(plan, "vm7", 2, "/DC/vm/t/a");
	_sit(plan, "vm1", 1, NULL);
	_sit(plan, "vm2", 1, NULL);
	_sit(plan, "vm3", 2, NULL);
	_sit(plan, "vm4", 0, NULL);
	_sit(plan, "vm6", 5, NULL);
	if (plan_ask(plan, &late, NOW, &refused, NULL) < 0)
		bail_out("vm5");
	_sit(plan, "ub1", 9, NULL);
	doc = _write(config, plan, tally);
	text = _text(doc);
	json_destroy(doc);
	snapshot = _read(text, NULL);
	if (!snapshot)
		bail_out("it cannot be read");
	_give(plan, tally, here, sizeof(here));
	_give(snapshot->plan, snapshot->tally, there, sizeof(there));
	is_str(there, here, "with MaxClones= it decides alike");
	is_str(here, want, "namely so");
	plan_why_room(snapshot->plan, roomless, &why);
	has_str(why.text, "MaxClones= has no room", "and says why not");
}

static void _refused(void)
{
	cleanup_config struct config *config =
		config_parse("c", conf_text, strlen(conf_text), NULL);
	cleanup_plan struct plan *plan = _plan();
	cleanup_tally struct tally *tally = config
		? tally_create(config, NULL) : NULL;
	cleanup_snapshot struct snapshot *snapshot = NULL;
	struct err err = ERR_INIT;

	if (!config || !tally)
		bail_out("config");
	snapshot = snapshot_read(_write(config, plan, tally), &err);
	if (!snapshot)
		bail_out("%s", err.text);
	is_str(table_get(snapshot->refused, "vm9"), "partition p shares",
	       "a node that is not one job's, and why");
	ok(!table_get(snapshot->refused, "vm8"), "no other");
}

static void _bad(const char *text, const char *want)
{
	cleanup_snapshot struct snapshot *snapshot = NULL;
	struct err err = ERR_INIT;

	snapshot = _read(text, &err);
	ok(!snapshot && err.code, "refused: %s", want);
	has_str(err.text, want, "says why");
}

#define HEAD \
	"{\"snapshot\":2,\"at\":1,\"resume_timeout\":0,\"config\":["   \
	"\"ClusterName=c1 VCenter=https://vc/sdk User=u\","           \
	"\"Folder=/DC/vm/f ResourcePool=/DC/host/p\","                \
	"\"TemplateName=r Sources=/DC/vm/t/a\","                      \
	"\"NodeName=vm1 Templates=r\"],\"plan\":"

#define SOURCE(lanes, memory)                                             \
	"{\"name\":\"a\",\"template_name\":\"r\",\"host\":\"\","           \
	"\"note\":\"\",\"found\":true,\"powered_on\":true,"               \
	"\"frozen\":true,\"host_ok\":true,\"drained\":false,"             \
	"\"drain\":\"\",\"lanes\":" #lanes ",\"in_flight\":0,"            \
	"\"returns\":0,\"pack\":false,\"host_id\":\"\",\"store_id\":\"\"," \
	"\"memory_free\":0,\"memory_need\":" #memory ",\"memory_at\":0,"  \
	"\"memory_held\":0,\"space_free\":0,\"space_need\":0,"            \
	"\"space_at\":0,\"space_held\":0}"

static void _mistakes(void)
{
	_bad("{}", "'snapshot'");
	_bad("{\"snapshot\":1}", "of version 1 and does not say all");
	_bad("{\"snapshot\":3}", "of version 3, this program reads 2");
	_bad("{\"snapshot\":2,\"at\":1,\"resume_timeout\":0,\"config\":"
	     "[\"Nonsense=1\"]}", "Nonsense");
	_bad(HEAD "{}}", "'plan.templates'");
	_bad(HEAD "{\"templates\":[],\"sources\":[{}]}}", "'name'");
	_bad(HEAD "{\"templates\":[],\"sources\":[],\"flight_max\":1,"
	     "\"rates\":{\"cloning\":0,\"booting\":0},\"seats\":[{\"node\":"
	     "\"vm1\",\"job\":0,\"template\":\"r\",\"deadline\":1,"
	     "\"source\":\"x\"}]}}", "no source 'x'");
	_bad(HEAD "{\"templates\":[],\"sources\":[],\"flight_max\":1,"
	     "\"rates\":{\"cloning\":0,\"booting\":0},\"seats\":[{\"node\":"
	     "\"v\\u0016\",\"job\":0,\"template\":\"r\",\"deadline\":1"
	     "}]}}", "no node's name");
	_bad(HEAD "{\"templates\":[],\"sources\":[],\"flight_max\":1,"
	     "\"rates\":{},\"seats\":[]}}", "'cloning'");
	_bad(HEAD "{\"templates\":[],\"sources\":[" SOURCE(1, 0) "]}}",
	     "'r' of a is not in 'plan.templates'");
	_bad(HEAD "{\"templates\":[{\"name\":\"r\"}],\"sources\":["
	     SOURCE(0, 0) "]}}", "lanes or figures of a are beyond");
	_bad(HEAD "{\"templates\":[{\"name\":\"r\"}],\"sources\":["
	     SOURCE(1, 9223372036854775807) "]}}",
	     "lanes or figures of a are beyond");
#define PLAN "{\"templates\":[],\"sources\":[],\"flight_max\":1," \
	"\"rates\":{\"cloning\":0,\"booting\":0},\"seats\":[]}"
	_bad(HEAD PLAN "}", "'clones' is no list");
	_bad(HEAD PLAN ",\"clones\":[{\"template\":\"r\",\"nodes\":\"vm[\"}]"
	     "}", "vm[");
	_bad(HEAD PLAN ",\"clones\":[],\"isolation\":[{\"nodes\":\"vm1\"}]}",
	     "'why'");
}

int main(void)
{
	_same();
	_limited(false, "vm1 vm2 ub1 vm3 ", "vm6");
	_limited(true, "vm6 vm5 ub1 vm3 ", "vm1");
	_refused();
	_mistakes();
	return done_testing();
}
