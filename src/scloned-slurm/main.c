/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scloned-slurm - speaks with slurmctld for scloned.
 *
 * libslurm blocks for tens of seconds when slurmctld is away and ends the
 * process on a bad slurm.conf; in this child that hurts nobody. One line in,
 * one line out, until the other end closes. It decides nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/ipc/slurmcall.h"
#include "common/ipc/wire.h"
#include "common/slurm/fault.h"
#include "verbs.h"

struct options {
	const char *conf;	/* NULL: libslurm's default */
	int in, out;
};

static const struct option _long_options[] = {
	{ "fd", required_argument, NULL, 'f' },
	{ "conf", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int _take_fd(struct options *options, struct err *err)
{
	uint64_t fd;

	if (parse_u64(optarg, 0, INT_MAX, &fd, err))
		return -1;
	if (fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(err, ERR_CONFIG, errno, "--fd %s", optarg);
	options->in = options->out = (int) fd;
	return 0;
}

/* 1: asked for help or version, which was printed. */
static int _parse_options(int argc, char **argv, struct options *options,
			  struct err *err)
{
	for (;;) {
		int c = getopt_long(argc, argv, "", _long_options, NULL);

		if (c < 0 && optind == argc)
			return 0;
		switch (c) {
		case 'f':
			if (_take_fd(options, err))
				return -1;
			break;
		case 'c':
			options->conf = optarg;
			break;
		case 'h':
			printf("usage: scloned-slurm [--fd N] [--conf FILE]\n"
			       "\nSee scloned-slurm(8).\n");
			return 1;
		case 'V':
			printf("scloned-slurm " PACKAGE_VERSION "\n");
			return 1;
		default:
			return err_set(err, ERR_CONFIG,
				       "usage: scloned-slurm [--fd N] "
				       "[--conf FILE]");
		}
	}
}

/* One line without its newline to the front of in, which keeps what follows.
 * 1: a line of *len bytes; 0: the other end closed. */
static int _read_line(int fd, struct buf *in, size_t *len, struct err *err)
{
	char chunk[16384];

	for (;;) {
		const char *end = in->len ? memchr(in->data, '\n', in->len)
					  : NULL;
		ssize_t n;

		if (end) {
			*len = (size_t) (end - in->data);
			return 1;
		}
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_FATAL, errno, "read");
		if (n == 0)
			return 0;
		buf_add(in, chunk, (size_t) n);
		if (buf_ok(in, "the call", err))
			return -1;
	}
}

static int _write_line(int fd, const struct buf *out, struct err *err)
{
	size_t done = 0;

	while (done < out->len) {
		ssize_t n = write(fd, out->data + done, out->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_FATAL, errno, "write");
		done += (size_t) n;
	}
	return 0;
}

static struct json *_answer(int64_t id, struct err *err)
{
	cleanup_json struct json *answer = json_new_object();

	if (!answer || json_put_int(answer, "id", id)) {
		err_nomem(err);
		return NULL;
	}
	return steal_ptr(&answer);
}

static int _print(const struct json *answer, struct buf *out, struct err *err)
{
	buf_reset(out);
	json_print(answer, out);
	buf_putc(out, '\n');
	return buf_ok(out, "the answer", err);
}

static int _print_failure(int64_t id, const struct err *failure,
			  struct buf *out, struct err *err)
{
	cleanup_json struct json *answer = _answer(id, err);

	if (!answer)
		return -1;
	if (wire_put_error(answer, failure))
		return err_nomem(err);
	return _print(answer, out, err);
}

/* A line that is no call cannot be answered: that ends the conversation. */
static int _handle(struct verbs *verbs, const char *line, size_t len,
		   struct buf *out, struct err *err)
{
	cleanup_json struct json *call = json_parse(line, len, err);
	cleanup_json struct json *answer = NULL;
	struct err failure = ERR_INIT;
	int64_t id;

	if (!call || json_get_int(call, "id", 0, INT64_MAX, &id, err))
		return -1;
	answer = _answer(id, err);
	if (!answer)
		return -1;
	if (verbs_run(verbs, call, answer, &failure) ||
	    _print(answer, out, &failure))
		return _print_failure(id, &failure, out, err);
	return 0;
}

static int _serve(const struct options *options, struct err *err)
{
	cleanup_verbs struct verbs *verbs = verbs_create(err);
	cleanup_buf struct buf in;
	cleanup_buf struct buf out;
	size_t len = 0;
	int rc;

	buf_init(&in, SLURMCALL_LINE_MAX);
	buf_init(&out, SLURMCALL_ANSWER_MAX);
	if (!verbs)
		return -1;
	for (;;) {
		rc = _read_line(options->in, &in, &len, err);
		if (rc <= 0)
			return rc;
		if (_handle(verbs, in.data, len, &out, err) ||
		    _write_line(options->out, &out, err))
			return -1;
		buf_consume(&in, len + 1);
	}
}

int main(int argc, char **argv)
{
	struct options options = { .in = STDIN_FILENO,
				   .out = STDOUT_FILENO };
	struct err err = ERR_INIT;
	int rc;

	log_open("scloned-slurm", LOG_LEVEL_INFO, false);
	rc = _parse_options(argc, argv, &options, &err);
	if (rc > 0)
		return 0;
	if (rc < 0) {
		log_error("%s", err.text);
		return 2;
	}
	/* Without scloned there is nobody to speak for. */
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) signal(SIGPIPE, SIG_IGN);
	fault_start(options.conf);
	if (_serve(&options, &err)) {
		log_error("%s", err.text);
		return 1;
	}
	return 0;
}
