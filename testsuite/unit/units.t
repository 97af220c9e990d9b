#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The units are well formed, and as closed as they were: systemd's own score
of the exposure, 0 to 100, does not rise above what is noted here."""
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import tap  # noqa: E402

# sclone-guest sets clock, name and addresses and runs hooks whose mounts the
# jobs need: most of what could be closed would close those.
EXPOSURE = {"scloned": 11, "sclone-guest": 83}
BUILD = os.environ.get("top_builddir", os.getcwd())


def analyze(*args):
    done = subprocess.run(["systemd-analyze", *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


def test_unit(name, scratch):
    with open(os.path.join(BUILD, "etc", name + ".service")) as file:
        text = file.read()
    path = os.path.join(scratch, name + ".service")
    with open(path, "w") as file:
        for line in text.splitlines():
            # It need not be installed to be well formed.
            if line.startswith("ExecStart="):
                line = "ExecStart=/bin/true"
            if not line.startswith("Documentation="):
                file.write(line + "\n")
    code, said = analyze("verify", path)
    tap.equal((code, said), (0, ""), name + ": systemd understands it")
    code, said = analyze("security", "--offline=yes", "--no-pager",
                         "--threshold=%d" % EXPOSURE[name], path)
    if not tap.equal(code, 0, name + ": its exposure is at most %.1f"
                     % (EXPOSURE[name] / 10)):
        tap.diag(said)


def test_kill_mode():
    """Both start programs that must outlive them: the site's other resume
    and suspend programs, munged and slurmd."""
    for name in sorted(EXPOSURE):
        with open(os.path.join(BUILD, "etc", name + ".service")) as file:
            tap.ok("KillMode=process\n" in file.readlines(),
                   name + ": what it has started is let be at its end")


def test_spool(scratch):
    """What scloned's unit runs first makes the spool, once."""
    with open(os.path.join(BUILD, "etc", "scloned.service")) as file:
        command = re.search("^ExecStartPre=\\+sh -c '(.*)'$", file.read(),
                            re.MULTILINE).group(1)
    path = os.path.join(scratch, "spool")
    command = command.replace("$$", "$").replace("/var/spool/sclone", path)
    user = pwd.getpwuid(os.getuid()).pw_name
    for mode, what in (0o700, "made"), (0o750, "left as it is"):
        code = subprocess.run(["sh", "-c", command],
                              env=dict(os.environ, USER=user)).returncode
        tap.equal((code, stat.S_IMODE(os.stat(path).st_mode)), (0, mode),
                  "the spool is " + what)
        os.chmod(path, 0o750)


if not shutil.which("systemd-analyze"):
    tap.skip_all("needs systemd-analyze")
with tempfile.TemporaryDirectory() as scratch_:
    test_spool(scratch_)
    for unit in sorted(EXPOSURE):
        test_unit(unit, scratch_)
test_kill_mode()
sys.exit(tap.done())
