# SYNOPSIS
#   X_SANITIZERS
# DESCRIPTION
#   --enable-sanitizers[=LIST] builds everything with -fsanitize=LIST
#   (default address,undefined). Sets sanitizers_summary. Such a build is for
#   tests: its clock can be made to jump, see base/clock.h, and what the stack
#   holds before it is set is never zero by luck.
AC_DEFUN([X_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
      [build with -fsanitize=LIST @<:@address,undefined@:>@])],
    [], [enable_sanitizers=no])
  AS_IF([test "x$enable_sanitizers" = xyes],
    [enable_sanitizers=address,undefined])
  sanitizers_summary=$enable_sanitizers
  AS_IF([test "x$enable_sanitizers" != xno], [
    SANITIZE_FLAGS="-fsanitize=$enable_sanitizers"
    SANITIZE_FLAGS="$SANITIZE_FLAGS -fno-sanitize-recover=all"
    SANITIZE_FLAGS="$SANITIZE_FLAGS -fno-omit-frame-pointer"
    SANITIZE_FLAGS="$SANITIZE_FLAGS -ftrivial-auto-var-init=pattern"
    AC_MSG_CHECKING([whether $CC takes $SANITIZE_FLAGS])
    x_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $SANITIZE_FLAGS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([$CC cannot link with $SANITIZE_FLAGS; on Debian, gcc has
the runtimes, clang needs the package libclang-rt-14-dev])])
    CFLAGS=$x_save_CFLAGS
    CLOCK_FLAGS=-DCLOCK_JUMPS
  ])
  AC_SUBST([CLOCK_FLAGS])
  AC_SUBST([SANITIZE_FLAGS])
])
