/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup - owned locals that release themselves at the end of their scope.
 *
 *	cleanup_free char *name = NULL;
 *	cleanup_close int fd = -1;
 *	...
 *	*out = steal_ptr(&name);
 *
 * Each module with a destroy function defines the typed attribute beside it,
 * so that no header here drags in a library.
 */
#ifndef SCLONE_BASE_CLEANUP_H
#define SCLONE_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Define NAME_cleanup_ for a pointer type whose destroy accepts NULL; use as
 *	#define cleanup_thing cleanup_with(thing_destroy_cleanup_)
 */
#define CLEANUP_DEFINE(type, destroy)                                       \
	static inline void destroy##_cleanup_(type *p)                      \
	{                                                                   \
		destroy(*p);                                                \
	}
#define cleanup_with(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free_(void *p)
{
	free(*(void **) p);
}

static inline void cleanup_close_(int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
}

static inline void cleanup_fclose_(FILE **file)
{
	if (*file)
		(void) fclose(*file);
}

static inline void cleanup_dir_(DIR **dir)
{
	if (*dir)
		(void) closedir(*dir);
}

#define cleanup_free cleanup_with(cleanup_free_)
#define cleanup_close cleanup_with(cleanup_close_)
#define cleanup_fclose cleanup_with(cleanup_fclose_)
#define cleanup_dir cleanup_with(cleanup_dir_)

/* Take the pointer out of *p, leaving NULL behind. */
#define steal_ptr(p)                                                        \
	({                                                                  \
		__typeof__(*(p)) stolen_ = *(p);                            \
		*(p) = NULL;                                                \
		stolen_;                                                    \
	})

/* Take the descriptor out of *fd, leaving -1 behind. */
static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
