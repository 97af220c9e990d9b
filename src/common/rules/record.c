/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/parse.h"
#include "pair.h"
#include "text.h"
#include "record.h"

static const char *const phases[PHASES] = {
	"absent", "requested", "admitted", "cloning", "cloned",
	"identified", "ready", "condemned", "releasing"
};

static const char *const submits[SUBMITS] = {
	"none", "sent", "lost", "task", "settled"
};

static const char *const releases[RELEASES] = {
	"none", "look", "guard-off", "off", "guard-destroy", "destroy",
	"prove", "record"
};

static const char *const intrusions[INTRUSIONS] = {
	"requeue", "kill", "over", "stays"
};

static const char *const tells[TELLS] = {
	"nothing", "requeue", "end", "job", "force", "power-down"
};

const char *record_phase_name(enum phase phase)
{
	return (unsigned) phase < PHASES ? phases[phase] : "invalid";
}

const char *record_release_name(enum release release)
{
	return (unsigned) release < RELEASES ? releases[release] : "invalid";
}

uint64_t record_next_epoch(uint64_t last, int64_t now)
{
	uint64_t wanted = now > 0 ? (uint64_t) now : 1;

	return last + 1 > wanted ? last + 1 : wanted;
}

int record_init(struct record *rec, const char *cluster, const char *node,
		struct err *err)
{
	char text[OWNER_TEXT_SIZE];

	if (owner_make("", 0, cluster, node, 1, text, err) < 0)
		return -1;
	memset(rec, 0, sizeof(*rec));
	text_set(rec->cluster, cluster);
	text_set(rec->node, node);
	return 0;
}

void record_take_name(struct record *rec)
{
	if (!*rec->renamed)
		return;
	text_set(rec->cluster, rec->renamed);
	*rec->renamed = '\0';
	if (rec->epoch)
		owner_bios_uuid(rec->cluster, rec->node, rec->epoch,
				rec->bios_uuid);
}

void record_rename(struct record *rec, const char *cluster)
{
	if (strcmp(rec->cluster, cluster) != 0)
		text_set(rec->renamed, cluster);
	if (rec->phase == PHASE_ABSENT)
		record_take_name(rec);
}

bool record_admissible(const struct record *rec, int64_t now)
{
	return rec->phase == PHASE_REQUESTED &&
	       (rec->req.marked || !rec->req.job || rec->req.shared) &&
	       now >= rec->req.not_before && now < rec->req.deadline;
}

bool record_in_lane(const struct record *rec)
{
	switch (rec->phase) {
	case PHASE_ADMITTED:
	case PHASE_CLONING:
		return true;
	case PHASE_CONDEMNED:
		return rec->submit == SUBMIT_SENT ||
		       rec->submit == SUBMIT_LOST ||
		       rec->submit == SUBMIT_TASK;
	default:
		return false;
	}
}

bool record_is_unwanted(const struct record *rec)
{
	return rec->cause == CAUSE_CANCELLED || rec->cause == CAUSE_RESUMEFAIL;
}

bool record_doubts_orphan(const struct record *rec)
{
	return rec->phase == PHASE_RELEASING &&
	       (rec->cause == CAUSE_ORPHAN || record_is_unwanted(rec)) &&
	       rec->release == RELEASE_GUARD_OFF &&
	       rec->view.seen < rec->at[PHASE_RELEASING];
}

bool record_doubts_loss(const struct record *rec, int64_t now)
{
	if (rec->tell_cause != CAUSE_LOST || *rec->refusal ||
	    now - rec->tell_since >= RECORD_DOUBT)
		return false;
	return rec->phase == PHASE_CONDEMNED ||
	       (rec->phase == PHASE_RELEASING &&
		(rec->release == RELEASE_LOOK ||
		 rec->release == RELEASE_GUARD_OFF ||
		 rec->release == RELEASE_PROVE ||
		 rec->release == RELEASE_RECORD));
}

bool record_tells_first(const struct record *rec, int64_t now)
{
	if (rec->phase != PHASE_RELEASING ||
	    rec->release != RELEASE_GUARD_OFF ||
	    rec->tell == TELL_NOTHING || rec->tell == TELL_POWER_DOWN ||
	    rec->tell_cause == CAUSE_LOST)
		return false;
	return rec->view.seen <= rec->tell_since ||
	       now - rec->tell_since < RECORD_DOUBT;
}

#define BOOT_ERROR INT64_C(1000000)	/* us; boot times are cut to seconds */

bool record_may_be_used(const struct record *rec)
{
	return !rec->shares && rec->prolog_job && rec->view.boot &&
	       !rec->view.power_down &&
	       rec->view.boot + BOOT_ERROR < rec->prolog_asked;
}

const struct record_request *record_request(const struct record *rec)
{
	if (rec->next.used)
		return &rec->next;
	if (rec->phase >= PHASE_REQUESTED && rec->phase <= PHASE_READY)
		return &rec->req;
	return NULL;
}

bool record_mark_lost(const struct record *rec)
{
	return rec->phase == PHASE_READY && rec->req.job &&
	       !rec->req.shared && nodeview_up(&rec->view) &&
	       !rec->view.power_down;
}

bool record_names(const struct record_request *req, uint32_t job)
{
	char text[16] = "";

	text_add_number(text, sizeof(text), job);
	return req->job == job || text_lists(req->sharers, text);
}

uint32_t record_next_sharer(const struct record_request *req, size_t *pos)
{
	const char *at = req->sharers + *pos;
	size_t len = strcspn(at, ",");
	uint64_t number = 0;
	char item[16];

	text_copy(item, len < sizeof(item) ? len + 1 : sizeof(item), at);
	*pos += len + (at[len] == ',');
	(void) parse_u64(item, 0, UINT32_MAX, &number, NULL);
	return (uint32_t) number;
}

bool record_has_to_tell(const struct record *rec)
{
	const struct record_request *req = record_request(rec);

	return req && req->shared && rec->tell != TELL_NOTHING;
}

bool record_intruded(const struct record *rec)
{
	const struct record_request *req = record_request(rec);

	return rec->intruder && rec->intrusion < INTRUSION_OVER &&
	       !(req && req->job == rec->intruder);
}

static enum wait _wait_as_intruder(const struct record *rec, uint32_t job)
{
	if (record_intruded(rec))
		return WAIT_ON;		/* for its turn to be sent away */
	if (rec->intruder != job)
		return WAIT_ASK;
	return rec->intrusion == INTRUSION_STAYS ? WAIT_REFUSED : WAIT_OVER;
}

/* Slurm knew of the prolog's job, and the node has none. */
static bool _is_settled(const struct record *rec, int64_t since)
{
	const struct nodeview *view = &rec->view;

	return view->seen > since && view->base != NODE_UNKNOWN &&
	       view->base != NODE_ALLOCATED;
}

bool record_must_leave(const struct record *rec, uint32_t job, int64_t since)
{
	enum cure cure = failure_of(rec->tell_cause)->cure;

	/* When the job is tried again, it has a prolog of its own. */
	return rec->tell_job == job && since <= rec->tell_since &&
	       (cure == CURE_REQUEUE || cure == CURE_END);
}

/* It must not start before it has left, on a node that is up; if it does not
 * leave, its prolog has to fail. */
static enum wait _wait_to_leave(const struct record *rec)
{
	if (rec->tell == TELL_REQUEUE || rec->tell == TELL_END)
		return WAIT_ON;
	return rec->told_job ? WAIT_OVER : WAIT_REFUSED;
}

/* Slurm may run any job there once it is up. */
static enum wait _wait_to_share(const struct record *rec,
				const struct record_request *req,
				uint32_t job, int64_t since)
{
	if (record_must_leave(rec, job, since))
		return _wait_to_leave(rec);
	if (!record_names(req, job) && !text_lists(req->sharers, "..."))
		return WAIT_ASK;
	return req == &rec->req && rec->phase == PHASE_READY ? WAIT_OVER
							     : WAIT_ON;
}

enum wait record_wait(const struct record *rec, uint32_t job, int64_t since)
{
	const struct record_request *req = record_request(rec);

	if (req && req->shared)
		return _wait_to_share(rec, req, job, since);
	if (req && !req->job)
		return WAIT_ASK;
	if (req && req->job != job)
		return _wait_as_intruder(rec, job);
	if (record_must_leave(rec, job, since))
		return _wait_to_leave(rec);
	if (req)
		return req == &rec->req && rec->phase == PHASE_READY &&
		       req->marked && !record_mark_lost(rec) ? WAIT_OVER
							     : WAIT_ON;
	/* Its request failed. When the job is tried again, it has the same
	 * number and a prolog of its own. */
	if (rec->tell_job == job && since <= rec->tell_since &&
	    rec->tell_cause != CAUSE_ZOMBIE && rec->tell_cause != CAUSE_SHARED)
		return WAIT_OVER;
	/* A prolog can be quicker than its request. */
	return _is_settled(rec, since) ? WAIT_OVER : WAIT_ON;
}

/* What the journal keeps, in the order in which it is written. */

enum field_type {
	FIELD_TEXT,
	FIELD_U64,
	FIELD_TIME,	/* int64_t, never negative */
	FIELD_U32,
	FIELD_BOOL,
	FIELD_ENUM,	/* by name, so that its order may change */
	FIELD_CAUSE
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	size_t size;			/* of the text, or count of names */
	const char *const *names;
};

#define AT(member) offsetof(struct record, member)
#define SIZE(member) sizeof(((struct record *) 0)->member)
#define TEXT(key, member) \
	{ key, FIELD_TEXT, AT(member), SIZE(member), NULL }
#define PLAIN(key, type, member) { key, type, AT(member), 0, NULL }
#define NAMED(key, member, names, count) \
	{ key, FIELD_ENUM, AT(member), count, names }
#define REQUEST(prefix, member)                                             \
	PLAIN(prefix, FIELD_BOOL, member.used),                             \
	TEXT(prefix ".id", member.id),                                      \
	PLAIN(prefix ".job", FIELD_U32, member.job),                        \
	PLAIN(prefix ".supposed", FIELD_BOOL, member.supposed),             \
	TEXT(prefix ".user", member.user),                                  \
	TEXT(prefix ".template", member.template_name),                     \
	TEXT(prefix ".choice", member.choice),                              \
	PLAIN(prefix ".asked", FIELD_TIME, member.asked),                   \
	PLAIN(prefix ".guessed", FIELD_BOOL, member.guessed),               \
	PLAIN(prefix ".deadline", FIELD_TIME, member.deadline),             \
	PLAIN(prefix ".marked", FIELD_BOOL, member.marked),                 \
	PLAIN(prefix ".shared", FIELD_BOOL, member.shared),                 \
	TEXT(prefix ".sharers", member.sharers),                            \
	PLAIN(prefix ".attempts", FIELD_U32, member.attempts),              \
	PLAIN(prefix ".waits", FIELD_U32, member.waits),                    \
	PLAIN(prefix ".roomless", FIELD_BOOL, member.roomless),             \
	PLAIN(prefix ".not_before", FIELD_TIME, member.not_before),         \
	TEXT(prefix ".avoid", member.avoid),                                \
	TEXT(prefix ".only", member.only)

static const struct field fields[] = {
	TEXT("node", node),
	TEXT("cluster", cluster),
	NAMED("phase", phase, phases, PHASES),
	PLAIN("epoch", FIELD_U64, epoch),
	PLAIN("last_epoch", FIELD_U64, last_epoch),
	PLAIN("shares", FIELD_BOOL, shares),
	REQUEST("req", req),
	REQUEST("next", next),
	NAMED("submit", submit, submits, SUBMITS),
	TEXT("source", source),
	TEXT("task", task),
	TEXT("vm", vm),
	TEXT("bios_uuid", bios_uuid),
	TEXT("instance_uuid", instance_uuid),
	TEXT("directory", directory),
	PLAIN("read_back", FIELD_BOOL, read_back),
	PLAIN("owner_missing", FIELD_BOOL, owner_missing),
	PLAIN("registered", FIELD_BOOL, registered),
	PLAIN("stale_boot", FIELD_TIME, stale_boot),
	PLAIN("at.absent", FIELD_TIME, at[PHASE_ABSENT]),
	PLAIN("at.requested", FIELD_TIME, at[PHASE_REQUESTED]),
	PLAIN("at.admitted", FIELD_TIME, at[PHASE_ADMITTED]),
	PLAIN("at.cloning", FIELD_TIME, at[PHASE_CLONING]),
	PLAIN("at.cloned", FIELD_TIME, at[PHASE_CLONED]),
	PLAIN("at.identified", FIELD_TIME, at[PHASE_IDENTIFIED]),
	PLAIN("at.ready", FIELD_TIME, at[PHASE_READY]),
	PLAIN("at.condemned", FIELD_TIME, at[PHASE_CONDEMNED]),
	PLAIN("at.releasing", FIELD_TIME, at[PHASE_RELEASING]),
	PLAIN("cause", FIELD_CAUSE, cause),
	TEXT("why", why),
	NAMED("release", release, releases, RELEASES),
	PLAIN("off_sent", FIELD_BOOL, off_sent),
	TEXT("refusal", refusal),
	PLAIN("recorded", FIELD_BOOL, recorded),
	PLAIN("evidence", FIELD_U32, evidence),
	TEXT("inventory_only", inventory_only),
	PLAIN("another", FIELD_BOOL, another),
	PLAIN("free_by", FIELD_TIME, free_by),
	PLAIN("hold", FIELD_BOOL, hold),
	NAMED("tell", tell, tells, TELLS),
	PLAIN("tell.cause", FIELD_CAUSE, tell_cause),
	PLAIN("tell.job", FIELD_U32, tell_job),
	PLAIN("tell.all", FIELD_BOOL, tell_all),
	PLAIN("tell.start", FIELD_TIME, tell_start),
	PLAIN("tell.since", FIELD_TIME, tell_since),
	PLAIN("tell.taken", FIELD_BOOL, taken),
	TEXT("tell.text", tell_text),
	PLAIN("told_job", FIELD_BOOL, told_job),
	PLAIN("intruder", FIELD_U32, intruder),
	PLAIN("intruder_since", FIELD_TIME, intruder_since),
	NAMED("intrusion", intrusion, intrusions, INTRUSIONS),
	PLAIN("prolog_job", FIELD_U32, prolog_job),
	PLAIN("prolog_asked", FIELD_TIME, prolog_asked),
	PLAIN("settle", FIELD_BOOL, settle),
	PLAIN("needs_human", FIELD_BOOL, needs_human),
	TEXT("admin_drain", admin_drain),
	PLAIN("vm_tries", FIELD_U32, vm_tries),
	PLAIN("vm_not_before", FIELD_TIME, vm_not_before),
	PLAIN("slurm_tries", FIELD_U32, slurm_tries),
	PLAIN("slurm_not_before", FIELD_TIME, slurm_not_before),
	TEXT("error", error),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/* Enums are stored in the record as the enum's type, an unsigned int here. */
static unsigned _enum_get(const void *at)
{
	unsigned value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void _encode_name(const struct field *field, unsigned value,
			 struct buf *out)
{
	const char *name;

	if (!value)
		return;
	name = field->type == FIELD_CAUSE ?
		failure_of((enum cause) value)->name : field->names[value];
	pair_put_text(out, field->key, name);
}

static void _encode_field(const struct record *rec, const struct field *field,
			  struct buf *out)
{
	const void *at = (const char *) rec + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		pair_put_text(out, field->key, at);
		break;
	case FIELD_U64:
		pair_put_number(out, field->key, *(const uint64_t *) at);
		break;
	case FIELD_TIME:
		pair_put_number(out, field->key,
				(uint64_t) *(const int64_t *) at);
		break;
	case FIELD_U32:
		pair_put_number(out, field->key, *(const uint32_t *) at);
		break;
	case FIELD_BOOL:
		pair_put_number(out, field->key, *(const bool *) at);
		break;
	case FIELD_ENUM:
	case FIELD_CAUSE:
		_encode_name(field, _enum_get(at), out);
		break;
	}
}

void record_encode(const struct record *rec, struct buf *out)
{
	buf_printf(out, "v=%d", RECORD_VERSION);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		_encode_field(rec, &fields[i], out);
}

static int _decode_name(const struct field *field, const char *value,
			void *at)
{
	size_t count = field->type == FIELD_CAUSE ? CAUSES : field->size;

	for (unsigned i = 0; i < count; i++) {
		const char *name = field->type == FIELD_CAUSE ?
			failure_of((enum cause) i)->name : field->names[i];

		if (strcmp(name, value))
			continue;
		memcpy(at, &i, sizeof(i));
		return 0;
	}
	return -1;
}

static int _decode_number(const struct field *field, const char *value,
			  void *at)
{
	static const uint64_t max[] = {
		[FIELD_U64] = UINT64_MAX, [FIELD_TIME] = INT64_MAX,
		[FIELD_U32] = UINT32_MAX, [FIELD_BOOL] = 1
	};
	uint64_t number;

	if (parse_u64(value, 0, max[field->type], &number, NULL) < 0)
		return -1;
	if (field->type == FIELD_U64)
		*(uint64_t *) at = number;
	else if (field->type == FIELD_TIME)
		*(int64_t *) at = (int64_t) number;
	else if (field->type == FIELD_U32)
		*(uint32_t *) at = (uint32_t) number;
	else
		*(bool *) at = number;
	return 0;
}

static int _decode_field(struct record *rec, const struct field *field,
			 char *value)
{
	void *at = (char *) rec + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		if (pair_decode(value) < 0 ||
		    !text_fits(value, field->size))
			return -1;
		text_copy(at, field->size, value);
		return 0;
	case FIELD_ENUM:
	case FIELD_CAUSE:
		return _decode_name(field, value, at);
	default:
		return _decode_number(field, value, at);
	}
}

/* The first pair must be the version. */
static int _decode_version(const char *pair, struct err *err)
{
	uint64_t version;

	if (strncmp(pair, "v=", 2) ||
	    parse_u64(pair + 2, 1, UINT64_MAX, &version, NULL) < 0)
		return err_set(err, ERR_PROTOCOL,
			       "a record begins with its version, not '%.40s'",
			       pair);
	if (version > RECORD_VERSION)
		return err_set(err, ERR_CONFIG, "the record has version "
			       "%llu; this sclone knows up to %d",
			       (unsigned long long) version, RECORD_VERSION);
	return 0;
}

static int _decode_pair(struct record *rec, char *pair, bool *seen,
			struct err *err)
{
	char *value = strchr(pair, '=');

	if (!value)
		return err_set(err, ERR_PROTOCOL, "'%.40s' is no key=value",
			       pair);
	*value++ = '\0';
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (strcmp(fields[i].key, pair))
			continue;
		if (seen[i])
			return err_set(err, ERR_PROTOCOL, "%s twice", pair);
		seen[i] = true;
		if (_decode_field(rec, &fields[i], value) < 0)
			return err_set(err, ERR_PROTOCOL, "bad value of %s",
				       pair);
	}
	return 0;
}

/* What must hold between the fields; why not, or NULL. */
static const char *_inconsistent(const struct record *rec)
{
	char bios_uuid[UUID_TEXT_SIZE] = "";

	if (!parse_is_name(rec->node, sizeof(rec->node) - 1) ||
	    !parse_is_name(rec->cluster, sizeof(rec->cluster) - 1))
		return "no valid node or cluster name";
	if (rec->epoch > rec->last_epoch)
		return "epoch above last_epoch";
	if (rec->epoch)
		owner_bios_uuid(rec->cluster, rec->node, rec->epoch,
				bios_uuid);
	if (strcmp(bios_uuid, rec->bios_uuid))
		return "biosUuid is not the epoch's";
	if (rec->phase == PHASE_ABSENT)
		return rec->next.used ? "absent, but a request waits" : NULL;
	if (!rec->epoch)
		return "a cycle without epoch";
	if ((rec->phase == PHASE_RELEASING) != (rec->release != RELEASE_NONE))
		return "phase and release step disagree";
	if (rec->phase <= PHASE_READY && !rec->req.used)
		return "a cycle without request";
	if (rec->phase == PHASE_CLONING && rec->submit != SUBMIT_TASK &&
	    rec->submit != SUBMIT_LOST)
		return "cloning without task";
	if (rec->phase >= PHASE_ADMITTED && rec->phase <= PHASE_CLONING &&
	    !*rec->source)
		return "admitted without source";
	if (rec->phase >= PHASE_CLONED && rec->phase <= PHASE_READY &&
	    !*rec->vm)
		return "cloned without VM";
	return NULL;
}

int record_decode(const char *line, struct record *rec, struct err *err)
{
	bool seen[FIELD_COUNT] = { false };
	char copy[RECORD_LINE_MAX + 1];
	struct record out;
	const char *problem;
	char *pair, *rest;

	if (!text_fits(line, sizeof(copy)))
		return err_set(err, ERR_PROTOCOL, "record too long");
	memcpy(copy, line, strlen(line) + 1);
	memset(&out, 0, sizeof(out));
	pair = strtok_r(copy, " ", &rest);
	if (_decode_version(pair ? pair : "", err) < 0)
		return -1;
	for (pair = strtok_r(NULL, " ", &rest); pair;
	     pair = strtok_r(NULL, " ", &rest))
		if (_decode_pair(&out, pair, seen, err) < 0)
			return -1;
	problem = _inconsistent(&out);
	if (problem)
		return err_set(err, ERR_PROTOCOL, "record of '%.80s': %s",
			       out.node, problem);
	*rec = out;
	return 0;
}
