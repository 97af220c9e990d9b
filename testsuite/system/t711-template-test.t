#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sclone template test: one clone of a source through every phase up to
slurmd's registration, and its release; what fails is told, and nothing is
left."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

TEST = "vmtest"
BIG = "vmbig"  # with more memory in slurm.conf than any clone has
LARGE = "RealMemory=1000000000"


class Site(labsclone.Site):
    """With nodes for tests, which are in no partition."""

    def __init__(self):
        super().__init__(nodes=2, sources=2)
        for name, port in zip((TEST, BIG), labslurm.free_ports(2)):
            settings = self.node_settings if name == TEST else \
                self.node_settings.replace("RealMemory=1", LARGE)
            self.more.append("NodeName=%s Port=%d State=CLOUD %s" % (
                name, port, settings))

    def sclone_conf(self, test=TEST):
        return super().sclone_conf() + \
            "NodeName=%s Templates=rocky9 Test=yes\n" % test

    def with_hosts(self, command):
        """As the nodes of the partition."""
        nodes = self.nodes
        self.nodes = nodes + [TEST, BIG]
        try:
            return super().with_hosts(command)
        finally:
            self.nodes = nodes

    def start_test(self, *args):
        return self.background(labslurm.program("sclone"), "--socket",
                               self.path("sclone.sock"), "template", "test",
                               *args)

    def test(self, *args):
        """The exit status, and the tests that were made."""
        code, text = self.sclone("--json", "template", "test", *args,
                                 check=False)
        return code, json.loads(text)

    def last(self, source):
        """The last test of a source, as show has it."""
        text = self.sclone("--json", "template", "show", source,
                           check=False)[1]
        return json.loads(text)["templates"][0]["sources"][0].get("test", {})

    def check_nothing_left(self, node=TEST):
        tap.equal((self.state(node), self.phase(node), node in self.clones()),
                  ({"IDLE", "CLOUD", "POWERED_DOWN"}, "absent", False),
                  "  and nothing is left")


def check_failed(site, got, step, why, node=TEST):
    code, tests = got
    tap.equal((code, len(tests)), (2, 1), "a test fails")
    test = tests[0]["test"]
    tap.equal((test["result"], test["step"]), ("failed", step),
              "  at " + step)
    tap.contains(test["why"], why, "  which says why")
    tap.ok(test["advice"], "  and what to do next")
    site.check_nothing_left(node)


def test_good(site):
    """Of a drained template, beside a job, all sources one by one."""
    site.sclone("template", "drain", "rocky9")
    code, tests = site.test("--all")
    tap.equal((code, [t["test"]["result"] for t in tests]),
              (0, ["passed", "passed"]), "good sources pass")
    tap.equal([t["source"].split("/")[-1] for t in tests], site.sources,
              "each was tested")
    at = tests[0]["test"]["at"]
    phases = ["requested", "admitted", "cloning", "cloned", "identified",
              "ready", "condemned", "releasing"]
    tap.equal([p for p in phases if p not in at and p != "identified"], [],
              "through every phase")
    tap.equal(sorted(at.values()), [at[p] for p in phases if p in at],
              "in order")
    site.check_nothing_left()
    shown = site.sclone("receipt", "show", TEST)[1].splitlines()
    tap.equal(len([line for line in shown if line.startswith("record ")]), 2,
              "each VM has a record of destruction")
    tap.equal(site.last(site.sources[0])["result"], "passed",
              "show has the last test")
    site.sclone("template", "undrain", "rocky9")


def test_guest_fails(site):
    site.set_mode("fail")
    made = len(site.witness("vm_created"))
    check_failed(site, site.test(site.sources[0]), "guest",
                 "10-mount: exit status 1")
    tap.equal(len(site.witness("vm_created")), made + 1,
              "  one clone is enough to know")
    site.set_mode("")
    code, text = site.sclone("template", "list", check=False)
    tap.contains(text, "failed ", "the list shows it")


def test_wrong_key(site):
    """slurmd comes up, and slurmctld does not believe it."""
    site.set_mode("stranger")
    client = site.start_test("--json", site.sources[0])
    labslurm.await_(lambda: "decode failed" in
                    site.tail("slurmctld.log", 200),
                    "slurmctld to refuse the credential")
    code, text = site.sclone("template", "test", site.sources[1],
                             check=False)
    tap.equal(code, 2, "a second test meanwhile is refused")
    tap.contains(text, "is under way on " + TEST, "  with the reason")
    site.jump(121)
    site.sclone("unhold", TEST)  # anything: it looks at the clock
    text = client.communicate()[0].decode()
    check_failed(site, (client.returncode, json.loads(text)), "registration",
                 "the node was not up before its deadline")
    site.set_mode("")


def test_restart(site):
    """scloned dies in the middle; a job is cloned at the same time."""
    site.block(site.sources[0])
    client = site.start_test(site.sources[0])
    labslurm.await_(lambda: site.phase(TEST) == "cloning", "the clone")
    job = site.sbatch("--wrap=true")
    site.end("scloned", signal.SIGKILL)
    text = client.communicate()[0].decode()
    tap.equal(client.returncode, 2, "who waits hears that scloned is gone")
    site.start_scloned()
    site.unblock(site.sources[0])
    labslurm.await_(lambda: site.last(site.sources[0]).get("ended"),
                    "the test to end")
    tap.equal(site.last(site.sources[0])["result"], "passed",
              "after the restart it goes on, and passes")
    site.check_nothing_left()
    site.await_job(job, "COMPLETED")


def test_hardware(site):
    """Slurm takes the registration, and drains the node. The sources have not
    been looked at anew when the test is asked for."""
    site.write("sclone.conf", site.sclone_conf(BIG) + "TemplateName=other "
               "Sources=%s/no-such\n" % labsclone.TEMPLATES)
    site.fault("delay", "*", ms=300, times=10)
    site.sclone("reload")
    check_failed(site, site.test(site.sources[1]), "registration",
                 "Low RealMemory", BIG)


def test_source(site):
    """That it is not fit shows after the test is asked for. Drained, it is not
    powered on again."""
    site.sclone("template", "drain", site.sources[0])
    site.lab("vm", vm=site.sources[0], action="kill")
    site.fault("delay", "*", ms=300, times=10)
    site.sclone("reload")
    check_failed(site, site.test(site.sources[0]), "source", "off", BIG)


def test_refused(site):
    for name, why in (("other", "no node is kept for tests of other"),
                      ("no-such-name", "no template and no source")):
        code, text = site.sclone("template", "test", name, check=False)
        tap.equal(code, 2, "refused: a test of " + name)
        tap.contains(text, why, "  and why")
    code, text = site.run("srun", "-w", TEST, "true", check=False)
    tap.ok(code != 0, "no job gets onto the node")


def main():
    with Site() as site:
        # What comes with another munge key.
        site.start()
        conf = open(site.path("slurm.conf")).read()
        site.write("stranger.conf", conf.replace(site.path("munge.sock"),
                                                 site.path("other.sock")))
        site.start_munged("other")
        test_good(site)
        test_guest_fails(site)
        test_wrong_key(site)
        test_restart(site)
        test_hardware(site)
        test_source(site)
        test_refused(site)
        site.await_clean()


main()
sys.exit(tap.done())
