# SYNOPSIS
#   X_JSON_STATIC
# DESCRIPTION
#   Sets and substitutes JSON_STATIC_LIBS: json-c from its static archive if
#   there is one, so that sclone-guest can be copied into a template that
#   has no json-c; else JSON_LIBS.
AC_DEFUN([X_JSON_STATIC], [
  AC_MSG_CHECKING([for a static json-c])
  x_save_LIBS=$LIBS
  x_save_CPPFLAGS=$CPPFLAGS
  JSON_STATIC_LIBS="-Wl,-Bstatic $JSON_LIBS -Wl,-Bdynamic"
  LIBS="$JSON_STATIC_LIBS $LIBS"
  CPPFLAGS="$CPPFLAGS $JSON_CFLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <json.h>]],
    [[return !json_tokener_parse("{}");]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     JSON_STATIC_LIBS=$JSON_LIBS])
  LIBS=$x_save_LIBS
  CPPFLAGS=$x_save_CPPFLAGS
  AC_SUBST([JSON_STATIC_LIBS])
])
