/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration files: lexing, strict filling by key tables, error places. */
#include <string.h>

#include "common/base/conf.h"
#include "tap.h"

struct thing {
	char *name;
	char *path;
	uint64_t lanes;
	uint64_t keep;
	bool strict;
	int mode;
};

static const char *const modes[] = { "pack", "spread", NULL };

static const struct conf_key keys[] = {
	{ "ThingName", CONF_NAME, offsetof(struct thing, name),
	  .required = true },
	{ "Path", CONF_PATH, .offset = offsetof(struct thing, path) },
	{ "Lanes", CONF_UINT, offsetof(struct thing, lanes), .fallback = "4",
	  .min = 1, .max = 64 },
	{ "Keep", CONF_DURATION, offsetof(struct thing, keep), .max = 100000 },
	{ "Strict", CONF_BOOL, .offset = offsetof(struct thing, strict) },
	{ "Mode", CONF_CHOICE, offsetof(struct thing, mode),
	  .choices = modes },
	{ .name = NULL },
};

static struct conf *_parse(const char *text, struct err *err)
{
	return conf_parse("f.conf", text, strlen(text), err);
}

static void _good(void)
{
	cleanup_conf struct conf *conf = NULL;
	struct err err = ERR_INIT;
	struct thing thing = { 0 };

	conf = _parse("# a comment\n\n"
		      "ThingName=one path=\"/with blank#s\" \\\n"
		      "\tKeep=2min Mode=SPREAD # rest\r\n"
		      "thingname=two Strict=Yes Lanes=64", &err);
	if (!conf)
		bail_out("%s", err.text);
	is_int((int64_t) conf_count(conf), 2, "two objects");
	ok(!conf_fill(conf_line(conf, 0), keys, &thing, &err), "filled");
	is_str(thing.name, "one", "a name");
	is_str(thing.path, "/with blank#s", "quotes keep # and blank");
	ok(thing.lanes == 4 && thing.keep == 120 && thing.mode == 1 &&
	   !thing.strict, "fallback, duration, choice");
	conf_clear(keys, &thing);
	ok(!thing.name && !thing.path, "cleared");
	ok(!conf_fill(conf_line(conf, 1), keys, &thing, &err) &&
	   thing.strict && thing.lanes == 64, "keys in any case");
	is_int(conf_line(conf, 1)->number, 5, "joined lines are counted");
	conf_clear(keys, &thing);
}

static void _bad_value(const char *text, const char *want)
{
	cleanup_conf struct conf *conf = NULL;
	struct err err = ERR_INIT;
	struct thing thing = { 0 };

	conf = _parse(text, &err);
	if (conf && conf_fill(conf_line(conf, 0), keys, &thing, &err) == 0)
		conf_clear(keys, &thing);
	is_int(err.code, ERR_CONFIG, text);
	has_str(err.text, want, "the error says what is allowed");
	ok(!thing.name, "nothing is left behind");
}

static void _bad(void)
{
	_bad_value("Path=/x", "f.conf:1: ThingName= is missing");
	_bad_value("\nThingName=a Lane=3",
		   "f.conf:2: unknown key 'Lane'; allowed here: ThingName");
	_bad_value("ThingName=a Lanes=65",
		   "f.conf:1: Lanes: '65' is not a number from 1 to 64");
	_bad_value("ThingName=a Lanes=", "Lanes");
	_bad_value("ThingName=a thingname=b", "stands on line 1 already");
	_bad_value("ThingName=a Mode=fast", "not one of: pack spread");
	_bad_value("ThingName=a Path=x", "starts with /");
	_bad_value("ThingName=a/b", "is not a name");
	_bad_value("ThingName=a Strict=true", "neither yes nor no");
	_bad_value("ThingName=\"a", "stray quote");
	_bad_value("ThingName=a\"b\"", "stray quote");
	_bad_value("ThingName", "not Key=Value");
	_bad_value("=a", "not Key=Value");
}

static void _merge(void)
{
	cleanup_conf struct conf *conf = NULL;
	struct err err = ERR_INIT;
	struct thing thing = { 0 };
	unsigned lines[CONF_PAIRS_MAX] = { 0 };

	conf = _parse("ThingName=a\nLanes=3\nLanes=4\n", &err);
	if (!conf)
		bail_out("%s", err.text);
	ok(!conf_merge(conf_line(conf, 0), keys, &thing, lines, &err) &&
	   !conf_merge(conf_line(conf, 1), keys, &thing, lines, &err),
	   "keys of one object on two lines");
	is_int(conf_merge(conf_line(conf, 2), keys, &thing, lines, &err), -1,
	       "but not twice the same");
	has_str(err.text, "f.conf:3: Lanes stands on line 2", "both places");
	is_int(conf_finish("f.conf", keys, &thing, lines, &err), 0, "whole");
	is_int((int64_t) thing.lanes, 3, "a given value beats the fallback");
	conf_clear(keys, &thing);
}

static void _limits(void)
{
	cleanup_conf struct conf *nul = NULL, *missing = NULL;
	struct err err = ERR_INIT;

	nul = conf_parse("f.conf", "A=b\0", 4, &err);
	ok(!nul && err.code == ERR_CONFIG, "a NUL byte is refused");
	missing = conf_read("/nonexistent/sclone.conf", &err);
	ok(!missing && err.code == ERR_NOTFOUND, "no such file");
}

int main(void)
{
	_good();
	_bad();
	_merge();
	_limits();
	return done_testing();
}
