/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report - see report.h. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/json.h"
#include "report.h"

#define LINE_MAX_ 1024

static struct json *_times(const struct report_times *ms)
{
	struct json *json = json_new_object();
	const int64_t values[] = { ms->thaw, ms->identity, ms->network,
				   ms->slurmd };
	static const char *const keys[] = { "thaw", "identity", "network",
					    "slurmd" };

	for (size_t i = 0; json && i < 4; i++) {
		if (values[i] >= 0 &&
		    json_put_int(json, keys[i], values[i]) < 0) {
			json_destroy(json);
			return NULL;
		}
	}
	return json;
}

int report_print_state(const struct report_state *state, struct buf *out,
		       struct err *err)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || json_put_int(json, "v", 1) < 0 ||
	    json_put_int(json, "epoch", state->epoch) < 0 ||
	    json_put_str(json, "state", state->code ? "failed" : "ready") <
		    0 ||
	    (state->code && json_put_str(json, "code", state->code) < 0) ||
	    (state->code &&
	     json_put_str(json, "text", state->text ? state->text : "") <
		     0) ||
	    json_put(json, "ms", _times(&state->ms)) < 0)
		return err_nomem(err);
	json_print(json, out);
	return buf_ok(out, "state", err);
}

int report_print_template(const char *version, const char *line, int64_t boot,
			  struct buf *out, struct err *err)
{
	cleanup_json struct json *json = json_new_object();
	char first[LINE_MAX_];
	int len = (int) strcspn(line, "\r\n");

	if (len >= LINE_MAX_)
		len = LINE_MAX_ - 1;
	(void) snprintf(first, sizeof(first), "%.*s", len, line);
	if (!json || json_put_int(json, "v", 1) < 0 ||
	    json_put_str(json, "guest", version) < 0 ||
	    json_put_str(json, "slurmd", first) < 0 ||
	    json_put_int(json, "boot", boot) < 0)
		return err_nomem(err);
	json_print(json, out);
	return buf_ok(out, "template record", err);
}
