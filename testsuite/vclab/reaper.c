/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reaper - see reaper.h. */
#include <signal.h>
#include <stdlib.h>

#include "reaper.h"

/* A process that was killed and has yet to die. */
struct corpse {
	struct corpse *next;
	struct reaper *reaper;
	struct loop_child *child;
	pid_t pid;
	void (*cb)(void *arg);	/* who waits; NULL: nobody */
	void *arg;
};

struct reaper {
	struct loop *loop;
	struct corpse *corpses;
};

struct reaper *reaper_create(struct loop *loop, struct err *err)
{
	struct reaper *reaper = calloc(1, sizeof(*reaper));

	if (!reaper) {
		err_nomem(err);
		return NULL;
	}
	reaper->loop = loop;
	return reaper;
}

static void _bury(struct corpse *corpse)
{
	struct corpse **at = &corpse->reaper->corpses;

	while (*at != corpse)
		at = &(*at)->next;
	*at = corpse->next;
	loop_child_destroy(corpse->child);
	free(corpse);
}

static void _died(pid_t pid, const siginfo_t *info, void *arg)
{
	struct corpse *corpse = arg;
	void (*cb)(void *arg) = corpse->cb;
	void *cb_arg = corpse->arg;

	(void) pid;
	(void) info;
	_bury(corpse);
	if (cb)
		cb(cb_arg);
}

void reaper_destroy(struct reaper *reaper)
{
	while (reaper && reaper->corpses)
		_bury(reaper->corpses);
	free(reaper);
}

void reaper_kill(struct reaper *reaper, pid_t pid)
{
	struct corpse *corpse;

	if (pid <= 0)
		return;
	(void) kill(pid, SIGKILL);
	corpse = calloc(1, sizeof(*corpse));
	if (!corpse)
		return;
	corpse->reaper = reaper;
	corpse->pid = pid;
	corpse->next = reaper->corpses;
	reaper->corpses = corpse;
	corpse->child =
		loop_child_create(reaper->loop, pid, _died, corpse, NULL);
	if (!corpse->child)
		_bury(corpse);
}

void reaper_await(struct reaper *reaper, pid_t pid, void (*cb)(void *arg),
		  void *arg)
{
	for (struct corpse *c = reaper->corpses; c; c = c->next) {
		if (c->pid == pid) {
			c->cb = cb;
			c->arg = arg;
			return;
		}
	}
	cb(arg);
}

void reaper_ignore(struct reaper *reaper, const void *arg)
{
	for (struct corpse *c = reaper->corpses; c; c = c->next)
		if (c->arg == arg)
			c->cb = NULL;
}
