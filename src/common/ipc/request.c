/* SPDX-License-Identifier: GPL-2.0-or-later */
/* request - build, encode and strictly decode; no files and no sockets. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "request.h"

#define FORMAT 1
#define TIME_DIGITS 16	/* of microseconds: enough until the year 2286 */
#define TIME_MAX INT64_C(9999999999999999)
#define PID_DIGITS 7	/* the kernel's own maximum is 2^22 */
#define RANDOM_BYTES 8
#define JOB_MAX INT64_C(0xffffffff)

static const char *const _kinds[] = { "resume", "suspend", "resume-fail" };

const char *request_kind_name(enum request_kind kind)
{
	return _kinds[kind];
}

static int _copy_arg(const char *arg, char **out, struct err *err)
{
	size_t len = strnlen(arg, REQUEST_ARG_MAX + 1);

	if (len > REQUEST_ARG_MAX)
		return err_set(err, ERR_CONFIG,
			       "an argument is longer than %d bytes",
			       REQUEST_ARG_MAX);
	if (!utf8_is_valid(arg, len))
		return err_set(err, ERR_CONFIG, "an argument is not UTF-8");
	*out = strdup(arg);
	return *out ? 0 : err_nomem(err);
}

static int _make_id(char *id, int64_t time_us, struct err *err)
{
	uint8_t bytes[RANDOM_BYTES];
	char hex[2 * RANDOM_BYTES + 1];
	ssize_t n;

	if (time_us < 0 || time_us > TIME_MAX)
		return err_set(err, ERR_FATAL, "the clock is out of range");
	do {
		n = getrandom(bytes, sizeof(bytes), 0);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t) sizeof(bytes))
		return err_errno(err, ERR_FATAL, errno, "getrandom");
	parse_print_hex(bytes, sizeof(bytes), hex);
	snprintf(id, REQUEST_ID_SIZE, "%0*" PRId64 "-%0*u-%s", TIME_DIGITS,
		 time_us, PID_DIGITS, (unsigned) getpid() % 10000000u, hex);
	return 0;
}

static bool _all_of(const char *text, size_t len, const char *set)
{
	return strspn(text, set) >= len;
}

bool request_is_id(const char *text)
{
	if (strlen(text) != REQUEST_ID_SIZE - 1)
		return false;
	return _all_of(text, TIME_DIGITS, "0123456789") &&
	       text[TIME_DIGITS] == '-' &&
	       _all_of(text + TIME_DIGITS + 1, PID_DIGITS, "0123456789") &&
	       text[TIME_DIGITS + 1 + PID_DIGITS] == '-' &&
	       _all_of(text + TIME_DIGITS + 2 + PID_DIGITS, 2 * RANDOM_BYTES,
		       "0123456789abcdef");
}

void request_destroy(struct request *request)
{
	if (!request)
		return;
	for (size_t i = 0; i < request->argc; i++)
		free(request->argv[i]);
	free(request->argv);
	free(request->nodes);
	free(request->features);
	free(request->resume);
	free(request->note);
	free(request);
}

static int _fill(struct request *request, size_t argc, char *const *argv,
		 const char *nodes, const char *features, struct err *err)
{
	if (!nodes[0])
		return err_set(err, ERR_CONFIG, "the node list is empty");
	if (argc > REQUEST_ARGS_MAX)	/* what counts is in nodes */
		argc = REQUEST_ARGS_MAX;
	request->argv = calloc(argc + 1, sizeof(*request->argv));
	if (!request->argv)
		return err_nomem(err);
	for (; request->argc < argc; request->argc++) {
		if (_copy_arg(argv[request->argc],
			      &request->argv[request->argc], err))
			return -1;
	}
	if (features && _copy_arg(features, &request->features, err))
		return -1;
	return _copy_arg(nodes, &request->nodes, err);
}

struct request *request_create(enum request_kind kind, size_t argc,
			       char *const *argv, const char *nodes,
			       const char *features, struct err *err)
{
	cleanup_request struct request *request = calloc(1, sizeof(*request));

	if (!request) {
		err_nomem(err);
		return NULL;
	}
	request->kind = kind;
	request->time_us = clock_started_us();
	if (_make_id(request->id, clock_wall_us(), err) ||
	    _fill(request, argc, argv, nodes, features, err))
		return NULL;
	return steal_ptr(&request);
}

int request_set_resume(struct request *request, const char *text, size_t len,
		       struct err *err)
{
	char *copy;

	if (len > REQUEST_RESUME_MAX)
		return err_set(err, ERR_CAPACITY,
			       "SLURM_RESUME_FILE is longer than %d bytes",
			       REQUEST_RESUME_MAX);
	copy = utf8_clean(text, len);
	if (!copy)
		return err_nomem(err);
	free(request->resume);
	request->resume = copy;
	return 0;
}

int request_set_note(struct request *request, const char *note,
		     struct err *err)
{
	char *copy = utf8_clean(note, strnlen(note, ERR_TEXT_SIZE));

	if (!copy)
		return err_nomem(err);
	free(request->note);
	request->note = copy;
	return 0;
}

static int _put_args(const struct request *request, struct json *json)
{
	cleanup_json struct json *args = json_new_array();

	if (!args)
		return -1;
	for (size_t i = 0; i < request->argc; i++) {
		if (json_append_str(args, request->argv[i]))
			return -1;
	}
	return json_put(json, "argv", steal_ptr(&args));
}

static int _put_optional(const struct request *request, struct json *json)
{
	if (request->features &&
	    json_put_str(json, "features", request->features))
		return -1;
	if (request->job && json_put_int(json, "job", request->job))
		return -1;
	if (request->resume && json_put_str(json, "resume", request->resume))
		return -1;
	if (request->note && json_put_str(json, "note", request->note))
		return -1;
	return 0;
}

struct json *request_to_json(const struct request *request, struct err *err)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || json_put_int(json, "v", FORMAT) ||
	    json_put_str(json, "id", request->id) ||
	    json_put_str(json, "kind", _kinds[request->kind]) ||
	    json_put_int(json, "time", request->time_us) ||
	    _put_args(request, json) ||
	    json_put_str(json, "nodes", request->nodes) ||
	    _put_optional(request, json)) {
		err_nomem(err);
		return NULL;
	}
	return steal_ptr(&json);
}

int request_encode(const struct request *request, struct buf *out,
		   struct err *err)
{
	cleanup_json struct json *json = request_to_json(request, err);

	if (!json)
		return -1;
	json_print(json, out);
	buf_putc(out, '\n');
	return buf_ok(out, "the request", err);
}

static int _get_kind(const struct json *json, enum request_kind *out,
		     struct err *err)
{
	const char *name = NULL;

	if (json_get_str(json, "kind", &name, err))
		return -1;
	for (size_t i = 0; i < sizeof(_kinds) / sizeof(_kinds[0]); i++) {
		if (!strcmp(name, _kinds[i])) {
			*out = (enum request_kind) i;
			return 0;
		}
	}
	return err_set(err, ERR_PROTOCOL, "unknown kind \"%.40s\"", name);
}

/* Copy an optional string; absent leaves *out NULL. */
static int _get_copy(const struct json *json, const char *key, size_t max,
		     char **out, struct err *err)
{
	const char *text = NULL;

	if (json_get_str_or(json, key, NULL, &text, err))
		return -1;
	if (!text)
		return 0;
	if (strlen(text) > max)
		return err_set(err, ERR_PROTOCOL, "\"%s\" is too long", key);
	*out = strdup(text);
	return *out ? 0 : err_nomem(err);
}

static int _get_args(const struct json *json, struct request *request,
		     struct err *err)
{
	const struct json *args = json_get(json, "argv");
	size_t count = json_count(args);

	if (!json_is_array(args) || count > REQUEST_ARGS_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "\"argv\" is no list of at most %d strings",
			       REQUEST_ARGS_MAX);
	request->argv = calloc(count + 1, sizeof(*request->argv));
	if (!request->argv)
		return err_nomem(err);
	for (; request->argc < count; request->argc++) {
		const char *arg = json_str(json_at(args, request->argc));

		if (!arg || strlen(arg) > REQUEST_ARG_MAX)
			return err_set(err, ERR_PROTOCOL,
				       "\"argv\" holds no argument");
		request->argv[request->argc] = strdup(arg);
		if (!request->argv[request->argc])
			return err_nomem(err);
	}
	return 0;
}

static int _get_head(const struct json *json, struct request *request,
		     struct err *err)
{
	const char *id = NULL;
	int64_t version;

	if (!json_is_object(json))
		return err_set(err, ERR_PROTOCOL, "not a JSON object");
	if (json_get_int(json, "v", FORMAT, FORMAT, &version, err) ||
	    json_get_str(json, "id", &id, err))
		return -1;
	if (!request_is_id(id))
		return err_set(err, ERR_PROTOCOL, "\"id\" is none: \"%.50s\"",
			       id);
	snprintf(request->id, sizeof(request->id), "%s", id);
	if (_get_kind(json, &request->kind, err))
		return -1;
	return json_get_int(json, "time", 0, TIME_MAX, &request->time_us,
			    err);
}

static int _get_rest(const struct json *json, struct request *request,
		     struct err *err)
{
	if (_get_args(json, request, err) ||
	    _get_copy(json, "nodes", REQUEST_ARG_MAX, &request->nodes, err) ||
	    _get_copy(json, "features", REQUEST_ARG_MAX, &request->features,
		      err) ||
	    _get_copy(json, "resume", REQUEST_RESUME_MAX, &request->resume,
		      err) ||
	    _get_copy(json, "note", ERR_TEXT_SIZE, &request->note, err) ||
	    json_get_int_or(json, "job", 0, JOB_MAX, 0, &request->job, err))
		return -1;
	if (!request->nodes || !request->nodes[0])
		return err_set(err, ERR_PROTOCOL, "\"nodes\" is missing");
	return 0;
}

struct request *request_from_json(const struct json *json, struct err *err)
{
	cleanup_request struct request *request = calloc(1, sizeof(*request));

	if (!request) {
		err_nomem(err);
		return NULL;
	}
	if (_get_head(json, request, err) || _get_rest(json, request, err)) {
		err_wrap(err, "request");
		return NULL;
	}
	return steal_ptr(&request);
}

struct request *request_decode(const char *text, size_t len, struct err *err)
{
	cleanup_json struct json *json = NULL;

	if (len > REQUEST_SIZE_MAX) {
		err_set(err, ERR_PROTOCOL, "request: longer than %d bytes",
			REQUEST_SIZE_MAX);
		return NULL;
	}
	json = json_parse(text, len, err);
	if (!json) {
		err_wrap(err, "request");
		return NULL;
	}
	return request_from_json(json, err);
}
