# SYNOPSIS
#   X_WARNINGS
# DESCRIPTION
#   Sets and substitutes WARN_CFLAGS: the warnings the code is clean with
#   under gcc and clang. --enable-werror, for the project's own checks only,
#   makes them errors.
AC_DEFUN([X_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
    [], [enable_werror=no])
  WARN_CFLAGS="-Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes"
  WARN_CFLAGS="$WARN_CFLAGS -Wmissing-prototypes -Wundef -Wvla"
  WARN_CFLAGS="$WARN_CFLAGS -Wwrite-strings -Wpointer-arith"
  AS_IF([test "x$enable_werror" = xyes],
    [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])
