/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scloned/daemon.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "disk.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"

static const char conf[] =
	"ClusterName=hpc1 VCenter=https://vc/sdk User=u\n"
	"Folder=/DC/vm/clones ResourcePool=/DC/host/h/Resources/p\n"
	"TemplateName=rocky9 Sources=/DC/vm/templates/r9-[1-2] Lanes=2\n"
	"NodeName=%s Templates=rocky9 Isolation=%s\n";

static const char *const names[BARRIERS] = {
	"while starting", "before a commit", "after a commit",
	"before a request to vCenter", "after a request to vCenter",
	"before vCenter's reply", "before a call to Slurm",
	"after a call to Slurm", "before Slurm's answer",
	"before a spooled file goes", "after a spooled file went",
	"between two things"
};

/* The first is right, and is there in peace. */
static const char *const node_lists[] = { "vm[1-4]", "vm[1-3]", "vm[3-4]" };

#define LISTS (sizeof(node_lists) / sizeof(*node_lists))

static struct config *configs[2][LISTS];	/* for one job, or shared */
static size_t listed;
static struct daemon scloned;
static bool running, dead;
static unsigned number, crashes;
static uint64_t at[BARRIERS];

const char *barrier_name(enum barrier barrier)
{
	return names[barrier];
}

unsigned process_crashes(void)
{
	return crashes;
}

uint64_t process_crashes_at(enum barrier barrier)
{
	return at[barrier];
}

unsigned process_number(void)
{
	return number;
}

struct daemon *process_daemon(void)
{
	return running && !dead ? &scloned : NULL;
}

const struct record *process_record(const char *node)
{
	return running ? fleet_record(scloned.fleet, node) : NULL;
}

bool process_lists(const char *node)
{
	return config_node(configs[plan_is_shared()][listed], node) != NULL;
}

/* --- the configuration is read once for all processes ------------------- */

struct config *__wrap_config_read(const char *path, struct err *err);
void __wrap_config_destroy(struct config *unused);
void __real_config_destroy(struct config *config);

struct config *__wrap_config_read(const char *path, struct err *err)
{
	(void) path;
	(void) err;
	return configs[plan_is_shared()][listed];
}

void __wrap_config_destroy(struct config *unused)
{
	(void) unused;
}

static struct config *_parse(const char *nodes, const char *isolation)
{
	struct config *config;
	struct err err = ERR_INIT;
	char text[sizeof(conf) + 32];

	snprintf(text, sizeof(text), conf, nodes, isolation);
	config = config_parse("sclone.conf", text, strlen(text), &err);
	if (!config)
		fprintf(stderr, "%s\n", err.text);
	return config;
}

int process_prepare(void)
{
	for (size_t i = 0; i < LISTS; i++) {
		configs[0][i] = _parse(node_lists[i], "job");
		configs[1][i] = _parse(node_lists[i], "shared");
		if (!configs[0][i] || !configs[1][i])
			return -1;
	}
	return 0;
}

void process_release(void)
{
	for (size_t i = 0; i < LISTS; i++) {
		__real_config_destroy(configs[0][i]);
		__real_config_destroy(configs[1][i]);
	}
	memset(configs, 0, sizeof(configs));
}

/* --- life and death ----------------------------------------------------- */

bool process_lives(void)
{
	return running && !dead;
}

void process_kill(void)
{
	dead = true;
}

bool process_passes(enum barrier barrier)
{
	if (!running || dead)
		return false;
	if (!plan_strikes(FAULT_CRASH))
		return true;
	story("process", "dies %s", names[barrier]);
	at[barrier]++;
	crashes++;
	dead = true;
	return false;
}

/* Records of nodes that are not there can be forgotten. */
static void _list_others(void)
{
	listed = dice(LISTS);
	story("people", "sclone.conf has %s", node_lists[listed]);
	slurm_drains_forgotten();
}

static void _start(void *data)
{
	static const struct daemon_options options = { "-", "-" };
	struct err err = ERR_INIT;

	(void) data;
	disk_suffer();
	if (plan_is_peace())
		listed = 0;
	else if (plan_strikes(FAULT_CONF))
		_list_others();
	number++;
	running = true;
	dead = false;
	story("process", "is started");
	if (daemon_start(&scloned, &options, &err) < 0) {
		audit_wrong("scloned", "does not start: %s", err.text);
		running = false;
		return;
	}
	(void) process_passes(BARRIER_START);
}

static void _start_in(int64_t us)
{
	agenda_after(us, _start, NULL, 0);
}

void process_check(void)
{
	if (!running || !dead)
		return;
	daemon_stop(&scloned);
	running = false;
	_start_in(plan_strikes(FAULT_DOWN_LONG) ? dice_us(S, 200 * S)
						: dice_us(10 * MS, 2 * S));
}

void process_begin(void)
{
	listed = 0;
	number++;
	running = dead = false;
	_start_in(0);
}

void process_end(void)
{
	dead = true;
	if (running)
		daemon_stop(&scloned);
	running = false;
}
