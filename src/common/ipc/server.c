/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server - listener and clients.
 *
 * A client reads a line (call and out empty), waits for an answer (call set:
 * nothing is read, only hang-up noticed), or writes one (out not empty).
 * _run() moves it along. Who answers is in the midst of something and must
 * not be handed the next call: _answered() leaves that to the loop.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/base/buf.h"
#include "server.h"
#include "wire.h"

#define BACKLOG 1024
#define ACCEPTS_PER_TURN 64
#define PAUSE_US 100000		/* after running out of descriptors */

struct client {
	struct server *server;
	struct client *prev, *next;
	struct server_peer peer;
	int fd;
	struct loop_io *io;
	struct loop_timer *idle;
	struct buf in, out;
	size_t searched;		/* of in: no newline before it */
	size_t sent;			/* of out */
	struct server_call *call;
	bool running;			/* _run() is on the stack */
	bool again;			/* to be run from the loop */
	bool closing;			/* no more reading */
	bool dead;			/* to be destroyed by _run() */
};

struct server_call {
	struct client *client;		/* NULL: it has gone */
	struct json *request;
	struct server_peer peer;
	void (*gone)(struct server_call *call, void *arg);
	void *gone_arg;
};

struct server {
	struct loop *loop;
	struct server_options options;
	char path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
	int fd;
	struct loop_io *io;
	struct loop_timer *pause;
	struct loop_timer *later;	/* for those to be run again */
	struct client *clients;
	size_t count, others;
	size_t queued[2];		/* bytes in the clients' out: of those
					 * not trusted, of the trusted */
};

static void _answered(struct client *client);

/* Calls. */

const char *server_call_verb(const struct server_call *call)
{
	const char *verb = "";

	(void) json_get_str(call->request, "verb", &verb, NULL);
	return verb;
}

const struct json *server_call_request(const struct server_call *call)
{
	return call->request;
}

const struct server_peer *server_call_peer(const struct server_call *call)
{
	return &call->peer;
}

void server_call_on_gone(struct server_call *call,
			 void (*cb)(struct server_call *call, void *arg),
			 void *arg)
{
	call->gone = cb;
	call->gone_arg = arg;
}

/* The client's half of ending a call; NULL when it has gone. */
static struct client *_end_call(struct server_call *call)
{
	struct client *client = call->client;

	if (client)
		client->call = NULL;
	json_destroy(call->request);
	free(call);
	return client;
}

/* What counts the bytes that wait for clients of this kind. */
static size_t *_queued(struct client *client)
{
	return &client->server->queued[client->peer.trusted ? 1 : 0];
}

static void _queue_line(struct client *client, const struct json *reply)
{
	json_print(reply, &client->out);
	buf_putc(&client->out, '\n');
	*_queued(client) += client->out.len;
	(void) loop_timer_set(client->idle, client->server->options.idle_us);
}

static void _queue_error(struct client *client, enum err_code code,
			 const char *text)
{
	cleanup_json struct json *reply = json_new_object();
	struct err failure = ERR_INIT;

	*_queued(client) -= client->out.len;
	buf_reset(&client->out);
	err_set(&failure, code, "%s", text);
	if (!reply || json_put_int(reply, "v", WIRE_VERSION) ||
	    wire_put_error(reply, &failure)) {
		client->dead = true;
		return;
	}
	_queue_line(client, reply);
}

static void _queue_reply(struct client *client, struct json *reply)
{
	if (!reply || json_put_int(reply, "v", WIRE_VERSION)) {
		_queue_error(client, ERR_FATAL, "out of memory");
		return;
	}
	_queue_line(client, reply);
	if (client->out.failed)
		_queue_error(client, ERR_FATAL, "the reply is too long");
	else if (*_queued(client) > SERVER_QUEUED_MAX)
		_queue_error(client, ERR_BUSY,
			     "too many replies wait to be read");
}

void server_call_reply(struct server_call *call, struct json *reply)
{
	struct client *client = _end_call(call);

	if (client) {
		_queue_reply(client, reply);
		_answered(client);
	}
	json_destroy(reply);
}

void server_call_fail(struct server_call *call, const struct err *failure)
{
	struct client *client = _end_call(call);

	if (client) {
		_queue_error(client, failure->code, failure->text);
		_answered(client);
	}
}

void server_call_drop(struct server_call *call)
{
	struct client *client = _end_call(call);

	if (client) {
		client->dead = true;
		_answered(client);
	}
}

/* Clients. */

static void _client_destroy(struct client *client)
{
	struct server *server = client->server;
	struct server_call *call = client->call;

	if (client->prev)
		client->prev->next = client->next;
	else
		server->clients = client->next;
	if (client->next)
		client->next->prev = client->prev;
	server->count--;
	server->others -= client->peer.trusted ? 0 : 1;
	*_queued(client) -= client->out.len;
	loop_io_destroy(client->io);
	loop_timer_destroy(client->idle);
	(void) close(client->fd);
	buf_free(&client->in);
	buf_free(&client->out);
	free(client);
	if (!call)
		return;
	call->client = NULL;
	if (call->gone)
		call->gone(call, call->gone_arg);
}

/* Read once; more may be waiting. */
static void _read(struct client *client)
{
	char chunk[16384];
	ssize_t n = recv(client->fd, chunk, sizeof(chunk), 0);

	if (n > 0) {
		buf_add(&client->in, chunk, (size_t) n);
		if (client->in.failed) {
			_queue_error(client, ERR_PROTOCOL,
				     "the request is too long");
			client->closing = true;
		}
	} else if (n == 0) {
		client->closing = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		client->dead = true;
	}
}

static void _write(struct client *client)
{
	while (client->sent < client->out.len) {
		ssize_t n = send(client->fd, client->out.data + client->sent,
				 client->out.len - client->sent,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			client->dead = true;
			return;
		}
		client->sent += (size_t) n;
	}
	*_queued(client) -= client->out.len;
	client->sent = 0;
	buf_free(&client->out);
	(void) loop_timer_set(client->idle, client->server->options.idle_us);
}

static struct json *_parse(const char *line, size_t len, struct err *err)
{
	cleanup_json struct json *request = json_parse(line, len, err);
	const char *verb;
	int64_t version;

	if (!request || json_get_int(request, "v", WIRE_VERSION, WIRE_VERSION,
				     &version, err) ||
	    json_get_str(request, "verb", &verb, err))
		return NULL;
	return steal_ptr(&request);
}

static void _start_call(struct client *client, size_t len)
{
	struct server *server = client->server;
	struct server_call *call = calloc(1, sizeof(*call));
	struct err err = ERR_INIT;

	if (call)
		call->request = _parse(client->in.data, len, &err);
	else
		err_nomem(&err);
	buf_consume(&client->in, len + 1);
	client->searched = 0;
	if (!call || !call->request) {
		free(call);
		_queue_error(client, err.code, err.text);
		client->closing = true;
		return;
	}
	call->client = client;
	call->peer = client->peer;
	client->call = call;
	loop_timer_stop(client->idle);
	server->options.handle(call, server->options.arg);
}

/* The end of the first line, or NULL. A long line comes in many pieces: each
 * byte is looked at once. */
static const char *_line_end(struct client *client)
{
	const char *start = buf_str(&client->in) + client->searched;
	const char *end = memchr(start, '\n',
				 client->in.len - client->searched);

	client->searched = client->in.len;
	return end;
}

/* Do all that can be done without waiting. */
static void _step(struct client *client)
{
	const char *end;

	for (;;) {
		if (client->out.len && !client->dead)
			_write(client);
		if (client->dead || client->call || client->out.len)
			return;
		end = _line_end(client);
		if (!end || client->in.failed)
			break;
		_start_call(client, (size_t) (end - client->in.data));
	}
	if (client->closing)
		client->dead = true;
}

/* Wait for what comes next, or be gone. */
static void _settle(struct client *client)
{
	unsigned events = 0;

	if (!client->dead) {
		if (client->out.len)
			events = LOOP_WRITE;
		else if (!client->call)
			events = LOOP_READ;
		client->dead = loop_io_set(client->io, events) < 0;
	}
	if (client->dead)
		_client_destroy(client);
}

static void _run(struct client *client)
{
	client->again = false;
	client->running = true;
	_step(client);
	client->running = false;
	_settle(client);
}

/* _step() goes on, when it is on the stack. */
static void _answered(struct client *client)
{
	if (client->running)
		return;
	if (client->out.len && !client->dead)
		_write(client);
	client->again = client->in.len || client->closing;
	if (client->again)
		(void) loop_timer_set(client->server->later, 0);
	_settle(client);
}

/* Each can be the end of others. */
static void _on_later(void *arg)
{
	struct server *server = arg;
	struct client *client, *next;

	for (client = server->clients; client; client = next) {
		next = client->next;
		if (!client->again)
			continue;
		_run(client);
		next = server->clients;
	}
}

static void _on_client(int fd, unsigned events, void *arg)
{
	struct client *client = arg;

	(void) fd;
	/* With something to read, the hang-up comes again as the end. */
	if (events & LOOP_READ)
		_read(client);
	else if (events & LOOP_HANGUP)
		client->dead = true;
	_run(client);
}

static void _on_idle(void *arg)
{
	_client_destroy(arg);
}

static int _get_peer(int fd, struct server_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -1;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
	peer->trusted = cred.uid == 0 || cred.uid == geteuid();
	return 0;
}

static void _refuse(int fd)
{
	static const char line[] = "{\"v\":1,\"error\":{\"code\":\"BUSY\","
				   "\"text\":\"too many clients\"}}\n";

	(void) !send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void) close(fd);
}

static void _link(struct server *server, struct client *client)
{
	client->next = server->clients;
	if (client->next)
		client->next->prev = client;
	server->clients = client;
	server->count++;
	server->others += client->peer.trusted ? 0 : 1;
}

static void _add_client(struct server *server, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	const struct server_options *options = &server->options;

	if (!client || _get_peer(fd, &client->peer) ||
	    server->count >= options->clients_max ||
	    (!client->peer.trusted && server->others >= options->others_max)) {
		free(client);
		_refuse(fd);
		return;
	}
	client->server = server;
	client->fd = fd;
	buf_init(&client->in, client->peer.trusted ? WIRE_TRUSTED_FRAME_MAX
						   : WIRE_FRAME_MAX);
	buf_init(&client->out, WIRE_REPLY_MAX);
	_link(server, client);
	client->io = loop_io_create(server->loop, fd, LOOP_READ, _on_client,
				    client, NULL);
	client->idle = loop_timer_create(server->loop, _on_idle, client,
					 NULL);
	if (!client->io || !client->idle ||
	    loop_timer_set(client->idle, options->idle_us))
		_client_destroy(client);
}

/* The listener. */

static void _on_listener(int fd, unsigned events, void *arg)
{
	struct server *server = arg;

	(void) events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int client = accept4(fd, NULL, NULL,
				     SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client >= 0) {
			_add_client(server, client);
			continue;
		}
		/* The listener stays readable: do not spin. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			(void) loop_io_set(server->io, 0);
			(void) loop_timer_set(server->pause, PAUSE_US);
		}
		return;
	}
}

static void _on_pause(void *arg)
{
	struct server *server = arg;

	(void) loop_io_set(server->io, LOOP_READ);
}

static int _bind(int fd, const struct sockaddr_un *addr)
{
	return bind(fd, (const struct sockaddr *) addr, sizeof(*addr));
}

/*
 * Whether who began to listen is dead, and a connection could be made only
 * because what it had forked still has its socket for a moment. *pid tells
 * who it is; 0: somebody in another PID namespace.
 */
static bool _is_dead(int fd, pid_t *pid)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);

	(void) getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	*pid = peer.pid;
	return *pid && kill(*pid, 0) && errno == ESRCH;
}

/* A socket file that nobody listens on is what a crash left behind. */
static int _clear_stale(const struct sockaddr_un *addr, struct err *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
					       SOCK_NONBLOCK, 0);
	struct stat st;
	pid_t pid = 0;
	int rc;

	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "socket");
	rc = connect(fd, (const struct sockaddr *) addr, sizeof(*addr));
	if (rc < 0 ? errno != ECONNREFUSED : !_is_dead(fd, &pid))
		return err_set(err, ERR_EXISTS,
			       "another scloned listens on %s (pid %d)",
			       addr->sun_path, (int) pid);
	if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is not a socket",
			       addr->sun_path);
	if (unlink(addr->sun_path))
		return err_errno(err, ERR_FATAL, errno, "remove %s",
				 addr->sun_path);
	return 0;
}

static int _listen(struct server *server, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int rc;

	memcpy(addr.sun_path, server->path, sizeof(server->path));
	server->fd = socket(AF_UNIX,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->fd < 0)
		return err_errno(err, ERR_FATAL, errno, "socket");
	rc = _bind(server->fd, &addr);
	if (rc && errno == EADDRINUSE) {
		if (_clear_stale(&addr, err))
			return -1;
		rc = _bind(server->fd, &addr);
	}
	if (rc)
		return err_errno(err, ERR_FATAL, errno, "bind %s",
				 server->path);
	if (chmod(server->path, server->options.mode) ||
	    listen(server->fd, BACKLOG))
		return err_errno(err, ERR_FATAL, errno, "listen on %s",
				 server->path);
	server->io = loop_io_create(server->loop, server->fd, LOOP_READ,
				    _on_listener, server, err);
	return server->io ? 0 : -1;
}

struct server *server_create(struct loop *loop,
			     const struct server_options *options,
			     struct err *err)
{
	cleanup_server struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		err_nomem(err);
		return NULL;
	}
	server->loop = loop;
	server->options = *options;
	server->fd = -1;
	if (strlen(options->path) >= sizeof(server->path)) {
		err_set(err, ERR_CONFIG, "socket path too long: %s",
			options->path);
		return NULL;
	}
	memcpy(server->path, options->path, strlen(options->path) + 1);
	server->pause = loop_timer_create(loop, _on_pause, server, err);
	server->later = loop_timer_create(loop, _on_later, server, err);
	if (!server->pause || !server->later || _listen(server, err))
		return NULL;
	return steal_ptr(&server);
}

void server_destroy(struct server *server)
{
	if (!server)
		return;
	while (server->clients)
		_client_destroy(server->clients);
	if (server->io)		/* bound by us */
		(void) unlink(server->path);
	loop_io_destroy(server->io);
	loop_timer_destroy(server->pause);
	loop_timer_destroy(server->later);
	if (server->fd >= 0)
		(void) close(server->fd);
	free(server);
}

size_t server_clients(const struct server *server)
{
	return server->count;
}
