/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_params - see qemu_params.h. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/path.h"
#include "qemu_params.h"

/* What mkimage found this machine to be able to. */
static void _read_accel(struct qemu_params *params)
{
	cleanup_buf struct buf text;
	char path[PATH_MAX];

	buf_init(&text, 64);
	(void) snprintf(path, sizeof(path), "%.4000s/accel", params->image);
	(void) path_read(path, &text, NULL);
	(void) snprintf(params->accel, sizeof(params->accel), "%s",
			strncmp(buf_str(&text), "kvm", 3) == 0 ? "kvm"
							       : "tcg");
}

int qemu_params_read(const struct guest_vm *vm, struct qemu_params *params,
		     struct err *err)
{
	const struct json *json = vm->params;
	const char *accel;

	if (json_get_str(json, "image", &params->image, err) < 0 ||
	    json_get_str_or(json, "accel", NULL, &accel, err) < 0 ||
	    json_get_int_or(json, "tb_mb", 16, 1024, 32, &params->tb_mb,
			    err) < 0 ||
	    json_get_str_or(json, "bridge", NULL, &params->bridge, err) <
		    0 ||
	    json_get_int_or(json, "port_base", 0, 60000, 0,
			    &params->port_base, err) < 0 ||
	    json_get_str_or(json, "cache", NULL, &params->cache, err) < 0 ||
	    json_get_bool_or(json, "dump", false, &params->dump, err) < 0)
		return err_wrap(err, "guest of %s", vm->name);
	if (params->image[0] != '/' ||
	    (params->cache && params->cache[0] != '/'))
		return err_set(err, ERR_CONFIG,
			       "guest of %s: image and cache are absolute "
			       "paths",
			       vm->name);
	if (accel)
		(void) snprintf(params->accel, sizeof(params->accel), "%s",
				accel);
	else
		_read_accel(params);
	return 0;
}

/* The port of a VM "vm017" is port_base + 17. */
static int64_t _port(const struct qemu_params *params, const char *name)
{
	size_t at = strlen(name);
	int64_t port;

	if (!params->port_base)
		return 0;
	while (at > 0 && isdigit((unsigned char) name[at - 1]))
		at--;
	if (!name[at])
		return 0;
	port = params->port_base + strtol(name + at, NULL, 10);
	return port < 65536 ? port : 0;
}

void qemu_params_spec(const struct qemu_params *params,
		      const struct guest_vm *vm, bool fork,
		      struct qemu_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->image = params->image;
	spec->accel = params->accel;
	spec->tb_mb = params->tb_mb;
	spec->cpus = vm->cpus;
	spec->memory_mb = vm->memory_mb;
	spec->nnics = vm->nnics;
	for (size_t i = 0; i < vm->nnics; i++)
		if (fork || vm->parent_disk)
			(void) snprintf(spec->macs[i], sizeof(spec->macs[i]),
					"%s", vm->macs[i]);
		else
			qemu_source_mac(i, spec->macs[i]);
	spec->disk = vm->disk;
	spec->base = vm->parent_disk;
	spec->overlay = vm->parent_disk != NULL;
	spec->bridge = params->bridge;
	spec->forward = _port(params, vm->name);
	spec->clone = fork;
}
