/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reasondoc - print the reasons sclone gives, as man(7) source. Runs at build
 * time; sclone-reasons.7 is this between a written head and tail, so that
 * the manual cannot differ from what the daemon does.
 */
#include <stdio.h>

#include "common/rules/failure.h"

static const char *const does[] = {
	[CURE_NONE] = "Nothing more: the request ended with the cycle.",
	[CURE_LOOK] = "Looks up first whether the VM exists; goes on with it, "
		      "or tries again.",
	[CURE_ELSEWHERE] = "Tries again at once, on another source if there "
			   "is one, then after pauses: Attempts= in all, "
			   "inside the same deadline. Then tells the job and "
			   "gives the node back.",
	[CURE_ROOM] = "Tries again at once, on another source if there is "
		      "one, then after pauses for as long as the deadline "
		      "allows; then tells the job and gives the node back.",
	[CURE_WAIT] = "Tries again after pauses for as long as the deadline "
		      "allows; then tells the job and gives the node back.",
	[CURE_FAIL] = "Tells the job and gives the node back to Slurm.",
	[CURE_REQUEUE] = "Tells the job and requeues it or, if that cannot "
			 "be, ends it; gives the node back to Slurm.",
	[CURE_END] = "Tells the job and ends it, since it would go the same "
		     "way again; gives the node back to Slurm.",
	[CURE_HUMAN] = "Tells the job and drains the node until somebody "
		       "resumes it.",
};

int main(void)
{
	for (int cause = CAUSE_NONE + 1; cause < CAUSES; cause++) {
		const struct failure *failure = failure_of((enum cause) cause);

		printf(".TP\n.B %s\nMeaning: %s.\n.br\nsclone: %s\n.br\n"
		       "You: %s.\n", failure->name, failure->meaning,
		       does[failure->cure], failure->advice);
	}
	return fflush(stdout) ? 1 : 0;
}
