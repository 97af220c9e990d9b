#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk fails below SQLite and below the spool: nothing is lost or
doubled, releases go on when it is well again, and scloned says what is
wrong."""
import errno
import os
import sys

from chaossite import NAME, SYNC, WRITE, Site, tap

MS = 10 ** 6
FOR_EVER = 10 ** 9
FIRST = (1, 2, 3, 4, 6, 9)  # calls from which on it fails, for a few times


class Trouble:
    """What fails how; said is what scloned's log must hold, lasting that it
    need not unless it stays so: SQLite goes on after a short write."""

    def __init__(self, name, classes, said, lasting=False, **how):
        self.name = name
        self.classes = classes
        self.said = said
        self.lasting = lasting
        self.how = how


TROUBLES = (
    Trouble("fsync fails", SYNC, "disk I/O error", errno=errno.EIO),
    Trouble("writes fail", WRITE, "disk I/O error", errno=errno.EIO),
    Trouble("the disk is full", WRITE, "free space there",
            errno=errno.ENOSPC),
    Trouble("writes are cut short", WRITE, "free space there", lasting=True),
    Trouble("fsync takes long", SYNC, None, stall_ns=30 * MS),
    Trouble("files of the spool stay", NAME, "remove ", errno=errno.EIO),
)


def cycle(site, trouble, first, times):
    """Two jobs through their lives while the disk fails for a while."""
    running = site.table.allocate(["vm1"])
    site.wait(lambda: site.table.jobs[running].state == "RUNNING", "a job")
    site.disk_fails(trouble.classes, first=first, times=times, **trouble.how)
    site.table.complete(running)
    asked = site.table.allocate(["vm2"])
    site.wait(lambda: site.table.jobs[asked].state != "CONFIGURING",
              "the other job")
    site.table.complete(asked)
    site.await_settled()
    struck = site.control.bad_count >= first
    site.disk_fails(0)
    return struck


def fails_and_heals(site, trouble):
    said = site.size_of_log()
    struck = sum(cycle(site, trouble, first, 2) for first in FIRST)
    tap.ok(struck > 2, "%s, from %d calls on" % (trouble.name, struck))
    if trouble.said and not trouble.lasting:
        tap.contains(site.log_from(said), trouble.said,
                     "%s: it is said" % trouble.name)


def stays_bad(site, trouble):
    """It does not heal: nothing goes on, and it is said; a release waits
    and then is done."""
    job = site.table.allocate(["vm1"])
    site.wait(lambda: site.table.jobs[job].state == "RUNNING", "a job")
    site.disk_fails(trouble.classes, times=FOR_EVER, **trouble.how)
    said = site.size_of_log()
    site.table.complete(job)
    site.wait(lambda: trouble.said in site.log_from(said), "a word of it")
    site.await_quiet()
    clone = [name for name, ids in site.table.vms.items() if ids]
    tap.equal(clone, ["vm1"],
              "%s for good: nothing is done that could be forgotten"
              % trouble.name)
    site.disk_fails(0)
    site.await_settled()


def spooled(site):
    return [name for name in os.listdir(site.path("spool"))
            if name.endswith(".json")]


def stays_in_the_spool(site, trouble):
    """Files cannot be removed for good: what comes behind them is taken and
    ended all the same, and each is said once."""
    job = site.table.allocate(["vm1"])
    site.wait(lambda: site.table.jobs[job].state == "RUNNING", "a job")
    site.disk_fails(trouble.classes, times=FOR_EVER, **trouble.how)
    said = site.size_of_log()
    site.table.complete(job)
    site.wait(lambda: trouble.said in site.log_from(said), "a word of it")
    asked = site.table.allocate(["vm2"])
    site.wait(lambda: site.table.jobs[asked].state == "RUNNING",
              "the next request to be taken")
    site.table.complete(asked)
    site.await_settled()
    tap.ok(True, "%s for good: the next ones are taken" % trouble.name)
    tap.contains(site.status()["daemon"]["spool"], trouble.said,
                 "and status tells of it")
    ids = [line.split("request ")[1].split(":")[0]
           for line in site.log_from(said).splitlines()
           if "its file stays: " + trouble.said in line]
    tap.equal(sorted(ids), sorted(set(ids)), "and the log, once")
    site.disk_fails(0)
    site.wait(lambda: not spooled(site), "the spool to be emptied")
    site.await_settled()


def dies_as_well(site, trouble):
    """The disk fails in the middle of a commit, and scloned is killed."""
    for first in FIRST[:3]:
        job = site.table.allocate(["vm1"])
        site.wait(lambda: site.table.jobs[job].state == "RUNNING", "a job")
        site.disk_fails(trouble.classes, first=first, times=FOR_EVER,
                        **trouble.how)
        site.table.complete(job)
        site.wait(lambda: site.control.bad_count > first, "the failure")
        site.kill_scloned()
        site.disk_fails(0)
        site.await_settled()
    tap.ok(True, "%s, and then scloned is killed" % trouble.name)


def main():
    with Site() as site:
        site.start()
        for trouble in TROUBLES:
            fails_and_heals(site, trouble)
        for trouble in TROUBLES[:4]:
            stays_bad(site, trouble)
            dies_as_well(site, trouble)
        stays_in_the_spool(site, TROUBLES[-1])
        tap.equal(site.audit(), [], "the auditor finds nothing")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
