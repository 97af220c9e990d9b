/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/path.h"
#include "plugin_file.h"

#define SYMBOL "plugin_version"

/* Copies, since nothing in a file need be aligned, or be there at all. */
static bool _copy(const struct buf *file, uint64_t at, void *out, size_t size)
{
	if (at > file->len || size > file->len - at)
		return false;
	memcpy(out, file->data + at, size);
	return true;
}

static bool _section(const struct buf *file, const ElfW(Ehdr) *head,
		     uint64_t index, ElfW(Shdr) *out)
{
	return index < head->e_shnum &&
	       _copy(file, head->e_shoff + index * sizeof(*out), out,
		     sizeof(*out));
}

static bool _head(const struct buf *file, ElfW(Ehdr) *head)
{
	return _copy(file, 0, head, sizeof(*head)) &&
	       !memcmp(head->e_ident, ELFMAG, SELFMAG) &&
	       head->e_ident[EI_CLASS] ==
		       (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
	       head->e_shentsize == sizeof(ElfW(Shdr));
}

static bool _is_named(const struct buf *file, const ElfW(Shdr) *names,
		      const ElfW(Sym) *symbol)
{
	char name[sizeof(SYMBOL)];

	return _copy(file, names->sh_offset + symbol->st_name, name,
		     sizeof(name)) &&
	       !memcmp(name, SYMBOL, sizeof(name));
}

/* The symbol, in the table of those that a loader looks at. */
static bool _find(const struct buf *file, const ElfW(Ehdr) *head,
		  ElfW(Sym) *out)
{
	ElfW(Shdr) table, names;

	for (uint64_t i = 0; _section(file, head, i, &table); i++) {
		if (table.sh_type != SHT_DYNSYM ||
		    !_section(file, head, table.sh_link, &names))
			continue;
		for (uint64_t at = 0; at < table.sh_size; at += sizeof(*out))
			if (!_copy(file, table.sh_offset + at, out,
				   sizeof(*out)))
				return false;
			else if (_is_named(file, &names, out))
				return true;
	}
	return false;
}

int plugin_file_version(const char *path, uint32_t *version, struct err *err)
{
	cleanup_buf struct buf file;
	ElfW(Ehdr) head;
	ElfW(Shdr) home;
	ElfW(Sym) symbol;
	uint32_t found;

	buf_init(&file, PLUGIN_FILE_MAX);
	if (path_read(path, &file, err) < 0)
		return -1;
	if (!_head(&file, &head) || !_find(&file, &head, &symbol) ||
	    !_section(&file, &head, symbol.st_shndx, &home) ||
	    home.sh_type == SHT_NOBITS || symbol.st_value < home.sh_addr ||
	    !_copy(&file, home.sh_offset + (symbol.st_value - home.sh_addr),
		   &found, sizeof(found)))
		return err_set(err, ERR_PROTOCOL, "%s: no plugin of Slurm's",
			       path);
	*version = found & 0xffffff;
	return 0;
}

void plugin_file_print(uint32_t version, char out[PLUGIN_FILE_VERSION_SIZE])
{
	snprintf(out, PLUGIN_FILE_VERSION_SIZE, "%u.%02u.%u",
		 version >> 16 & 0xff, version >> 8 & 0xff, version & 0xff);
}
