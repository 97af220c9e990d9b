# SYNOPSIS
#   X_SLURM
# DESCRIPTION
#   Looks for Slurm's public headers and libslurm: in --with-slurm=PREFIX, by
#   pkg-config (slurm.pc, which not every package ships), or in the default
#   paths. Sets and substitutes SLURM_CFLAGS and SLURM_LIBS, sets
#   slurm_summary. Only src/common/slurm, scloned-slurm and the plugins use
#   them.
AC_DEFUN([X_SLURM], [
  AC_ARG_WITH([slurm],
    [AS_HELP_STRING([--with-slurm=PREFIX], [where Slurm is installed])],
    [], [with_slurm=])
  SLURM_CFLAGS=
  SLURM_LIBS=-lslurm
  AS_IF([test -n "$with_slurm"],
    [SLURM_CFLAGS="-I$with_slurm/include"
     x_dir="$with_slurm/lib"
     AS_IF([test -d "$with_slurm/lib64"], [x_dir="$with_slurm/lib64"])
     SLURM_LIBS="-L$x_dir -Wl,-rpath,$x_dir -lslurm"],
    [$PKG_CONFIG --exists slurm],
    [SLURM_CFLAGS=`$PKG_CONFIG --cflags slurm`
     SLURM_LIBS=`$PKG_CONFIG --libs slurm`])
  x_save_CPPFLAGS=$CPPFLAGS
  x_save_LIBS=$LIBS
  CPPFLAGS="$CPPFLAGS $SLURM_CFLAGS"
  LIBS="$SLURM_LIBS $LIBS"
  AC_MSG_CHECKING([for libslurm])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <slurm/slurm.h>
#include <slurm/slurm_version.h>
#if SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(22,5,0)
#error too old
#endif
]], [[return (int) (slurm_api_version() & 1);]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([Slurm 22.05 or later was not found; on Debian: apt-get
install libslurm-dev; for another place: --with-slurm=PREFIX])])
  CPPFLAGS=$x_save_CPPFLAGS
  LIBS=$x_save_LIBS
  slurm_summary=${with_slurm:-"default paths"}
  AC_SUBST([SLURM_CFLAGS])
  AC_SUBST([SLURM_LIBS])
])
