/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server - see server.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "call.h"
#include "common/base/log.h"
#include "control.h"
#include "server.h"
#include "session.h"
#include "stats.h"

#define BACKLOG 1024
#define SLOW_MS 20	/* between two pieces of a slow reply */

enum state { RECEIVING, SERVING, WAITING, ANSWERED };

struct server {
	struct lab *lab;
	struct MHD_Daemon *daemon;
	struct loop_io *io;
	struct loop_timer *timer;
	int port;
	struct conn *conns;
};

/* One request. */
struct conn {
	struct server *server;
	struct MHD_Connection *mhd;
	struct conn *next, **link;
	enum state state;
	struct buf body;
	struct call *call;		/* waits for its answer */
	struct MHD_Response *response;	/* NULL: close without a word */
	unsigned status;
	/* A reply that is spoilt on the way. */
	struct inject_rule rule;
	struct buf reply;
	bool paused;			/* suspended by a slow reply */
	bool rested;			/* the next piece is due */
};

/* -- the loop ------------------------------------------------------- */

static void _run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	(void) MHD_run(server->daemon);
	if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
		(void) loop_timer_set(server->timer,
				      (int64_t) wait_ms * 1000);
}

static void _readable(int fd, unsigned events, void *arg)
{
	(void) fd;
	(void) events;
	_run(arg);
}

static void _timer(void *arg)
{
	_run(arg);
}

/* -- answers -------------------------------------------------------- */

/* Without a thread of its own the daemon must be told to look. */
static void _resume(struct conn *conn)
{
	MHD_resume_connection(conn->mhd);
	(void) loop_timer_set(conn->server->timer, 0);
}

static void _go_on(void *arg)
{
	struct conn *conn = arg;

	conn->paused = false;
	_resume(conn);
}

/* Content of a reply that trickles or breaks off. */
static ssize_t _read_spoilt(void *arg, uint64_t pos, char *out, size_t max)
{
	struct conn *conn = arg;
	size_t end = conn->reply.len;
	size_t n;

	if (conn->rule.kind == INJECT_HALF)
		end /= 2;
	if (pos >= end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = end - (size_t) pos < max ? end - (size_t) pos : max;
	if (conn->rule.kind == INJECT_SLOW) {
		size_t piece = (size_t) conn->rule.bytes * SLOW_MS / 1000 + 1;

		conn->rested = !conn->rested;
		if (conn->rested) {
			conn->paused = true;
			MHD_suspend_connection(conn->mhd);
			sched_after(conn->server->lab->sched, SLOW_MS * 1000,
				    _go_on, conn, conn);
			return 0;
		}
		n = n < piece ? n : piece;
	}
	memcpy(out, conn->reply.data + pos, n);
	return (ssize_t) n;
}

static struct MHD_Response *_html(struct conn *conn)
{
	static const char text[] =
		"<html><head><title>503 Service Unavailable</title></head>"
		"<body><h1>503 Service Unavailable</h1></body></html>\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof(text) - 1, (void *) text, MHD_RESPMEM_PERSISTENT);

	(void) MHD_add_response_header(response, "Content-Type",
				       "text/html; charset=utf-8");
	conn->status = 503;
	return response;
}

static struct MHD_Response *_whole(const struct buf *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body->len, body->data ? body->data : (void *) "",
		MHD_RESPMEM_MUST_COPY);

	(void) MHD_add_response_header(response, "Content-Type",
				       body->len && body->data[0] == '<'
					       ? "text/xml; charset=utf-8"
					       : "application/json");
	(void) MHD_add_response_header(response, "Cache-Control", "no-cache");
	return response;
}

static struct MHD_Response *_spoilt(struct conn *conn,
				    const struct buf *body)
{
	struct MHD_Response *response;

	buf_init(&conn->reply, CALL_REPLY_MAX);
	buf_add(&conn->reply, body->data, body->len);
	response = MHD_create_response_from_callback(
		body->len, 16384, _read_spoilt, conn, NULL);
	(void) MHD_add_response_header(response, "Content-Type",
				       "text/xml; charset=utf-8");
	return response;
}

/* Abort: the peer sees a reset, not an end. */
static void _abort(struct conn *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		conn->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (info)
		(void) connect(info->connect_fd, &none, sizeof(none));
}

static struct MHD_Response *_make(struct conn *conn, const struct buf *body)
{
	switch (conn->rule.kind) {
	case INJECT_LOST:
		return NULL;
	case INJECT_RESET:
		_abort(conn);
		return NULL;
	case INJECT_HTML:
		return _html(conn);
	case INJECT_HALF:
	case INJECT_SLOW:
		return _spoilt(conn, body);
	default:
		return _whole(body);
	}
}

void conn_reply(struct conn *conn, unsigned status, const struct buf *body,
		const char *cookie, const struct inject_rule *rule)
{
	bool waited = conn->state == WAITING;

	conn->status = status;
	if (rule)
		conn->rule = *rule;
	conn->response = _make(conn, body);
	if (conn->response && cookie)
		(void) MHD_add_response_header(conn->response, "Set-Cookie",
					       cookie);
	conn->state = ANSWERED;
	conn->call = NULL;
	if (waited)
		_resume(conn);
}

void conn_reply_json(struct conn *conn, unsigned status,
		     const struct json *json)
{
	struct buf body;

	buf_init(&body, CALL_REPLY_MAX);
	json_print(json, &body);
	buf_putc(&body, '\n');
	conn_reply(conn, status, &body, NULL, NULL);
	buf_free(&body);
}

void conn_wait(struct conn *conn, struct call *call)
{
	conn->call = call;
}

/* -- requests ------------------------------------------------------- */

static enum MHD_Result _queue(struct conn *conn)
{
	enum MHD_Result rc;

	if (!conn->response)
		return MHD_NO;
	rc = MHD_queue_response(conn->mhd, conn->status, conn->response);
	MHD_destroy_response(conn->response);
	conn->response = NULL;
	return rc;
}

/* The session's cookie with its quotes taken off, or NULL. */
static const char *_cookie(struct conn *conn, char *out, size_t size)
{
	const char *value = MHD_lookup_connection_value(
		conn->mhd, MHD_COOKIE_KIND, SESSION_COOKIE);
	size_t len;

	if (!value)
		return NULL;
	value += *value == '"';
	len = strcspn(value, "\"");
	if (len >= size)
		return NULL;
	memcpy(out, value, len);
	out[len] = '\0';
	return out;
}

static void _versions(struct conn *conn)
{
	struct buf body;

	buf_init(&body, 4096);
	buf_puts(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n"
			"<namespaces version=\"1.0\"><namespace>"
			"<name>urn:vim25</name><version>" LAB_API_VERSION
			"</version><priorVersions>"
			"<version>8.0.2.0</version><version>8.0.1.0</version>"
			"<version>8.0.0.1</version><version>7.0.3.0</version>"
			"<version>7.0</version><version>6.7.3</version>"
			"<version>6.7.2</version><version>6.7.1</version>"
			"<version>6.7</version><version>6.5</version>"
			"<version>6.0</version><version>5.5</version>"
			"</priorVersions></namespace></namespaces>\n");
	conn_reply(conn, 200, &body, NULL, NULL);
	buf_free(&body);
}

static void _refuse(struct conn *conn, unsigned status, const char *text)
{
	struct json *json = json_new_object();

	(void) json_put_str(json, "error", text);
	conn_reply_json(conn, status, json);
	json_destroy(json);
}

static void _serve(struct conn *conn, const char *url, const char *method)
{
	struct lab *lab = conn->server->lab;
	const char *action = MHD_lookup_connection_value(
		conn->mhd, MHD_HEADER_KIND, "SOAPAction");
	char cookie[128];

	conn->state = SERVING;
	if (conn->body.failed)
		_refuse(conn, 413, "request too long");
	else if (strncmp(url, "/lab/", 5) == 0)
		control_serve(lab, conn, method, url, buf_str(&conn->body),
			      conn->body.len);
	else if (strcmp(url, "/sdk/vimServiceVersions.xml") == 0)
		_versions(conn);
	else if (strcmp(method, "POST") == 0 && strncmp(url, "/sdk", 4) == 0)
		call_serve(lab, conn, buf_str(&conn->body), conn->body.len,
			   action, _cookie(conn, cookie, sizeof(cookie)));
	else
		_refuse(conn, 404, "nothing here");
	if (conn->state == SERVING) {
		conn->state = WAITING;
		MHD_suspend_connection(conn->mhd);
	}
}

static struct conn *_begin(struct server *server, struct MHD_Connection *mhd)
{
	struct conn *conn = lab_alloc(sizeof(*conn));

	conn->server = server;
	conn->mhd = mhd;
	buf_init(&conn->body, SERVER_BODY_MAX);
	conn->next = server->conns;
	conn->link = &server->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	server->conns = conn;
	return conn;
}

static enum MHD_Result _request(void *arg, struct MHD_Connection *mhd,
				const char *url, const char *method,
				const char *version, const char *data,
				size_t *size, void **state)
{
	struct conn *conn = *state;

	(void) version;
	if (!conn) {
		*state = _begin(arg, mhd);
		return MHD_YES;
	}
	if (*size > 0) {
		buf_add(&conn->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (conn->state == RECEIVING)
		_serve(conn, url, method);
	return conn->state == ANSWERED ? _queue(conn) : MHD_YES;
}

static void _completed(void *arg, struct MHD_Connection *mhd, void **state,
		       enum MHD_RequestTerminationCode code)
{
	struct conn *conn = *state;
	struct call *call;

	(void) arg;
	(void) mhd;
	(void) code;
	if (!conn)
		return;
	call = conn->call;
	conn->call = NULL;
	if (call)
		call_abandon(call);
	if (conn->rule.kind == INJECT_SLOW)
		sched_cancel(conn->server->lab->sched, conn);
	if (conn->response)
		MHD_destroy_response(conn->response);
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	buf_free(&conn->body);
	buf_free(&conn->reply);
	free(conn);
	*state = NULL;
}

static void _connected(void *arg, struct MHD_Connection *mhd, void **socket,
		       enum MHD_ConnectionNotificationCode code)
{
	struct server *server = arg;

	(void) mhd;
	(void) socket;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		server->lab->stats->connections++;
}

/* -- start and end -------------------------------------------------- */

static int _listen(struct server *server, const char *address, int port,
		   struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t) port) };
	socklen_t len = sizeof(at);
	cleanup_close int fd = -1;
	int yes = 1;

	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		return err_set(err, ERR_CONFIG, "'%s' is no IPv4 address",
			       address);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "socket");
	(void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *) &at, sizeof(at)) < 0 ||
	    listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *) &at, &len) < 0)
		return err_errno(err, ERR_FATAL, errno, "listen on %s:%d",
				 address, port);
	server->port = ntohs(at.sin_port);
	return steal_fd(&fd);
}

static struct MHD_Daemon *_start(struct server *server, int fd,
				 const struct tls *tls)
{
	struct MHD_OptionItem secure[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? tls->key : NULL },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? tls->cert : NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_TURBO;

	if (!tls)
		secure[0].option = MHD_OPTION_END;
	return MHD_start_daemon(
		flags | (tls ? MHD_USE_TLS : 0), 0, NULL, NULL, _request,
		server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) 65536,
		MHD_OPTION_NOTIFY_COMPLETED, _completed, server,
		MHD_OPTION_NOTIFY_CONNECTION, _connected, server,
		MHD_OPTION_ARRAY, secure, MHD_OPTION_END);
}

static int _attach(struct server *server, struct err *err)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return err_set(err, ERR_FATAL, "libmicrohttpd lacks epoll");
	server->timer = loop_timer_create(server->lab->loop, _timer, server,
					  err);
	server->io = loop_io_create(server->lab->loop, info->epoll_fd,
				    LOOP_READ, _readable, server, err);
	return server->timer && server->io ? 0 : -1;
}

struct server *server_create(struct lab *lab, const char *address, int port,
			     const struct tls *tls, struct err *err)
{
	struct server *server = lab_alloc(sizeof(*server));
	int fd;

	server->lab = lab;
	fd = _listen(server, address, port, err);
	if (fd < 0) {
		free(server);
		return NULL;
	}
	server->daemon = _start(server, fd, tls);
	if (!server->daemon) {
		(void) close(fd);
		free(server);
		(void) err_set(err, ERR_FATAL,
			       "libmicrohttpd does not start");
		return NULL;
	}
	if (_attach(server, err) < 0) {
		server_destroy(server);
		return NULL;
	}
	return server;
}

void server_destroy(struct server *server)
{
	if (!server)
		return;
	loop_io_destroy(server->io);
	loop_timer_destroy(server->timer);
	for (struct conn *c = server->conns; c; c = c->next) {
		if (c->state == WAITING || c->paused)
			MHD_resume_connection(c->mhd);
		c->state = ANSWERED;
		c->paused = false;
	}
	MHD_stop_daemon(server->daemon);
	free(server);
}

int server_port(const struct server *server)
{
	return server->port;
}
