/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "canned.h"
#include "tap.h"

#define CONNECTIONS 64
#define BYTES_MAX (16 * 1024 * 1024)

struct connection {
	int fd;
	unsigned count;
	struct buf in;
};

struct canned {
	pthread_t thread;
	int listener, stop[2];
	char url[64];
	canned_fn *fn;
	void *arg;
	atomic_uint count;
	struct connection connections[CONNECTIONS];
};

static void _drop(struct connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	buf_free(&connection->in);
}

static void _send(int fd, const struct buf *reply)
{
	size_t done = 0;
	ssize_t n;

	while (done < reply->len) {
		n = send(fd, reply->data + done, reply->len - done,
			 MSG_NOSIGNAL);
		if (n <= 0)
			return;
		done += (size_t) n;
	}
}

/* Answer one request; false when the connection is closed. */
static bool _answer(struct canned *canned, struct connection *connection,
		    char *head, char *body, size_t len)
{
	struct buf reply;
	char after = body[len];
	struct canned_request request = {
		.head = head, .body = body,
		.on_connection = connection->count++,
		.number = atomic_load(&canned->count),
	};
	enum canned_act act;

	buf_init(&reply, BYTES_MAX);
	body[-1] = '\0';
	body[len] = '\0';
	atomic_fetch_add(&canned->count, 1);
	act = canned->fn(&request, &reply, canned->arg);
	body[len] = after;
	if (act != CANNED_HOLD)
		_send(connection->fd, &reply);
	buf_free(&reply);
	if (act == CANNED_CLOSE)
		_drop(connection);
	return act != CANNED_CLOSE;
}

/* Answer the whole requests there are. */
static void _serve(struct canned *canned, struct connection *connection)
{
	char *end, *length, *head;
	size_t len;

	for (;;) {
		head = connection->in.data;
		end = head ? strstr(head, "\r\n\r\n") : NULL;
		if (!end)
			return;
		length = strcasestr(head, "Content-Length:");
		len = length && length < end
			      ? strtoul(length + 15, NULL, 10) : 0;
		end += 4;
		if (connection->in.len - (size_t) (end - head) < len)
			return;
		if (!_answer(canned, connection, head, end, len))
			return;
		buf_consume(&connection->in, (size_t) (end - head) + len);
	}
}

static void _read(struct canned *canned, struct connection *connection)
{
	char bytes[65536];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);

	if (n <= 0) {
		_drop(connection);
		return;
	}
	buf_add(&connection->in, bytes, (size_t) n);
	_serve(canned, connection);
}

static void _accept(struct canned *canned)
{
	int fd = accept(canned->listener, NULL, NULL);

	for (int i = 0; i < CONNECTIONS && fd >= 0; i++) {
		if (canned->connections[i].fd >= 0)
			continue;
		canned->connections[i].fd = fd;
		canned->connections[i].count = 0;
		return;
	}
	close(fd);
}

static void *_run(void *arg)
{
	struct canned *canned = arg;
	struct pollfd fds[CONNECTIONS + 2];

	for (;;) {
		for (int i = 0; i < CONNECTIONS; i++)
			fds[i] = (struct pollfd) {
				canned->connections[i].fd, POLLIN, 0 };
		fds[CONNECTIONS] = (struct pollfd) { canned->listener, POLLIN,
						     0 };
		fds[CONNECTIONS + 1] = (struct pollfd) { canned->stop[0],
							 POLLIN, 0 };
		if (poll(fds, CONNECTIONS + 2, -1) < 0)
			continue;
		if (fds[CONNECTIONS + 1].revents)
			return NULL;
		for (int i = 0; i < CONNECTIONS; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				_read(canned, &canned->connections[i]);
		if (fds[CONNECTIONS].revents)
			_accept(canned);
	}
}

struct canned *canned_start(canned_fn *fn, void *arg)
{
	struct canned *canned = calloc(1, sizeof(*canned));
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);

	if (!canned)
		bail_out("out of memory");
	canned->fn = fn;
	canned->arg = arg;
	for (int i = 0; i < CONNECTIONS; i++) {
		canned->connections[i].fd = -1;
		buf_init(&canned->connections[i].in, BYTES_MAX);
	}
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	canned->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (canned->listener < 0 || pipe(canned->stop) ||
	    bind(canned->listener, (struct sockaddr *) &addr, len) ||
	    listen(canned->listener, 64) ||
	    getsockname(canned->listener, (struct sockaddr *) &addr, &len) ||
	    pthread_create(&canned->thread, NULL, _run, canned))
		bail_out("cannot start the canned server");
	snprintf(canned->url, sizeof(canned->url), "http://127.0.0.1:%u/sdk",
		 ntohs(addr.sin_port));
	return canned;
}

void canned_stop(struct canned *canned)
{
	if (write(canned->stop[1], "", 1) != 1)
		bail_out("cannot stop the canned server");
	pthread_join(canned->thread, NULL);
	for (int i = 0; i < CONNECTIONS; i++)
		if (canned->connections[i].fd >= 0)
			_drop(&canned->connections[i]);
	close(canned->listener);
	close(canned->stop[0]);
	close(canned->stop[1]);
	free(canned);
}

const char *canned_url(const struct canned *canned)
{
	return canned->url;
}

unsigned canned_count(struct canned *canned)
{
	return atomic_load(&canned->count);
}

void canned_reply(struct buf *reply, int status, const char *headers,
		  const char *body, size_t len)
{
	buf_printf(reply, "HTTP/1.1 %d Status\r\n"
		   "Content-Length: %zu\r\n%s\r\n", status, len, headers);
	buf_add(reply, body, len);
}

void canned_soap(struct buf *reply, int status, const char *content)
{
	struct buf text;

	buf_init(&text, BYTES_MAX);
	buf_puts(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
		 "<soapenv:Envelope xmlns:soapenv="
		 "\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi="
		 "\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd="
		 "\"http://www.w3.org/2001/XMLSchema\"><soapenv:Body>");
	buf_puts(&text, content);
	buf_puts(&text, "</soapenv:Body></soapenv:Envelope>");
	canned_reply(reply, status, "Content-Type: text/xml\r\n",
		     buf_str(&text), text.len);
	buf_free(&text);
}

void canned_fault(struct buf *reply, const char *type)
{
	char content[1024];

	snprintf(content, sizeof(content),
		 "<soapenv:Fault><faultcode>ServerFaultCode</faultcode>"
		 "<faultstring>said so</faultstring><detail><%sFault"
		 " xmlns=\"urn:vim25\" xsi:type=\"%s\"/></detail>"
		 "</soapenv:Fault>", type, type);
	canned_soap(reply, 500, content);
}
