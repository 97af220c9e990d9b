#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scloned does not start blind: with a journal that is damaged, of a newer
sclone, not to be written, or another scloned's it does not start at all, and
says what to do; a new one is said to be new."""
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import node_states  # noqa: E402
import tap  # noqa: E402

labslurm.require()


class Site(labsclone.Site):
    """Without vCenter, which may be away, and with a fake node table."""

    helper = node_states.__file__

    def journal(self):
        return self.path("journal/journal.db")

    def change(self, sql):
        with sqlite3.connect(self.journal()) as db:
            db.execute(sql)
        db.close()

    def start_in_vain(self, *prefix):
        """What scloned says when it does not start."""
        done = subprocess.run(list(prefix) + [
            labslurm.program("scloned"), "--config", self.path("sclone.conf"),
            "--slurm-helper", self.helper], env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=labslurm.CALL_BOUND)
        tap.equal(done.returncode, 1, "it does not start")
        return done.stdout.decode(errors="replace")

    def run_once(self):
        """Start and end; what it said at the start."""
        self.start_scloned(wait=False)
        labslurm.await_(self.status, "scloned")
        tap.equal(self.end("scloned"), 0, "it starts and ends")
        text = self.tail("scloned.out", 1000)
        os.unlink(self.path("scloned.out"))
        return text


def test_new(site):
    tap.contains(site.run_once(), "a new journal; clones of before are known "
                 "by their owner marks alone", "a new journal is said to be")
    tap.ok("a new journal" not in site.run_once(), "an old one is not")


def test_second(site):
    site.start_scloned(wait=False)
    labslurm.await_(site.status, "scloned")
    tap.contains(site.start_in_vain(), "is in use by another scloned (pid %d)"
                 % site.children["scloned"].pid, "a second scloned")
    tap.ok(site.status(), "does not hurt the first")
    site.end("scloned")


def test_newer(site):
    with sqlite3.connect(site.journal()) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    site.change("PRAGMA user_version=%d" % (version + 1))
    tap.contains(site.start_in_vain(), "use the newer sclone",
                 "a journal of a newer sclone")
    site.change("PRAGMA user_version=%d" % version)
    site.run_once()


def test_read_only(site):
    text = site.start_in_vain(
        "unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$0" && '
        'mount -o remount,bind,ro "$0" && exec "$@"', site.path("journal"))
    tap.contains(text, "Read-only file system", "a journal on a read-only "
                 "mount: %s" % text.strip())
    site.run_once()


def test_damaged(site):
    size = os.path.getsize(site.journal())
    with open(site.journal(), "rb+") as file:
        file.seek(size - 4096)
        file.write(os.urandom(4096))
    text = site.start_in_vain()
    tap.contains(text, "restore it from a backup, or move it away",
                 "a damaged page that is not needed at the start")
    os.rename(site.journal(), site.path("damaged"))
    tap.contains(site.run_once(), "a new journal", "it is done as told")


with Site(nodes=2) as site:
    site.write_secrets()
    site.write("slurm.conf", "")
    site.vc_port = 9  # nobody listens
    site.config["CACert"] = None
    site.config["Insecure"] = "yes"
    node_states.write(site.dir, site.nodes, node_states.DOWN, 1)
    site.write_sclone_conf()
    test_new(site)
    test_second(site)
    test_newer(site)
    test_read_only(site)
    test_damaged(site)
sys.exit(tap.done())
