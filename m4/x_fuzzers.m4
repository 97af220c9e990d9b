# SYNOPSIS
#   X_FUZZERS
# DESCRIPTION
#   --enable-fuzzers builds testsuite/fuzz with libFuzzer; only clang has it.
#   Everything is then built with its coverage counters. After X_SANITIZERS.
#   Sets the conditional FUZZERS.
AC_DEFUN([X_FUZZERS], [
  AC_ARG_ENABLE([fuzzers],
    [AS_HELP_STRING([--enable-fuzzers], [build libFuzzer targets (clang)])],
    [], [enable_fuzzers=no])
  AS_IF([test "x$enable_fuzzers" = xyes], [
    x_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [],
      [AC_MSG_ERROR([--enable-fuzzers needs clang: ./configure CC=clang
(Debian: clang and libclang-rt-14-dev)])])
    CFLAGS=$x_save_CFLAGS
    SANITIZE_FLAGS="$SANITIZE_FLAGS -fsanitize=fuzzer-no-link"
  ])
  AM_CONDITIONAL([FUZZERS], [test "x$enable_fuzzers" = xyes])
])
