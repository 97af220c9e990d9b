# SPDX-License-Identifier: GPL-2.0-or-later
"""When a slurmd may start.

slurmd 22.05 counts its age in whole seconds of the machine's uptime, and
slurmctld takes it off the wall clock's. If the uptime begins a new second
between slurmd's start and its registration and the wall clock does not, the
node seems to have booted in the second before; was it asked for in this one,
slurmctld goes on waiting for it. sclone-guest sees to that where it freezes
the machine; what runs here shares this machine's clocks.
"""
import time


def await_safe_start(asked=None):
    """Wait until slurmd may start on a node asked for at that time (s; now):
    the uptime's second has to be younger than the wall clock's."""
    second = int(asked or time.time())
    while int(time.time()) <= second:
        wall = time.time() % 1
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME) % 1
        if uptime < wall:
            return
        time.sleep(min(1 - uptime, 1 - wall))


if __name__ == "__main__":
    await_safe_start()
