/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault - which of Slurm's errors call for which act. */
#include <errno.h>
#include <string.h>

#include "compat.h"
#include "fault.h"

void fault_start(const char *conf)
{
	slurm_init(conf);
}

int fault_number(int rc)
{
	return rc > 0 ? rc : errno;
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

static enum err_code _code(int errnum)
{
	switch (errnum) {
	case ESLURM_INVALID_NODE_NAME:
	case ESLURM_INVALID_JOB_ID:
	case ESLURM_INVALID_PARTITION_NAME:
		return ERR_NOTFOUND;
	case ESLURM_ALREADY_DONE:
	case ESLURM_JOB_FINISHED:
	case ESLURM_JOB_NOT_RUNNING:
	case ESLURM_INVALID_NODE_STATE:
	case ESLURM_BATCH_ONLY:
	case ESLURM_NOT_SUPPORTED:
	case ESLURM_DISABLED:
		return ERR_REFUSED;
	case ESLURM_ACCESS_DENIED:
	case ESLURM_USER_ID_MISSING:
	case SLURM_PROTOCOL_AUTHENTICATION_ERROR:
		return ERR_AUTH;
	case SLURM_PROTOCOL_VERSION_ERROR:
		return ERR_CONFIG;
	case ENOMEM:
		return ERR_FATAL;
	default:
		return ERR_TRANSIENT;
	}
}

int fault_set(struct err *err, int errnum, bool acting, const char *what)
{
	enum err_code code = _code(errnum);

	if (_reply_lost(errnum))
		code = acting ? ERR_UNKNOWN : ERR_TRANSIENT;
	return err_set(err, code, "%s: %s", what, slurm_strerror(errnum));
}
