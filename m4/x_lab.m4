# SYNOPSIS
#   X_LAB
# DESCRIPTION
#   The vCenter emulator of the tests needs libmicrohttpd with TLS, gnutls
#   (for its certificate) and a Python that has pyVmomi (for its schema).
#   Without them the suite's programs are still built, but not vclab and
#   what needs it.
#   Sets MHD_CFLAGS, MHD_LIBS, PYVMOMI_PYTHON, the conditional LAB and
#   lab_summary.
AC_DEFUN([X_LAB], [
  AC_MSG_CHECKING([for libmicrohttpd >= 0.9.70 and gnutls >= 3.6])
  AS_IF([$PKG_CONFIG --exists "libmicrohttpd >= 0.9.70" "gnutls >= 3.6"],
    [MHD_CFLAGS=`$PKG_CONFIG --cflags libmicrohttpd gnutls`
     MHD_LIBS=`$PKG_CONFIG --libs libmicrohttpd gnutls`
     AC_MSG_RESULT([yes])
     lab_summary=yes],
    [AC_MSG_RESULT([no])
     lab_summary="no (tests only; on Debian: apt-get install libmicrohttpd-dev libgnutls28-dev)"])
  AC_MSG_CHECKING([for a Python with pyVmomi])
  PYVMOMI_PYTHON=
  for x_python in /usr/bin/python3 python3; do
    AS_IF([test -z "$PYVMOMI_PYTHON" &&
           $x_python -c 'import pyVmomi' >/dev/null 2>&1],
      [PYVMOMI_PYTHON=$x_python])
  done
  AS_IF([test -n "$PYVMOMI_PYTHON"],
    [AC_MSG_RESULT([$PYVMOMI_PYTHON])],
    [AC_MSG_RESULT([no])
     lab_summary="no (tests only; on Debian: apt-get install python3-pyvmomi)"])
  AC_SUBST([MHD_CFLAGS])
  AC_SUBST([MHD_LIBS])
  AC_SUBST([PYVMOMI_PYTHON])
  AM_CONDITIONAL([LAB], [test "x$lab_summary" = xyes])
])
