/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which settings of Slurm give a node to one job alone: every combination. */
#include <stdio.h>
#include <string.h>

#include "common/clone/partition.h"
#include "tap.h"

static const int versions[] = { 2205, 2302, 2605 };
static const enum isolation_preempt preempts[] = {
	ISOLATION_AS_CLUSTER, ISOLATION_SUSPENDS, ISOLATION_ENDS
};

/* What must come out, said in another way than the rule says it. */
static unsigned _expect(const struct isolation_cluster *cluster,
			const struct isolation_partition *partition)
{
	unsigned want = 0;
	bool stops;

	if (cluster->by_qos)
		stops = cluster->suspends || cluster->gang;
	else if (partition->preempt == ISOLATION_SUSPENDS)
		stops = true;
	else
		stops = partition->preempt == ISOLATION_AS_CLUSTER &&
			cluster->suspends;
	want |= partition->exclusive ? 0 : 1u << ISOLATION_SHARES;
	want |= stops ? 1u << ISOLATION_STOPS : 0;
	want |= cluster->version < 2302 || partition->power_down_on_idle
			? 0 : 1u << ISOLATION_KEEPS;
	return want;
}

static void _test_walk(void)
{
	unsigned bad = 0, sound = 0, count = 0;

	for (unsigned i = 0; i < 3 * 3 * 32; i++) {
		struct isolation_cluster cluster = {
			.version = versions[i % 3],
			.suspends = i / 9 & 1, .gang = i / 9 & 2,
			.by_qos = i / 9 & 4,
		};
		struct isolation_partition partition = {
			.name = "p", .exclusive = i / 9 & 8,
			.preempt = preempts[i / 3 % 3],
			.power_down_on_idle = i / 9 & 16,
		};
		unsigned flaws = isolation_flaws(&cluster, &partition);

		bad += flaws != _expect(&cluster, &partition);
		sound += flaws == 0;
		count++;
	}
	is_int(bad, 0, "every combination of settings");
	ok(sound && sound < count / 4, "few of them do: %u of %u", sound,
	   count);
}

static void _says(int version, bool by_qos, const char *name,
		  enum isolation_flaw flaw, const char *want,
		  const char *what)
{
	struct isolation_cluster cluster = { .version = version,
					     .by_qos = by_qos };
	struct isolation_partition partition = { .name = name };
	char text[ISOLATION_TEXT_SIZE];

	isolation_say(&cluster, &partition, flaw, text);
	is_str(text, want, what);
}

static void _test_texts(void)
{
	char name[400], text[ISOLATION_TEXT_SIZE];
	struct isolation_cluster cluster = { .version = 2205 };
	struct isolation_partition partition = { .name = name };

	_says(2205, false, "p", ISOLATION_SHARES, "partition p does not give "
	      "the node to one job alone; set OverSubscribe=EXCLUSIVE or "
	      "Isolation=shared", "it shares");
	_says(2605, false, "p", ISOLATION_SHARES, "partition p does not give "
	      "the node to one job alone; set Exclusive=NODE or "
	      "Isolation=shared", "26.05 has another word for it");
	_says(2205, false, "p", ISOLATION_STOPS, "partition p may suspend a "
	      "job and give its node to another; set its PreemptMode="
	      "REQUEUE or Isolation=shared", "it suspends");
	_says(2205, true, "p", ISOLATION_STOPS, "partition p may suspend a "
	      "job and give its node to another; set PreemptMode=REQUEUE "
	      "for all or Isolation=shared", "by QOS");
	_says(2302, false, "p", ISOLATION_KEEPS, "partition p keeps the node "
	      "up after its job; set PowerDownOnIdle=YES or "
	      "Isolation=shared", "it keeps nodes");
	memset(name, 'p', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int flaw = 0; flaw < ISOLATION_FLAWS; flaw++) {
		isolation_say(&cluster, &partition,
			      (enum isolation_flaw) flaw, text);
		has_str(text, " or Isolation=shared",
			"a long name leaves room for the advice");
	}
}

static struct json *_json(const char *text)
{
	struct err err = ERR_INIT;
	struct json *json = json_parse(text, strlen(text), &err);

	if (!json)
		bail_out("%s", err.text);
	return json;
}

static struct isolation_cluster _cluster(const char *text)
{
	cleanup_json struct json *json = _json(text);
	struct isolation_cluster cluster;

	partition_read_cluster(json, &cluster);
	return cluster;
}

static void _test_cluster(void)
{
	struct isolation_cluster cluster =
		_cluster("{\"version\":\"24.05.3\","
			 "\"built_for\":\"22.05\","
			 "\"preempt_type\":\"preempt/qos\","
			 "\"preempt_suspends\":true,"
			 "\"preempt_gang\":true}");

	is_int(cluster.version, 2205, "what libslurm cannot show is not "
	       "asked for");
	ok(cluster.by_qos && cluster.suspends && cluster.gang, "preemption");
	cluster = _cluster("{\"version\":\"22.05.8\"}");
	ok(cluster.version == 2205 && !cluster.by_qos && !cluster.suspends &&
	   !cluster.gang, "nothing said is nothing set");
	is_int(_cluster("{}").version, 0, "no version");
}

static void _test_read(void)
{
	cleanup_json struct json *json = _json(
		"[{\"name\":\"a\",\"exclusive\":true,"
		"\"power_down_on_idle\":false},"
		"{\"name\":\"b\",\"exclusive\":false,"
		"\"power_down_on_idle\":true,\"preempt_suspends\":true},"
		"{\"name\":\"c\",\"exclusive\":true,"
		"\"power_down_on_idle\":true,\"preempt_suspends\":false},"
		"{\"name\":\"d\"}]");
	struct isolation_partition got;
	struct err err = ERR_INIT;

	ok(partition_read(json_at(json, 0), &got, &err) == 0 &&
	   got.exclusive && !got.power_down_on_idle &&
	   got.preempt == ISOLATION_AS_CLUSTER, "a partition");
	ok(partition_read(json_at(json, 1), &got, &err) == 0 &&
	   !got.exclusive && got.power_down_on_idle &&
	   got.preempt == ISOLATION_SUSPENDS, "one that suspends");
	ok(partition_read(json_at(json, 2), &got, &err) == 0 &&
	   got.preempt == ISOLATION_ENDS, "one that does not");
	ok(partition_read(json_at(json, 3), &got, &err) < 0 &&
	   err.code == ERR_PROTOCOL && !strcmp(got.name, "c"),
	   "what is not told is not guessed: %s", err.text);
}

int main(void)
{
	_test_walk();
	_test_texts();
	_test_cluster();
	_test_read();
	return done_testing();
}
