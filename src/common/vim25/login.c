/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/path.h"
#include "url.h"
#include "login.h"

#define PASSWORD_MAX 1024
#define TIMEOUT_MS 30000
#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 30000

struct login {
	struct http *http;
	char *user, *password_file, *versions_path;
	uid_t password_owner;
	login_done_fn *done;
	void *arg;
	struct service service;
	char key[SERVICE_TEXT_SIZE];

	/* the step under way */
	struct http_call *asking;
	struct soap_call *entering;
	struct soap_request request;

	struct stat password_stat;	/* the file as it was read last */
	int64_t rejected_us;
	unsigned pause_ms;
	void (*left)(void *arg);
	void *left_arg;
};

static void _failed(struct login *login, const struct err *err)
{
	login->done(err, false, login->arg);
}

static void _rejected(struct login *login, const struct err *err)
{
	struct err told = *err;

	err_wrap(&told, "vCenter rejects %s (not tried again for 15 min, or "
		 "until %s changes)", login->user, login->password_file);
	login->rejected_us = clock_mono_us();
	login->done(&told, true, login->arg);
}

static void _on_login(const struct soap_reply *reply, void *arg)
{
	struct login *login = arg;
	const char *key;

	login->entering = NULL;
	soap_request_free(&login->request);
	if (reply->fault && reply->err->code == ERR_AUTH) {
		_rejected(login, reply->err);
	} else if (reply->err) {
		_failed(login, reply->err);
	} else {
		key = xml_child_text(xml_child(reply->response, "returnval"),
				     "key");
		snprintf(login->key, sizeof(login->key), "%s",
			 key ? key : "");
		login->pause_ms = PAUSE_MIN_MS;
		login->done(NULL, false, login->arg);
	}
}

void login_write(struct soap_request *request,
		 const struct moref *session_manager, const char *user,
		 const char *password)
{
	/* As a change: libcurl and we alike send a password once. */
	soap_begin(request, SOAP_CHANGE, "Login", session_manager, NULL);
	buf_reserve(&request->text, 8 * PASSWORD_MAX);
	xml_put(&request->text, "userName", user);
	xml_put(&request->text, "password", password);
	request->takes_cookie = true;
	request->secret = true;
	request->timeout_ms = TIMEOUT_MS;
}

static int _read_password(struct login *login, struct buf *password,
			  struct err *err)
{
	buf_init(password, PASSWORD_MAX);
	if (stat(login->password_file, &login->password_stat))
		return err_errno(err, ERR_CONFIG, errno, "password file %s",
				 login->password_file);
	buf_reserve(password, PASSWORD_MAX);
	if (!path_read_secret(login->password_file, login->password_owner,
			      password, err))
		return 0;
	err->code = ERR_CONFIG;
	return -1;
}

/* Before the calls that wait for a connection: without a login they would go
 * out in vain. */
static int _ask(struct login *login, soap_done_fn *done, struct err *err)
{
	login->request.first = true;
	if (soap_end(&login->request, err))
		return -1;
	login->entering = soap_send(login->http, &login->request, done, login,
				    err);
	return login->entering ? 0 : -1;
}

static void _log_in(struct login *login)
{
	struct err err = ERR_INIT;
	struct buf password;
	int rc = _read_password(login, &password, &err);

	if (!rc)
		login_write(&login->request, &login->service.session_manager,
			    login->user, buf_str(&password));
	buf_wipe(&password);
	if (!rc && !_ask(login, _on_login, &err))
		return;
	soap_request_free(&login->request);
	_failed(login, &err);
}

static void _on_content(const struct soap_reply *reply, void *arg)
{
	struct login *login = arg;
	struct err err = ERR_INIT;

	login->entering = NULL;
	soap_request_free(&login->request);
	if (reply->err)
		_failed(login, reply->err);
	else if (service_read(&login->service, reply->response, &err))
		_failed(login, &err);
	else
		_log_in(login);
}

static int _check_versions(const struct login *login,
			   const struct http_reply *reply, struct err *err)
{
	if (reply->status == 200)
		return service_check_versions(reply->body, reply->len, err);
	return err_set(err, reply->status == 404 ? ERR_CONFIG : ERR_TRANSIENT,
		       "%s: HTTP status %ld: " SERVICE_OTHER,
		       login->versions_path, reply->status);
}

static void _on_versions(const struct http_reply *reply,
			 const struct err *failed, void *arg)
{
	struct login *login = arg;
	struct err err = ERR_INIT;

	login->asking = NULL;
	if (failed) {
		_failed(login, failed);
		return;
	}
	if (!_check_versions(login, reply, &err)) {
		service_write_request(&login->request);
		if (!_ask(login, _on_content, &err))
			return;
		soap_request_free(&login->request);
	}
	_failed(login, &err);
}

void login_start(struct login *login, bool all)
{
	struct http_request get = { .path = login->versions_path,
				    .timeout_ms = TIMEOUT_MS,
				    .repeatable = true, .first = true };
	struct err err = ERR_INIT;

	http_forget(login->http);
	if (!all) {
		_log_in(login);
		return;
	}
	login->asking = http_send(login->http, &get, _on_versions, login,
				  &err);
	if (!login->asking)
		_failed(login, &err);
}

void login_stop(struct login *login)
{
	http_cancel(steal_ptr(&login->asking));
	soap_cancel(steal_ptr(&login->entering));
	soap_request_free(&login->request);
}

static void _on_logout(const struct soap_reply *reply, void *arg)
{
	struct login *login = arg;

	(void) reply;
	login->entering = NULL;
	soap_request_free(&login->request);
	login->left(login->left_arg);
}

int login_leave(struct login *login, void (*left)(void *arg), void *arg)
{
	struct soap_request *request = &login->request;

	login->left = left;
	login->left_arg = arg;
	soap_begin(request, SOAP_READ, "Logout",
		   &login->service.session_manager, NULL);
	request->timeout_ms = LOGIN_LEAVE_MS;
	return _ask(login, _on_logout, NULL);
}

int64_t login_pause_us(struct login *login)
{
	unsigned ms = login->pause_ms, random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
	    sizeof(random))
		random = (unsigned) clock_mono_us();
	login->pause_ms = ms * 2 < PAUSE_MAX_MS ? ms * 2 : PAUSE_MAX_MS;
	return (ms / 2 + random % (ms / 2 + 1)) * CLOCK_US_PER_MS;
}

static bool _same_password_file(const struct login *login)
{
	const struct stat *then = &login->password_stat;
	struct stat now;

	return !stat(login->password_file, &now) &&
	       now.st_ino == then->st_ino && now.st_dev == then->st_dev &&
	       now.st_size == then->st_size &&
	       now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

bool login_may_retry(const struct login *login)
{
	return !_same_password_file(login) ||
	       clock_mono_us() - login->rejected_us >=
		       LOGIN_REJECTED_MS * CLOCK_US_PER_MS;
}

const struct service *login_service(const struct login *login)
{
	return &login->service;
}

const char *login_key(const struct login *login)
{
	return login->key;
}

struct login *login_create(struct http *http,
			   const struct login_config *config,
			   login_done_fn *done, void *arg)
{
	struct login *login = calloc(1, sizeof(*login));
	struct buf path;

	if (!login)
		return NULL;
	buf_init(&path, 2048);
	buf_printf(&path, "%s/vimServiceVersions.xml", url_path(config->url));
	login->http = http;
	login->pause_ms = PAUSE_MIN_MS;
	login->user = strdup(config->user);
	login->password_file = strdup(config->password_file);
	login->versions_path = buf_steal(&path);
	login->password_owner = config->password_owner;
	login->done = done;
	login->arg = arg;
	service_assume(&login->service);
	if (login->user && login->password_file && login->versions_path)
		return login;
	login_destroy(login);
	return NULL;
}

void login_destroy(struct login *login)
{
	if (!login)
		return;
	login_stop(login);
	free(login->user);
	free(login->password_file);
	free(login->versions_path);
	free(login);
}
