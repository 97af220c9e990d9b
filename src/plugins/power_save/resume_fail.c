/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone-resume-fail - what ResumeFailProgram= in slurm.conf names. */
#include "front_end.h"

int main(int argc, char **argv)
{
	return front_end_run(REQUEST_RESUME_FAIL, argc, argv);
}
