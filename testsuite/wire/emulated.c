/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/path.h"
#include "await.h"
#include "emulated.h"
#include "tap.h"

#define PROGRAM "../vclab/vclab"

bool emulated_exists(void)
{
	return access(PROGRAM, X_OK) == 0;
}

static void _exec(const struct emulated *vc, int out)
{
	/* It must not outlive a test that bails out. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(out, STDOUT_FILENO);
	execl(PROGRAM, "vclab", "--inventory", INVENTORY, "--listen",
	      "127.0.0.1:0", "--state", vc->directory, (char *) NULL);
	_exit(127);
}

static void _spawn(struct emulated *vc)
{
	unsigned port;
	FILE *file;
	int out[2];

	if (pipe(out))
		bail_out("no pipe");
	vc->pid = fork();
	if (vc->pid < 0)
		bail_out("cannot fork");
	if (!vc->pid)
		_exec(vc, out[1]);
	close(out[1]);
	file = fdopen(out[0], "r");
	if (!file || fscanf(file, "listening %u %127s", &port,
			    vc->ca_file) != 2)
		bail_out("vclab does not start");
	fclose(file);
	snprintf(vc->url, sizeof(vc->url), "https://127.0.0.1:%u/sdk", port);
}

void emulated_config(const struct emulated *vc, struct session_config *config)
{
	*config = (struct session_config) {
		.http = { .url = vc->url, .ca_file = vc->ca_file,
			  .connections = 4, .reply_max = 8 << 20,
			  .connect_ms = 10000 },
		.user = "svc-slurm@vsphere.local",
		.password_file = vc->password_file,
		.password_owner = getuid(),
	};
}

void emulated_start(struct emulated *vc)
{
	struct watch_config watch = { .guest_key = "guestinfo.sclone.state" };
	struct session_config config;
	struct err err = ERR_INIT;

	memset(vc, 0, sizeof(*vc));
	snprintf(vc->directory, sizeof(vc->directory),
		 "/tmp/sclone-vclab-XXXXXX");
	vc->loop = loop_create(NULL);
	if (!vc->loop || !mkdtemp(vc->directory))
		bail_out("cannot start");
	snprintf(vc->password_file, sizeof(vc->password_file), "%s/password",
		 vc->directory);
	if (path_write(vc->password_file, "secret\n", 7, 0600, &err))
		bail_out("%s", err.text);
	_spawn(vc);
	emulated_config(vc, &config);
	vc->session = session_create(vc->loop, &config, &err);
	vc->control = http_create(vc->loop, &config.http, &err);
	if (!vc->session || !vc->control)
		bail_out("%s", err.text);
	vc->watch = watch_create(vc->session, &watch, &err);
	if (!vc->watch)
		bail_out("%s", err.text);
}

static void _remove(const char *directory)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", directory, (char *) NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

void emulated_stop(struct emulated *vc)
{
	watch_destroy(vc->watch);
	session_destroy(vc->session);
	http_destroy(vc->control);
	loop_destroy(vc->loop);
	kill(vc->pid, SIGTERM);
	waitpid(vc->pid, NULL, 0);
	_remove(vc->directory);
}

struct answer {
	struct emulated *vc;
	unsigned count;
};

static void _on_answer(const struct http_reply *reply, const struct err *err,
		       void *arg)
{
	struct answer *answer = arg;

	if (err || reply->status != 200)
		bail_out("/lab: %s", err ? err->text : reply->body);
	snprintf(answer->vc->answer, sizeof(answer->vc->answer), "%s",
		 reply->body);
	answer->count++;
}

void emulated_control(struct emulated *vc, const char *path, const char *json)
{
	struct http_request request = {
		.path = path, .body = json, .len = strlen(json),
		.timeout_ms = 10000, .repeatable = true,
	};
	struct answer answer = { .vc = vc };

	if (!http_send(vc->control, &request, _on_answer, &answer, NULL))
		bail_out("cannot send to /lab");
	await(vc->loop, &answer.count, 1);
}

long emulated_number(const struct emulated *vc, const char *key)
{
	const char *p = strstr(vc->answer, key);

	p = p ? strchr(p, ':') : NULL;
	return p ? strtol(p + 1, NULL, 10) : -1;
}
