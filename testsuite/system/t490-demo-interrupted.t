#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ctrl-C in the demo, wherever it is: no process and no file is left, and
so no namespace. What a demo leaves that was killed, the next one removes."""
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
sys.path.insert(0, LIB)
import labqemu  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

# What the demo has said when it is interrupted.
POINTS = ("a template boots", "srun -N2", "sbatch --array")


def processes(mark):
    """All whose environment has the mark: the demo and what it started."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/environ" % name, "rb") as file:
                environ = file.read()
            with open("/proc/%s/cmdline" % name, "rb") as file:
                line = file.read().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if mark.encode() in environ:
            found.append((int(name), line))
    return found


def read_until(stream, text):
    """Whether the text came before the end, and all that came."""
    said = b""
    end = time.monotonic() + 2 * labslurm.BOUND
    while text not in said and time.monotonic() < end:
        if not select.select([stream], [], [], 1)[0]:
            continue
        chunk = os.read(stream.fileno(), 4096)
        if not chunk:
            break
        said += chunk
    return text in said, said


def interrupt(point, scratch):
    """Run the demo as a terminal's job until it says that, then as by
    Ctrl-C. Its status and what it said."""
    demo = subprocess.Popen(
        ["/usr/bin/python3", os.path.join(LIB, "demo.py")],
        env=dict(os.environ, TMPDIR=scratch), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    came, said = read_until(demo.stdout, point.encode())
    tap.ok(came, "the demo comes to: " + point)
    labslurm.await_(lambda: any("qemu-system" in line for _, line in
                                processes(scratch)), "a machine")
    os.killpg(demo.pid, signal.SIGINT)
    try:
        rest = demo.communicate(timeout=labslurm.BOUND)[0]
    except subprocess.TimeoutExpired:
        demo.kill()
        rest = demo.communicate()[0]
    return demo.returncode, (said + rest).decode(errors="replace")


def test_point(point):
    with tempfile.TemporaryDirectory(prefix="demo.") as scratch:
        status, said = interrupt(point, scratch)
        if not tap.equal(status, 130, "interrupted there, it ends"):
            tap.diag(said)
        tap.contains(said, "everything that was started has been ended",
                     "and says so")
        tap.equal(processes(scratch), [], "no process is left")
        tap.equal(os.listdir(scratch), [], "no file is left")


def start_building(scratch):
    """All of ./demo, until it builds."""
    demo = subprocess.Popen(
        [os.path.join(LIB, "..", "..", "demo")],
        env=dict(os.environ, TMPDIR=scratch), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    came, said = read_until(demo.stdout, b"building")
    tap.ok(came, "the demo builds")
    labslurm.await_(lambda: any("configure" in line or "make" in line
                                for _, line in processes(scratch + "/")),
                    "the build")
    return demo, said.decode(errors="replace")


def interrupt_build(scratch):
    demo, said = start_building(scratch)
    os.killpg(demo.pid, signal.SIGINT)
    rest = demo.communicate(timeout=labslurm.BOUND)[0]
    if not tap.equal(demo.returncode, 130, "interrupted there, it ends"):
        tap.diag(said + rest.decode(errors="replace"))
    tap.equal(processes(scratch + "/"), [], "no process is left")
    tap.equal(os.listdir(scratch), [], "no file is left")
    return said


def test_build():
    with tempfile.TemporaryDirectory(prefix="demo.") as scratch:
        interrupt_build(scratch)
        demo, _ = start_building(scratch)
        left = os.listdir(scratch)
        demo.kill()
        demo.wait()
        demo.stdout.close()
        tap.contains(interrupt_build(scratch),
                     "removing what a killed demo left: " +
                     os.path.join(scratch, left[0]),
                     "what a killed one left is removed, as it says")


labslurm.require()
# A shell that runs this in the background ignores it, for the demo as well.
signal.signal(signal.SIGINT, signal.default_int_handler)
test_build()
os.environ["SCLONE_LAB_IMAGE"] = labqemu.make_image()
for point in POINTS:
    test_point(point)
sys.exit(tap.done())
