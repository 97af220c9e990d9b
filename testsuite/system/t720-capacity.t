#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that cannot become clones are drained before a job gets them: a job
that is too large pends in Slurm with a reason, and starts when there is
room."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

OURS = "sclone: (capacity) MaxClones=2 of all nodes"


def reason(site, node):
    """Of its drain, or None."""
    if "DRAIN" not in site.state(node):
        return None
    text = site.show("node", node).get("Reason", "")
    shown = site.scontrol("show", "node", node)
    at = shown.find("Reason=")
    text = shown[at + 7:].split("\n")[0] if at >= 0 else ""
    return text.rsplit(" [", 1)[0]


def reasons(site):
    return [reason(site, node) for node in site.nodes]


def await_reasons(site, want, what):
    labslurm.await_(lambda: reasons(site) == want, "%s: %s" % (what, want))
    tap.ok(True, what)


def limit(site, clones):
    site.config["MaxClones"] = clones
    site.write_sclone_conf()
    site.sclone("reload")


def pends(site, job):
    """Why a job pends, once the scheduler has looked at it."""
    return labslurm.await_(
        lambda: site.show("job", job)["JobState"] == "PENDING" and
        site.show("job", job)["Reason"] not in ("None", "Priority") and
        site.show("job", job)["Reason"], "job %d to pend" % job)


def hold_job(site, *args):
    """A job that runs until go()."""
    return site.sbatch(*args, "--wrap=while [ ! -e %s ]; do sleep 0.05; done"
                       % site.path("go"))


def test_pends(site):
    await_reasons(site, [None, None, OURS, OURS],
                  "the last two of four names are drained")
    labslurm.await_(lambda: "  2       2      0      2 MaxClones=2 of all" in
                    site.sclone("status")[1], "status to say so")
    wide = site.sbatch("-N4", "--wrap=true")
    tap.diag("a job of 4: " + pends(site, wide))
    tap.ok(True, "a job of four pends, with a reason")
    narrow = hold_job(site, "-N2")
    site.await_job(narrow, "RUNNING")
    tap.equal(site.clones(), ["vm1", "vm2"], "a job of two runs")
    tap.equal(reasons(site), [None, None, OURS, OURS],
              "which changes no drain")
    return wide, narrow


def test_admin(site, narrow):
    """An admin takes over one of our drains, and sets one of his own."""
    site.update_node("vm4", "drain", "disk check")
    limit(site, 3)
    await_reasons(site, [None, None, None, "disk check"],
                  "more is allowed: ours is taken back, an admin's is not")
    limit(site, 2)
    await_reasons(site, [None, None, OURS, "disk check"],
                  "less again: a name with a clone is not drained")
    site.write("go", "")
    site.await_job(narrow, "COMPLETED")
    site.await_clean()
    tap.equal(reasons(site), [None, None, OURS, "disk check"],
              "nor is one that has just become free")


def test_restart(site, wide):
    """scloned knows its drains by their reason alone."""
    site.end("scloned")
    site.start_scloned()
    site.update_node("vm4", "undrain")
    await_reasons(site, [None, None, OURS, OURS],
                  "what an admin gives back is drained when it is too much")
    limit(site, None)
    await_reasons(site, [None] * 4, "no limit: all are given back")
    site.await_job(wide, "COMPLETED")
    tap.equal(site.show("job", wide)["Restarts"], "0",
              "the large job starts by itself, once")
    site.await_clean()


def test_leaves(site):
    """Names that leave sclone.conf while they are drained, and a journal
    that is lost."""
    limit(site, 2)
    await_reasons(site, [None, None, OURS, OURS], "drained again")
    site.end("scloned")
    site.run("rm", "-r", site.path("journal"))
    os.mkdir(site.path("journal"), 0o700)
    nodes, site.nodes_text = site.nodes_text, "vm[1-3]"
    site.config["MaxClones"] = None
    site.write_sclone_conf()
    site.start_scloned()
    await_reasons(site, [None] * 4, "without journal and one name less: all "
                  "are given back")
    site.nodes_text = nodes
    limit(site, 2)
    await_reasons(site, [None, None, OURS, OURS], "drained again")
    site.nodes_text = "vm[1-3]"
    limit(site, None)
    await_reasons(site, [None] * 4, "one name less by a reload: the same")
    site.nodes_text = nodes


with labsclone.Site(nodes=4) as lab:
    lab.config["MaxClones"] = 2
    lab.start()
    large, small = test_pends(lab)
    test_admin(lab, small)
    test_restart(lab, large)
    test_leaves(lab)
sys.exit(tap.done())
