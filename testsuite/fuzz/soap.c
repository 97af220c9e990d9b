/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vCenter, or whoever answers in its place, may send: the first byte
 * of the input chooses the call, the rest is the reply to it. Each call ends
 * once, with a result or with an error that has a code and a text.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/vim25/machine.h"
#include "common/vim25/search.h"
#include "common/vim25/task.h"
#include "fake_http.h"
#include "fuzz.h"

#define TURNS 16	/* of the loop, for the watch to get going */
#define TURN_US 500

#define OPEN                                                                \
	"<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"" \
	" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Body>"
#define CLOSE "</e:Body></e:Envelope>"
#define REPLY(method, text)                                                 \
	{ "<" method " ", OPEN "<" method "Response xmlns=\"urn:vim25\">"   \
	  text "</" method "Response>" CLOSE }
#define REF(type, id) "<returnval type=\"" type "\">" id "</returnval>"

/* What the vCenter says to the calls the input does not answer. */
static const struct {
	const char *method;
	const char *reply;
} canned[] = {
	REPLY("RetrieveServiceContent",
	      "<returnval><rootFolder type=\"Folder\">f</rootFolder>"
	      "<propertyCollector type=\"PropertyCollector\">pc"
	      "</propertyCollector><viewManager type=\"ViewManager\">vm"
	      "</viewManager><about><apiType>VirtualCenter</apiType></about>"
	      "<authorizationManager type=\"AuthorizationManager\">a"
	      "</authorizationManager><sessionManager type=\"SessionManager\">"
	      "s</sessionManager><searchIndex type=\"SearchIndex\">i"
	      "</searchIndex></returnval>"),
	REPLY("Login", "<returnval><key>k</key></returnval>"),
	REPLY("CreatePropertyCollector", REF("PropertyCollector", "pc1")),
	REPLY("CreateListView", REF("ListView", "lv1")),
	REPLY("CreateFilter", REF("PropertyFilter", "pf1")),
	REPLY("ModifyListView", ""),
	REPLY("PowerOffVM_Task", REF("Task", "task-1")),
};

static const char versions[] =
	"<namespaces><namespace><name>urn:vim25</name>"
	"<version>8.0.2.0</version></namespace></namespaces>";

static const struct moref vm = { "VirtualMachine", "vm-1" };

struct scene {
	struct loop *loop;
	struct session *session;
	struct watch *watch;
	const char *method;	/* whose reply the input is */
	/* One of these, until it ends. */
	struct property_query *query;
	struct search *search;
	struct task *task;
	int ends;
};

static void _ended(struct scene *scene, const struct err *err)
{
	scene->query = NULL;
	scene->search = NULL;
	scene->task = NULL;
	scene->ends++;
	fuzz_must(!err || (err->code && err->text[0]));
}

/* --- the calls ---------------------------------------------------------- */

static int _each_machine(const struct property_object *object, void *arg,
			 struct err *err)
{
	const struct xml_node *disk, *backing;
	struct machine machine;
	struct recent_task task;

	(void) arg;
	if (machine_parse(&machine, object, err) ||
	    recent_task_parse(&task, object, err))
		return -1;
	(void) property_option(machine.options, "sclone.owner");
	for (disk = disk_next(machine.devices, NULL); disk;
	     disk = disk_next(machine.devices, disk))
		for (backing = disk_backing(disk); backing;
		     backing = disk_parent(backing))
			(void) disk_file(backing);
	return 0;
}

static void _read_done(const struct err *err, void *arg)
{
	_ended(arg, err);
}

static void _ask_machines(struct scene *scene)
{
	struct property_spec spec;

	machine_spec(&spec, MACHINE_ALL);
	spec.objects = &vm;
	spec.n_objects = 1;
	scene->method = "<RetrievePropertiesEx ";
	scene->query = property_read(scene->session, &spec, _each_machine,
				     _read_done, scene, NULL);
	fuzz_must(scene->query != NULL);
}

static void _found(const struct moref *found, const struct err *err, void *arg)
{
	fuzz_must(!found || moref_is_set(found));
	_ended(arg, err);
}

static void _ask_search(struct scene *scene)
{
	scene->method = "<FindByInventoryPath ";
	scene->search = search_path(scene->session, "/DC/vm/x", NULL, _found,
				    scene, NULL);
	fuzz_must(scene->search != NULL);
}

static void _ask_content(struct scene *scene)
{
	_ask_search(scene);
	scene->method = "<RetrieveServiceContent ";
}

static void _ask_login(struct scene *scene)
{
	_ask_search(scene);
	scene->method = "<Login ";
}

static void _ask_versions(struct scene *scene)
{
	_ask_search(scene);
	scene->method = NULL;
}

static void _task_done(const struct task_result *result, void *arg)
{
	_ended(arg, result->err);
}

static void _ask_submit(struct scene *scene)
{
	struct soap_request request;

	scene->method = "<PowerOffVM_Task ";
	soap_begin(&request, SOAP_CHANGE, "PowerOffVM_Task", &vm, NULL);
	fuzz_must(!soap_end(&request, NULL));
	scene->task = task_start(scene->watch, &request, 60000, _task_done,
				 scene, NULL);
	fuzz_must(scene->task != NULL);
}

static void _ask_updates(struct scene *scene)
{
	_ask_submit(scene);
	scene->method = "<WaitForUpdatesEx ";
}

static void (*_chosen(uint8_t choice))(struct scene *scene)
{
	switch (choice) {
	case 'c':
		return _ask_content;
	case 'l':
		return _ask_login;
	case 's':
		return _ask_search;
	case 't':
		return _ask_submit;
	case 'u':
		return _ask_updates;
	case 'v':
		return _ask_versions;
	default:
		return _ask_machines;
	}
}

/* --- the vCenter -------------------------------------------------------- */

static bool _is_call(const char *body, const char *method)
{
	return body && method ? strstr(body, method) != NULL
			      : body == method;
}

static void _answer_canned(const char *body)
{
	if (!body) {
		fake_http_answer(versions, sizeof(versions) - 1);
		return;
	}
	for (size_t i = 0; i < sizeof(canned) / sizeof(canned[0]); i++) {
		if (!strstr(body, canned[i].method))
			continue;
		fake_http_answer(canned[i].reply, strlen(canned[i].reply));
		return;
	}
	fake_http_answer("", 0);
}

/* Answer until the input has been used, and once more after it. */
static void _converse(struct scene *scene, const char *reply, size_t len)
{
	const char *body;
	bool used = false;

	for (int i = 0; i < TURNS && !used; i++) {
		while (!used && fake_http_next(&body)) {
			used = _is_call(body, scene->method);
			if (used)
				fake_http_answer(reply, len);
			else
				_answer_canned(body);
		}
		if (!used)
			(void) loop_turn(scene->loop, TURN_US, NULL);
	}
	if (fake_http_next(&body))
		_answer_canned(body);
}

/* --- the whole ---------------------------------------------------------- */

static const char *_password_file(void)
{
	static char path[] = "/tmp/sclone-fuzz.XXXXXX";
	static bool made;
	int fd;

	if (made)
		return path;
	fd = mkstemp(path);
	fuzz_must(fd >= 0 && write(fd, "secret\n", 7) == 7);
	(void) close(fd);
	made = true;
	return path;
}

static void _forget_file(void)
{
	(void) unlink(_password_file());
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	(void) _password_file();
	return atexit(_forget_file);
}

static void _set_up(struct scene *scene)
{
	struct session_config config = {
		.http = { .url = "https://vc/sdk" },
		.user = "u",
		.password_file = _password_file(),
		.password_owner = geteuid(),
	};
	struct watch_config watch = { .wait_s = 1 };

	scene->loop = loop_create(NULL);
	scene->session = session_create(scene->loop, &config, NULL);
	fuzz_must(scene->session != NULL);
	scene->watch = watch_create(scene->session, &watch, NULL);
	fuzz_must(scene->watch != NULL);
}

static void _tear_down(struct scene *scene)
{
	property_cancel(scene->query);
	search_cancel(scene->search);
	task_cancel(scene->task);
	watch_destroy(scene->watch);
	session_destroy(scene->session);
	loop_destroy(scene->loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct scene scene = { .ends = 0 };
	cleanup_free char *reply = NULL;

	if (!len)
		return 0;
	/* As http.h promises: followed by a NUL. */
	reply = strndup((const char *) bytes + 1, len - 1);
	fuzz_must(reply != NULL);
	_set_up(&scene);
	_chosen(bytes[0])(&scene);
	_converse(&scene, reply, strlen(reply));
	fuzz_must(scene.ends <= 1);
	_tear_down(&scene);
	return 0;
}
