/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault - which of Slurm's errors call for which act. */
#include <string.h>

#include "compat.h"
#include "fault.h"

void fault_start(const char *conf)
{
	slurm_init(conf);
}

int fault_number(int rc)
{
	if (rc >= 0)
		return rc;
	return errno ? errno : SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR;
}

bool fault_is_plain(int errnum)
{
	return errnum > 0 && errnum < 1000;
}

/* The request may have arrived, but nothing came back. */
static bool _reply_lost(int errnum)
{
	switch (errnum) {
	case SLURM_COMMUNICATIONS_RECEIVE_ERROR:
	case SLURM_COMMUNICATIONS_SHUTDOWN_ERROR:
	case SLURMCTLD_COMMUNICATIONS_SEND_ERROR:
	case SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR:
	case SLURMCTLD_COMMUNICATIONS_SHUTDOWN_ERROR:
#if !COMPAT_AT_LEAST(23, 2)
	case SLURM_PROTOCOL_SOCKET_IMPL_ZERO_RECV_LENGTH:
	case SLURM_PROTOCOL_SOCKET_IMPL_NEGATIVE_RECV_LENGTH:
	case SLURM_PROTOCOL_SOCKET_IMPL_NOT_ALL_DATA_SENT:
#endif
	case SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT:
	case ETIMEDOUT:
	case ECONNRESET:
	case EPIPE:
		return true;
	default:
		return false;
	}
}

/* On the way to slurmctld, or to slurmdbd or munge for it. Slurm numbers what
 * its transport says from 1000 and 5000, and what its authentication says
 * from 6000 (slurm_errno.h, 22.05 to 26.05). Where it says nothing, a number
 * of the system's is left behind, of whatever call failed last. */
static bool _is_transport(int errnum)
{
	return (errnum >= 0 && errnum < 2000) ||
	       (errnum >= 5000 && errnum < 7000);
}

/* slurmctld's own "not now". */
static bool _is_passing(int errnum)
{
	switch (errnum) {
	case ESLURM_IN_STANDBY_MODE:
	case ESLURM_IN_STANDBY_USE_BACKUP:
	case ESLURM_TRANSITION_STATE_NO_UPDATE:
#if !COMPAT_AT_LEAST(24, 11)
	case ESLURM_JOB_SETTING_DB_INX:
#endif
	case ESLURM_JOB_PENDING:	/* requeued just now: look again */
	case ESLURM_PROLOG_RUNNING:
	case ESLURM_NODES_BUSY:
	case ESLURM_REBOOT_IN_PROGRESS:
	case ESLURM_FED_JOB_LOCK:
	case ESLURM_DB_CONNECTION:
	case ESLURM_DB_CONNECTION_INVALID:
		return true;
	default:
		return _is_transport(errnum);
	}
}

/* A number of Slurm's that nobody here knows is an answer as well: a
 * job_submit plugin of the site's may say any, -1 included, and will say it
 * again. */
static enum err_code _code(int errnum)
{
	switch (errnum) {
	case ESLURM_INVALID_NODE_NAME:
	case ESLURM_INVALID_JOB_ID:
	case ESLURM_INVALID_PARTITION_NAME:
		return ERR_NOTFOUND;
	case ESLURM_ACCESS_DENIED:
	case ESLURM_USER_ID_MISSING:
	case SLURM_PROTOCOL_AUTHENTICATION_ERROR:
		return ERR_AUTH;
	case SLURM_PROTOCOL_VERSION_ERROR:
		return ERR_CONFIG;
	case ENOMEM:
		return ERR_FATAL;
	default:
		return _is_passing(errnum) ? ERR_TRANSIENT : ERR_REFUSED;
	}
}

int fault_set(struct err *err, int errnum, bool acting, const char *what)
{
	enum err_code code = _code(errnum);

	if (_reply_lost(errnum))
		code = acting ? ERR_UNKNOWN : ERR_TRANSIENT;
	return err_set(err, code, "%s: %s", what, slurm_strerror(errnum));
}
