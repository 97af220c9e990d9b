# SYNOPSIS
#   X_PKG_CONFIG
#   X_DEPENDENCY([VARIABLE], [pkg-config module and version], [package])
# DESCRIPTION
#   X_DEPENDENCY sets and substitutes VARIABLE_CFLAGS and VARIABLE_LIBS, or
#   ends configure with a sentence that names the Debian package.
AC_DEFUN([X_PKG_CONFIG], [
  AC_PATH_PROG([PKG_CONFIG], [pkg-config])
  AS_IF([test -z "$PKG_CONFIG"],
    [AC_MSG_ERROR([pkg-config is missing; on Debian: apt-get install
pkg-config])])
])
AC_DEFUN([X_DEPENDENCY], [
  AC_MSG_CHECKING([for $2])
  AS_IF([$PKG_CONFIG --exists "$2"],
    [$1_CFLAGS=`$PKG_CONFIG --cflags "$2"`
     $1_LIBS=`$PKG_CONFIG --libs "$2"`
     AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([$2 is missing; on Debian: apt-get install $3])])
  AC_SUBST([$1_CFLAGS])
  AC_SUBST([$1_LIBS])
])
