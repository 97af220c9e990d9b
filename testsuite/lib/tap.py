# SPDX-License-Identifier: GPL-2.0-or-later
"""The Test Anything Protocol for Python tests; tap.h's sibling."""
import os
import sys

_run = 0
_failed = 0


def ok(passed, what):
    """One test. Returns whether it passed."""
    global _run, _failed
    _run += 1
    print("%sok %d - %s" % ("" if passed else "not ", _run, what))
    if not passed:
        _failed += 1
        frame = sys._getframe(1)
        while frame.f_code.co_filename == __file__:
            frame = frame.f_back
        print("#   at %s:%d" % (frame.f_code.co_filename, frame.f_lineno))
    sys.stdout.flush()
    return bool(passed)


def equal(got, want, what):
    """Equal values; both shown if not."""
    if not ok(got == want, what):
        diag("got  %r" % (got,))
        diag("want %r" % (want,))
        return False
    return True


def contains(got, part, what):
    """got contains part; both shown if not."""
    if not ok(got is not None and part in got, what):
        diag("got        %r" % (got,))
        diag("want in it %r" % (part,))
        return False
    return True


def diag(text):
    """A comment in the output."""
    for line in str(text).splitlines() or [""]:
        print("# " + line)
    sys.stdout.flush()


def skip_all(reason):
    """Nothing here can be tested: ends the program."""
    print("1..0 # SKIP " + reason)
    sys.stdout.flush()
    os._exit(0)


def bail_out(reason):
    """The harness itself cannot go on: ends the program."""
    print("Bail out! " + reason)
    sys.exit(255)


def failed():
    """How many tests failed so far."""
    return _failed


def done():
    """Print the plan; the exit status for sys.exit()."""
    print("1..%d" % _run)
    return 1 if _failed else 0
