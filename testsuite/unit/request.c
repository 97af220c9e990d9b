/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spooled request: round trip, bounds, and hostile text. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/ipc/request.h"
#include "tap.h"

static char *args[] = { (char *) "vm[1-3]", (char *) "rocky9" };

static struct request *_sample(void)
{
	struct err err = ERR_INIT;
	struct request *request = request_create(REQUEST_RESUME, 2, args,
						 args[0], args[1], &err);

	if (!request)
		bail_out("request_create: %s", err.text);
	return request;
}

static struct request *_trip(const struct request *request, struct err *err)
{
	cleanup_buf struct buf line;

	buf_init(&line, REQUEST_SIZE_MAX);
	if (request_encode(request, &line, err))
		return NULL;
	ok(line.data[line.len - 1] == '\n' &&
		   strlen(line.data) == line.len &&
		   strchr(line.data, '\n') == line.data + line.len - 1,
	   "encoded as one line");
	return request_decode(line.data, line.len, err);
}

static void _test_round_trip(void)
{
	static const char resume[] = "{\"jobs\":[],\n\"all_nodes\":\"vm1\"}";
	cleanup_request struct request *request = _sample();
	cleanup_request struct request *back = NULL;
	struct err err = ERR_INIT;

	request->job = 42;
	is_int(request_set_resume(request, resume, strlen(resume), &err), 0,
	       "resume text kept");
	is_int(request_set_note(request, "a note", &err), 0, "note kept");
	back = _trip(request, &err);
	if (!ok(back != NULL, "decoded"))
		return;
	is_str(back->id, request->id, "id");
	is_int(back->kind, REQUEST_RESUME, "kind");
	is_int(back->time_us, request->time_us, "time");
	is_int((int64_t) back->argc, 2, "number of arguments");
	is_str(back->argv[1], "rocky9", "second argument");
	is_str(back->nodes, "vm[1-3]", "nodes");
	is_str(back->features, "rocky9", "features");
	is_int(back->job, 42, "job");
	is_str(back->resume, resume, "resume text, byte for byte");
	is_str(back->note, "a note", "note");
}

static void _test_ids(void)
{
	cleanup_request struct request *a = _sample();
	cleanup_request struct request *b = _sample();

	ok(request_is_id(a->id), "an id has an id's form");
	ok(strcmp(a->id, b->id) != 0, "two requests differ");
	ok(!request_is_id("../../etc/passwd"), "a path is no id");
	a->id[0] = 'x';
	ok(!request_is_id(a->id), "a letter among the digits is seen");
	b->id[20] = '/';
	ok(!request_is_id(b->id), "a slash is seen");
}

static void _test_utf8(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x90\x9f", "\xf0\x9f\x90\x9f" },
		{ "a\xff" "b", "a?b" },
		{ "\xc3", "?" },
		{ "\xc0\xaf", "??" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf5\x80\x80\x80", "????" },
		{ "\xe0\x80\x80", "???" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_request struct request *request = _sample();
		cleanup_request struct request *back = NULL;
		struct err err = ERR_INIT;

		(void) request_set_resume(request, cases[i].in,
					  strlen(cases[i].in), &err);
		back = _trip(request, &err);
		is_str(back ? back->resume : err.text, cases[i].out,
		       "resume text made UTF-8");
	}
}

static void _test_bounds(void)
{
	cleanup_request struct request *request = _sample();
	cleanup_request struct request *full = NULL;
	cleanup_request struct request *cut = NULL;
	cleanup_free char *text = malloc(REQUEST_RESUME_MAX + 1);
	char *many[REQUEST_ARGS_MAX + 1];
	char bad[] = "vm\xff";
	char *bad_args[] = { bad };
	struct err err = ERR_INIT;

	memset(text, '"', REQUEST_RESUME_MAX + 1);
	is_int(request_set_resume(request, text, REQUEST_RESUME_MAX + 1, &err),
	       -1, "too long a resume text is refused");
	is_int(request_set_resume(request, text, REQUEST_RESUME_MAX, &err), 0,
	       "the longest is kept");
	full = _trip(request, &err);
	ok(full && strlen(full->resume) == REQUEST_RESUME_MAX,
	   "and survives, though each byte is escaped");
	for (size_t i = 0; i <= REQUEST_ARGS_MAX; i++)
		many[i] = args[0];
	cut = request_create(REQUEST_SUSPEND, REQUEST_ARGS_MAX + 1, many,
			     "vm1", NULL, &err);
	ok(cut && cut->argc == REQUEST_ARGS_MAX && !strcmp(cut->nodes, "vm1"),
	   "too many arguments are cut: no request is lost for them");
	ok(!request_create(REQUEST_SUSPEND, 1, bad_args, bad, NULL, &err),
	   "an argument that is no UTF-8 is refused");
	is_int(err.code, ERR_CONFIG, "as CONFIG");
	ok(!request_create(REQUEST_SUSPEND, 0, args, "", NULL, &err),
	   "an empty node list is refused");
}

#define ID "\"id\":\"1795308574811029-0023028-57f79293f9518129\""

static void _test_hostile(void)
{
	static const char *const texts[] = {
		"", "[]", "{}", "null", "{\"v\":1}", "{\"v\":1," ID "}",
		"{\"v\":2," ID ",\"kind\":\"resume\",\"time\":1,\"argv\":[],"
		"\"nodes\":\"vm1\"}",
		"{\"v\":1,\"id\":\"x\",\"kind\":\"resume\",\"time\":1,"
		"\"argv\":[],\"nodes\":\"vm1\"}",
		"{\"v\":1," ID ",\"kind\":\"destroy\",\"time\":1,\"argv\":[],"
		"\"nodes\":\"vm1\"}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":-1,\"argv\":[],"
		"\"nodes\":\"vm1\"}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,"
		"\"argv\":[7],\"nodes\":\"vm1\"}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,"
		"\"argv\":\"x\",\"nodes\":\"vm1\"}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,\"argv\":[],"
		"\"nodes\":\"\"}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,\"argv\":[],"
		"\"nodes\":7}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,\"argv\":[],"
		"\"nodes\":\"vm1\",\"job\":\"7\"}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,\"argv\":[],"
		"\"nodes\":\"vm1\",\"resume\":{}}",
		"{\"v\":1," ID ",\"kind\":\"resume\",\"time\":1,\"argv\":[],"
		"\"nodes\":\"vm1\"} trailing",
	};
	static const char good[] = "{\"v\":1," ID ",\"kind\":\"suspend\","
				   "\"time\":1,\"argv\":[],\"nodes\":\"vm1\"}";
	cleanup_request struct request *request = NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = ERR_INIT;

		ok(!request_decode(texts[i], strlen(texts[i]), &err) &&
			   err.code == ERR_PROTOCOL,
		   "refused: %.60s", texts[i]);
	}
	request = request_decode(good, strlen(good), NULL);
	ok(request != NULL, "while the same without a fault is taken");
}

int main(void)
{
	_test_round_trip();
	_test_ids();
	_test_utf8();
	_test_bounds();
	_test_hostile();
	return done_testing();
}
