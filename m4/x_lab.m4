# SYNOPSIS
#   X_LAB
# DESCRIPTION
#   The vCenter emulator of the tests needs libmicrohttpd with TLS. Without
#   it the suite's programs are still built, but not vclab and what needs it.
#   Sets MHD_CFLAGS, MHD_LIBS, the conditional LAB and lab_summary.
AC_DEFUN([X_LAB], [
  AC_MSG_CHECKING([for libmicrohttpd >= 0.9.70])
  AS_IF([$PKG_CONFIG --exists "libmicrohttpd >= 0.9.70"],
    [MHD_CFLAGS=`$PKG_CONFIG --cflags libmicrohttpd`
     MHD_LIBS=`$PKG_CONFIG --libs libmicrohttpd`
     AC_MSG_RESULT([yes])
     lab_summary=yes],
    [AC_MSG_RESULT([no])
     lab_summary="no (tests only; on Debian: apt-get install libmicrohttpd-dev)"])
  AC_SUBST([MHD_CFLAGS])
  AC_SUBST([MHD_LIBS])
  AM_CONDITIONAL([LAB], [test "x$lab_summary" = xyes])
])
