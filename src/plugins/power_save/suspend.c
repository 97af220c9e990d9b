/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone-suspend - what SuspendProgram= in slurm.conf names. */
#include "front_end.h"

int main(int argc, char **argv)
{
	return front_end_run(REQUEST_SUSPEND, argc, argv);
}
