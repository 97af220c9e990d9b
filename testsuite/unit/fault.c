/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of slurmctld's answers are for ever, and which are none. */
#include <errno.h>
#include <slurm/slurm_errno.h>
#include <stdio.h>

#include "common/slurm/fault.h"
#include "tap.h"

static const struct {
	int number;
	enum err_code code;
	enum err_code acting;
} _cases[] = {
	{ -1, ERR_REFUSED, ERR_REFUSED },	/* slurm.ERROR in Lua */
	{ 1, ERR_REFUSED, ERR_REFUSED },	/* "return 1" there */
	{ ESLURM_INVALID_ACCOUNT, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_JOB_FINISHED, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_DISABLED, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_INVALID_NODE_STATE, ERR_REFUSED, ERR_REFUSED },
	{ 2999, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_INVALID_JOB_ID, ERR_NOTFOUND, ERR_NOTFOUND },
	{ ESLURM_ACCESS_DENIED, ERR_AUTH, ERR_AUTH },
	{ SLURM_PROTOCOL_AUTHENTICATION_ERROR, ERR_AUTH, ERR_AUTH },
	{ SLURM_PROTOCOL_VERSION_ERROR, ERR_CONFIG, ERR_CONFIG },
	{ 0, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ECONNREFUSED, ERR_TRANSIENT, ERR_TRANSIENT },
	{ SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR, ERR_TRANSIENT,
	  ERR_TRANSIENT },
	{ 1804, ERR_TRANSIENT, ERR_TRANSIENT },	/* its rate limit, 23.02 on */
	{ ESLURM_IN_STANDBY_MODE, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ESLURM_TRANSITION_STATE_NO_UPDATE, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ESLURM_JOB_PENDING, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ESLURM_DB_CONNECTION, ERR_TRANSIENT, ERR_TRANSIENT },
	{ SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR, ERR_TRANSIENT, ERR_UNKNOWN },
	{ SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT, ERR_TRANSIENT, ERR_UNKNOWN },
	{ ECONNRESET, ERR_TRANSIENT, ERR_UNKNOWN },
};

int main(void)
{
	char what[64];

	for (size_t i = 0; i < sizeof(_cases) / sizeof(*_cases); i++) {
		struct err ask = ERR_INIT, act = ERR_INIT;

		fault_set(&ask, _cases[i].number, false, "ask");
		fault_set(&act, _cases[i].number, true, "act");
		snprintf(what, sizeof(what), "%d when asking",
			 _cases[i].number);
		is_str(err_name(ask.code), err_name(_cases[i].code), what);
		snprintf(what, sizeof(what), "%d when acting",
			 _cases[i].number);
		is_str(err_name(act.code), err_name(_cases[i].acting), what);
	}
	return done_testing();
}
