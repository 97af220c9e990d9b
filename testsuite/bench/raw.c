/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * raw - the least that N instant clones can cost a client: libcurl, one kept
 * connection, texts filled in by printf, replies searched with strstr. Logs
 * in, submits all, waits for all with one filter. It checks nothing, keeps
 * nothing and recovers from nothing: a yardstick, not a client.
 *
 *	raw URL CAFILE SOURCE FOLDER POOL COUNT
 *
 * User and password come from RAW_USER and RAW_PASSWORD.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define ID_SIZE 64
#define PAUSE_NS 5000000	/* between two waits, as scloned's */
#define BODY_MAX (1024 * 1024)
#define REPLY_MAX (64 * 1024 * 1024)

struct text {
	char *data;
	size_t len, max;
};

struct client {
	CURL *curl;
	struct text body, reply;
};

static void _die(const char *why)
{
	fprintf(stderr, "raw: %s\n", why);
	exit(1);
}

static void _add(struct text *text, const char *data, size_t len)
{
	if (text->len + len >= text->max)
		_die("a message is too long");
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

static void __attribute__((format(printf, 2, 3)))
_print(struct text *text, const char *format, ...)
{
	char piece[4096];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (len < 0 || (size_t) len >= sizeof(piece))
		_die("a piece is too long");
	_add(text, piece, (size_t) len);
}

static size_t _take(char *data, size_t size, size_t count, void *arg)
{
	_add(arg, data, size * count);
	return size * count;
}

static void _begin(struct client *client)
{
	client->body.len = 0;
	_print(&client->body, "<Envelope xmlns=\"http://schemas.xmlsoap.org/"
	       "soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/"
	       "XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/"
	       "XMLSchema\"><Body>");
}

/* Send what was begun; the reply is there until the next. */
static const char *_call(struct client *client)
{
	CURLcode rc;
	long status = 0;

	_print(&client->body, "</Body></Envelope>");
	client->reply.len = 0;
	curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE,
			 (long) client->body.len);
	curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, client->body.data);
	rc = curl_easy_perform(client->curl);
	if (rc != CURLE_OK)
		_die(curl_easy_strerror(rc));
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		_die(client->reply.data);
	return client->reply.data;
}

/* What stands between before and the next '<', from text on. */
static void _cut(const char *text, const char *before, char *out)
{
	const char *start = strstr(text, before);
	size_t len;

	if (!start)
		_die(text);
	start += strlen(before);
	len = strcspn(start, "<");
	if (len >= ID_SIZE)
		_die("an id is too long");
	memcpy(out, start, len);
	out[len] = '\0';
}

static void _login(struct client *client)
{
	_begin(client);
	_print(&client->body, "<RetrieveServiceContent xmlns=\"urn:vim25\">"
	       "<_this type=\"ServiceInstance\">ServiceInstance</_this>"
	       "</RetrieveServiceContent>");
	(void) _call(client);
	_begin(client);
	_print(&client->body, "<Login xmlns=\"urn:vim25\"><_this type=\""
	       "SessionManager\">SessionManager</_this><userName>%s</userName>"
	       "<password>%s</password></Login>", getenv("RAW_USER"),
	       getenv("RAW_PASSWORD"));
	(void) _call(client);
}

static void _find(struct client *client, const char *path, const char *type,
		  char *out)
{
	char before[64];

	_begin(client);
	_print(&client->body, "<FindByInventoryPath xmlns=\"urn:vim25\">"
	       "<_this type=\"SearchIndex\">SearchIndex</_this>"
	       "<inventoryPath>%s</inventoryPath></FindByInventoryPath>",
	       path);
	snprintf(before, sizeof(before), "type=\"%s\">", type);
	_cut(_call(client), before, out);
}

/* As long as what scloned sends: 350 bytes of identity, 100 of owner. */
static void _clone(struct client *client, const char *source,
		   const char *folder, const char *pool, int index, char *task)
{
	_begin(client);
	_print(&client->body, "<InstantClone_Task xmlns=\"urn:vim25\"><_this"
	       " type=\"VirtualMachine\">%s</_this><spec><name>vm%d</name>"
	       "<location><folder type=\"Folder\">%s</folder>"
	       "<pool type=\"ResourcePool\">%s</pool></location>"
	       "<config><key>guestinfo.sclone</key><value"
	       " xsi:type=\"xsd:string\">{\"node\":\"vm%d\",\"x\":\"%0320d\"}"
	       "</value></config><config><key>sclone.owner</key><value"
	       " xsi:type=\"xsd:string\">lab/vm%d/%090d</value></config>"
	       "</spec></InstantClone_Task>",
	       source, index, folder, pool, index, 0, index, 0);
	_cut(_call(client), "type=\"Task\">", task);
}

static void _filter(struct client *client, char (*tasks)[ID_SIZE], int count)
{
	_begin(client);
	_print(&client->body, "<CreateFilter xmlns=\"urn:vim25\"><_this type="
	       "\"PropertyCollector\">propertyCollector</_this><spec><propSet>"
	       "<type>Task</type><pathSet>info.state</pathSet>"
	       "<pathSet>info.result</pathSet><pathSet>info.error</pathSet>"
	       "</propSet>");
	for (int i = 0; i < count; i++)
		_print(&client->body, "<objectSet><obj type=\"Task\">%s</obj>"
		       "</objectSet>", tasks[i]);
	_print(&client->body, "</spec><partialUpdates>true</partialUpdates>"
	       "</CreateFilter>");
	(void) _call(client);
}

/* How many tasks this reply says are done. */
static int _count_done(const char *reply)
{
	static const char good[] = ">success</val>";
	int done = 0;

	if (strstr(reply, ">error</val>"))
		_die("a clone has failed");
	while ((reply = strstr(reply, good)) != NULL) {
		reply += sizeof(good) - 1;
		done++;
	}
	return done;
}

static void _wait(struct client *client, int count)
{
	const struct timespec pause = { 0, PAUSE_NS };
	char version[ID_SIZE] = "";

	while (count > 0) {
		const char *reply;

		_begin(client);
		_print(&client->body, "<WaitForUpdatesEx xmlns=\"urn:vim25\">"
		       "<_this type=\"PropertyCollector\">propertyCollector"
		       "</_this><version>%s</version><options><maxWaitSeconds>"
		       "60</maxWaitSeconds></options></WaitForUpdatesEx>",
		       version);
		reply = _call(client);
		if (strstr(reply, "<version>"))
			_cut(reply, "<version>", version);
		count -= _count_done(reply);
		if (count > 0)
			nanosleep(&pause, NULL);
	}
}

static void _open(struct client *client, const char *url, const char *ca)
{
	struct curl_slist *headers = NULL;

	client->body = (struct text) { malloc(BODY_MAX), 0, BODY_MAX };
	client->reply = (struct text) { malloc(REPLY_MAX), 0, REPLY_MAX };
	client->curl = curl_easy_init();
	if (!client->body.data || !client->reply.data || !client->curl)
		_die("out of memory");
	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, "Content-Type: text/xml");
	headers = curl_slist_append(headers,
				    "SOAPAction: \"urn:vim25/6.7\"");
	curl_easy_setopt(client->curl, CURLOPT_URL, url);
	curl_easy_setopt(client->curl, CURLOPT_CAINFO, ca);
	curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(client->curl, CURLOPT_HTTP_VERSION,
			 (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, _take);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &client->reply);
}

int main(int argc, char **argv)
{
	char source[ID_SIZE], folder[ID_SIZE], pool[ID_SIZE];
	char (*tasks)[ID_SIZE];
	struct client client;
	int count;

	count = argc == 7 ? (int) strtol(argv[6], NULL, 10) : 0;
	if (count < 1 || count > 10000 || !getenv("RAW_USER") ||
	    !getenv("RAW_PASSWORD"))
		_die("usage: raw URL CAFILE SOURCE FOLDER POOL COUNT");
	tasks = calloc((size_t) count, sizeof(*tasks));
	if (!tasks)
		_die("out of memory");
	_open(&client, argv[1], argv[2]);
	_login(&client);
	_find(&client, argv[3], "VirtualMachine", source);
	_find(&client, argv[4], "Folder", folder);
	_find(&client, argv[5], "ResourcePool", pool);
	for (int i = 0; i < count; i++)
		_clone(&client, source, folder, pool, i + 1, tasks[i]);
	_filter(&client, tasks, count);
	_wait(&client, count);
	return 0;
}
