/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"
#include "failure.h"

#define OURS "sclone: ("

static const struct failure table[CAUSES] = {
	[CAUSE_NONE] = { "NONE", CURE_NONE, false, false,
		"no failure", "nothing" },
	[CAUSE_UNKNOWN] = { "UNKNOWN", CURE_LOOK, false, false,
		"no reply: it may or may not have happened",
		"nothing; sclone looks it up" },
	[CAUSE_TRANSIENT] = { "TRANSIENT", CURE_WAIT, false, false,
		"vCenter or the network did not answer properly",
		"see whether vCenter is up" },
	[CAUSE_BUSY] = { "BUSY", CURE_WAIT, false, false,
		"the source, host or vCenter is busy with something else",
		"nothing, unless it stays" },
	[CAUSE_CAPACITY] = { "CAPACITY", CURE_ROOM, false, false,
		"the host or its datastore has no room for another clone",
		"free memory or space, or add a source on another host" },
	[CAUSE_AUTH] = { "AUTH", CURE_WAIT, false, false,
		"vCenter refuses the account, or is not trusted",
		"sclone check: password file, role, certificate, address" },
	[CAUSE_NOTFOUND] = { "NOTFOUND", CURE_ELSEWHERE, true, false,
		"the source, folder or pool does not exist any more",
		"restore it or correct sclone.conf" },
	[CAUSE_EXISTS] = { "EXISTS", CURE_LOOK, false, false,
		"a VM of that name is already in the folder",
		"nothing; sclone looks up whose it is" },
	[CAUSE_CONFIG] = { "CONFIG", CURE_HUMAN, true, true,
		"vCenter can never do this with the present settings",
		"read the text, correct it, resume the node" },
	[CAUSE_PROTOCOL] = { "PROTOCOL", CURE_ELSEWHERE, true, false,
		"vCenter's answer makes no sense",
		"keep the log and report it" },
	[CAUSE_REFUSED] = { "REFUSED", CURE_HUMAN, false, false,
		"one of sclone's safety rules forbids it",
		"read the text: sclone status NODE" },
	[CAUSE_FATAL] = { "FATAL", CURE_WAIT, false, false,
		"sclone ran out of memory or into a bug",
		"keep the log and report it" },
	[CAUSE_DEADLINE] = { "DEADLINE", CURE_FAIL, true, true,
		"the node was not up before its deadline",
		"sclone history NODE shows the slow step" },
	[CAUSE_SUSPENDED] = { "SUSPENDED", CURE_NONE, false, false,
		"Slurm is done with the node: the normal end", "nothing" },
	[CAUSE_CANCELLED] = { "CANCELLED", CURE_NONE, false, false,
		"the job ended before its node was up", "nothing" },
	[CAUSE_RESUMEFAIL] = { "RESUMEFAIL", CURE_NONE, true, true,
		"Slurm's ResumeTimeout passed before the node registered",
		"raise ResumeTimeout, or see sclone history NODE" },
	[CAUSE_SUPERSEDED] = { "SUPERSEDED", CURE_NONE, false, false,
		"Slurm asked for the node again", "nothing" },
	[CAUSE_GUEST] = { "GUEST", CURE_ELSEWHERE, true, true,
		"the guest could not start the node",
		"read the text; sclone hold NODE keeps the VM next time" },
	[CAUSE_LOST] = { "LOST", CURE_ELSEWHERE, true, false,
		"the VM disappeared or was powered off",
		"see vCenter's events for the VM and its host" },
	[CAUSE_FOREIGN] = { "FOREIGN", CURE_HUMAN, false, false,
		"a VM that is not sclone's has the node's name",
		"move or rename that VM, then resume the node" },
	[CAUSE_ORPHAN] = { "ORPHAN", CURE_NONE, false, false,
		"a clone that no request explains any more", "nothing" },
	[CAUSE_ADMIN] = { "ADMIN", CURE_FAIL, false, false,
		"an admin released the node", "nothing" },
	[CAUSE_HOLD] = { "HOLD", CURE_FAIL, false, false,
		"the VM is kept for an admin to look at",
		"sclone unhold NODE when done" },
	[CAUSE_GUARD] = { "GUARD", CURE_NONE, false, false,
		"the guard does not let the VM go",
		"read the text: sclone status NODE" },
	[CAUSE_UNPROVEN] = { "UNPROVEN", CURE_FAIL, false, false,
		"the node's previous VM is not proven gone",
		"sclone status NODE says what stands in the way" },
	[CAUSE_ZOMBIE] = { "ZOMBIE", CURE_NONE, false, false,
		"a slurmd answers for the node, which has no VM",
		"find the machine where slurmd runs under that name" },
	[CAUSE_SHARED] = { "SHARED", CURE_NONE, false, false,
		"the job was put on another job's VM; a VM serves one job",
		"make the partition exclusive (sclone check names it)" },
	[CAUSE_QUARANTINE] = { "QUARANTINE", CURE_FAIL, false, false,
		"the journal's record of the node cannot be read",
		"sclone release NODE, when its VM may go" },
	[CAUSE_ISOLATION] = { "ISOLATION", CURE_FAIL, false, false,
		"a partition does not give the node to one job alone",
		"set what the text says (sclone check names it)" },
	[CAUSE_TEMPLATE] = { "TEMPLATE", CURE_END, false, false,
		"the job asks for a template that its nodes cannot become",
		"nothing, if it was the user; else Templates= and Features=" },
	[CAUSE_IMAGE] = { "IMAGE", CURE_REQUEUE, false, false,
		"the node has become another template than the job asks for",
		"nothing; requeued, the job gets what it asks for" },
};

const struct failure *failure_of(enum cause cause)
{
	if ((unsigned) cause >= CAUSES)
		return &table[CAUSE_FATAL];
	return &table[cause];
}

enum cause failure_cause(enum err_code code)
{
	if ((unsigned) code >= ERR_CODES)
		return CAUSE_FATAL;
	return (enum cause) code;
}

void failure_reason(enum cause cause, const char *text, char *out,
		    size_t size)
{
	text_copy(out, size, OURS);
	text_add(out, size, failure_of(cause)->name);
	text_add(out, size, ") ");
	text_add(out, size,
		 text && *text ? text : failure_of(cause)->meaning);
}

bool failure_is_ours(const char *reason)
{
	return reason && !strncmp(reason, OURS, strlen(OURS));
}

bool failure_is_passing(const char *reason)
{
	static const enum cause passing[] = {
		CAUSE_HOLD, CAUSE_GUARD, CAUSE_UNPROVEN, CAUSE_QUARANTINE
	};

	if (!failure_is_ours(reason))
		return false;
	reason += strlen(OURS);
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		const char *name = table[passing[i]].name;

		if (!strncmp(reason, name, strlen(name)) &&
		    reason[strlen(name)] == ')')
			return true;
	}
	return false;
}

static bool _begins(const char *reason, const char *with)
{
	size_t len = strlen(with);

	return reason && !strncmp(reason, with, len) &&
	       (!reason[len] || reason[len] == ' ');
}

bool failure_is_capacity(const char *reason)
{
	return _begins(reason, FAILURE_CAPACITY) ||
	       failure_is_isolation(reason);
}

bool failure_is_isolation(const char *reason)
{
	return _begins(reason, FAILURE_ISOLATION);
}
