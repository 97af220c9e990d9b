#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The account's password is changed, and vCenter's certificate: nothing is
given up for that, nobody is locked out, and no password goes to a stranger."""
import shutil
import sys

import faults
import chaossite
from chaossite import labsclone, tap

QUARTER = 15  # minutes after which a refused password is tried again


class Site(chaossite.Site):
    """With TLS, and a copy of the authority's certificate in sclone.conf."""

    start_tls = labsclone.Site.start_vclab
    lab = labsclone.Site.lab

    def start_vclab(self):
        self.start_tls()
        if "CACert" not in self.config:
            self.trust()

    def trust(self):
        shutil.copy(self.path("lab/ca.pem"), self.path("new.pem"))
        shutil.move(self.path("new.pem"), self.path("trusted.pem"))
        self.config["CACert"] = self.path("trusted.pem")

    def set_password(self, text):
        self.write("new.password", text + "\n", 0o600)
        shutil.move(self.path("new.password"), self.path("sclone.password"))

    def count(self, event):
        return len(self.witness(event))

    def error(self):
        status = self.status()
        return status and status["daemon"]["vcenter"].get("error", "")


def test_password(site):
    job = site.table.allocate(["vm1"])
    site.wait(lambda: faults.nodes(site) == {"vm1": "ready"}, "the job")
    site.lab("password", user="svc-slurm@vsphere.local", password="new one")
    site.fault("expire_session")
    site.table.complete(job)
    site.wait(lambda: "sclone.password" in (site.error() or ""),
              "the old password to fail, and scloned to hear of it")
    for _ in range(QUARTER - 5):
        site.leap(faults.MINUTE)
    site.wait(lambda: faults.nodes(site) == {"vm1": "releasing"}, "vm1")
    tap.equal(site.count("login_failed"), 1, "a changed password: one try")
    tap.contains(site.error(), "sclone.password", "the error names the file")
    site.leap(6 * faults.MINUTE)
    site.wait(lambda: site.count("login_failed") == 2, "one more try")
    tap.ok(True, "and one more after a quarter of an hour")
    waits = site.table.allocate(["vm2"])
    site.wait(lambda: faults.nodes(site) == {"vm1": "releasing",
                                             "vm2": "requested"}, "both")
    site.set_password("another wrong one")
    site.wait(lambda: site.count("login_failed") == 3, "the next password")
    site.set_password("new one")
    site.wait(lambda: site.table.jobs[waits].state != "CONFIGURING", "vm2")
    tap.equal(site.table.jobs[waits].state, "RUNNING",
              "the right one is taken at once: what waited is served")
    site.table.complete(waits)
    site.await_settled()
    tap.equal((site.count("login_failed"), site.count("locked_out")), (3, 0),
              "each file was tried once; nobody is locked out")
    tap.equal(faults.clones(site), [], "what was to be released is gone")


def test_certificate(site):
    site.end("vclab")
    site.start_vclab()
    site.set_password("open sesame")  # as at the beginning
    logins = site.count("login") + site.count("login_failed")
    job = site.table.allocate(["vm%d" % n for n in range(1, 4)])
    site.wait(lambda: "certificate" in (site.error() or ""),
              "the certificate to be refused")
    site.wait(lambda: set(faults.nodes(site).values()) == {"requested"},
              "requests")
    site.leap(2 * faults.MINUTE)
    site.wait(lambda: set(faults.nodes(site).values()) == {"requested"},
              "requests")
    tap.equal(site.count("login") + site.count("login_failed"), logins,
              "a certificate of somebody else: no password is sent")
    tap.equal([node.state() for node in site.table.nodes.values()
               if "DRAIN" in node.state()], [], "no node is given up")
    site.trust()
    site.wait(lambda: site.table.jobs[job].state != "CONFIGURING", "the job")
    tap.equal(site.table.jobs[job].state, "RUNNING",
              "the new one in CACert=: all is served, without a restart")
    site.table.complete(job)
    site.await_settled()


def test_in_burst(site):
    """It changes while clones are on their way: vCenter's own machines stay,
    so it is only its front that is another."""
    site.lab("delay", method="InstantClone_Task", ms=300, jitter_ms=0)
    site.lab("password", user="svc-slurm@vsphere.local", password="third")
    job = site.table.allocate(["vm1", "vm2", "vm3"])
    site.wait(lambda: "cloning" in faults.nodes(site).values(), "clones")
    site.fault("expire_session")
    failed = site.count("login_failed")
    site.wait(lambda: site.count("login_failed") > failed, "a refusal")
    site.set_password("third")
    site.wait(lambda: site.table.jobs[job].state != "CONFIGURING", "the job")
    tap.equal(site.table.jobs[job].state, "RUNNING",
              "changed in mid-burst: all clones are found and serve")
    made = [entry["name"] for entry in site.witness("vm_created")]
    tap.equal(len(made), 2 + 3 + 3, "none was made twice")
    site.table.complete(job)
    site.await_settled()


with Site(nodes=3) as lab:
    lab.start()
    test_password(lab)
    test_certificate(lab)
    test_in_burst(lab)
sys.exit(tap.done())
