# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects put into the real scloned, one at a time, to prove that the
auditor sees them: what is changed, what brings it to light, and the rule
that must speak.
"""
import glob
import json
import os
import re
import subprocess
import time

import scenarios
from chaossite import CALL, TELL, labsclone, labslurm

SRC = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), "src")
PATIENCE = 10  # seconds; with a defect, what is awaited may never come


def run_job(site, node="vm1"):
    """A job that runs on one node: its number."""
    job = site.table.allocate([node])
    site.wait(lambda: site.table.jobs[job].state != "CONFIGURING",
              "job %d to run" % job, site.patience)
    return job


def end_job(site, job):
    site.table.complete(job)
    site.await_settled(site.patience)


# What brings it to light. They return the rules that speak also without the
# defect, for what is rightly kept.

def killed_at_submit(site):
    site.die_at(1, True, CALL, "InstantClone_Task")
    job = run_job(site)
    site.wait(site.is_dead, "the kill")
    site.wait(site.is_serving, "scloned")
    site.await_quiet()
    end_job(site, job)


def reply_lost(site):
    end_job(site, run_job(site))  # the connection has been used
    site.lab("fault", kind="reply_lost", method="InstantClone_Task")
    end_job(site, run_job(site, "vm2"))


def parent_as_top_disk(site):
    """A clone's disk was made its source's: to destroy it would take the
    source's file along."""
    job = run_job(site)
    site.lab("vm", vm=labsclone.FOLDER + "/vm1", action="steal_disk",
             **{"from": labsclone.TEMPLATES + "/" + site.sources[0]})
    site.table.complete(job)
    site.wait(lambda: "DRAIN" in site.table.nodes["vm1"].flags or
              not site.table.vms["vm1"], "a verdict", site.patience)
    return {"no_orphan", "no_lost_release", "nodes_in_service"}


def late_suspend(site):
    """The file of a SuspendProgram of before arrives while a job runs."""
    asked = time.time_ns() // 1000
    job = run_job(site)
    number = "%016d-%07d-%016x" % (asked, 1, 1)
    request = {"v": 1, "id": number, "kind": "suspend", "time": asked,
               "argv": ["vm1"], "nodes": "vm1"}
    path = site.write("late", json.dumps(request), 0o600)
    name = site.path("spool/%s.json" % number)
    os.rename(path, name)
    site.wait(lambda: not os.path.exists(name), "the late request")
    site.await_quiet()
    end_job(site, job)


def used_again_at_once(site):
    """scloned dies when it has sent POWER_DOWN_FORCE; before it is back,
    Slurm has the node for another job."""
    site.lab("fault", kind="task_error", method="InstantClone_Task", times=2,
             type="ManagedObjectNotFound")
    site.die_at(1, True, TELL, "force_down")
    site.stays_dead = True
    job = site.table.allocate(["vm1"])
    site.wait(lambda: site.table.jobs[job].state == "REQUEUED", "the force",
              site.patience)
    site.wait(lambda: site.children["scloned"].poll() is not None,
              "the end of scloned")
    site.table.forget("vm1")
    job = site.table.allocate(["vm1"])
    site.stays_dead = False
    site.wait(lambda: site.table.jobs[job].state != "CONFIGURING", "job 2",
              site.patience)
    end_job(site, job)


def destroy_fails(site):
    job = run_job(site)
    site.lab("fault", kind="task_error", method="Destroy_Task")
    end_job(site, job)


def journal_lost(site):
    end_job(site, run_job(site))
    site.kill_scloned()
    scenarios.Orphans(site).lose_journal()
    site.start_scloned()
    end_job(site, run_job(site))


def name_is_taken(site):
    """Somebody else's machine has the node's name."""
    site.lab("vm", vm=labsclone.FOLDER + "/database", action="rename",
             name="vm1")
    site.table.allocate(["vm1"])
    site.await_settled(site.patience)


def no_clone(site):
    site.lab("fault", kind="task_error", method="InstantClone_Task", times=2,
             type="ManagedObjectNotFound")
    site.table.allocate(["vm1"])
    site.await_settled(site.patience)


def marks_refused(site):
    """slurmctld does not take the mark at first."""
    site.table.refuse = {"mark": 3}
    end_job(site, run_job(site))


def peace(site):
    end_job(site, run_job(site))


# The defects. Texts are to be found once in their files.

class Defect:
    def __init__(self, story, rules, *edits):
        self.story = story
        self.rules = rules
        self.edits = edits  # (file below src, text, text in its place)


ALL = {
    "intent after the submit": Defect(
        killed_at_submit, ["no_blind_submit"],
        ("scloned/fleet.c", "\tfleet->barrier |= action->durable;\n", "")),
    "blind retry of a lost reply": Defect(
        reply_lost, ["cloned_once_an_epoch"],
        ("common/vim25/http.c",
         "transfer_died(code) && transfer->request->repeatable &&",
         "transfer_died(code) &&")),
    "submit repeated after a crash": Defect(
        killed_at_submit, ["cloned_once_an_epoch", "no_blind_submit"],
        ("common/rules/engine.c", "\t\tends_lost_submit(rec);",
         "\t\trec->submit = SUBMIT_NONE;")),
    "guard skipped": Defect(
        parent_as_top_disk, ["parents_intact"],
        ("common/clone/verdict.c", "\treturn guard_check(hand->act.level,",
         "\treturn 0 && guard_check(hand->act.level,")),
    "stale suspend acted on": Defect(
        late_suspend, ["jobs_undisturbed"],
        ("scloned/intake.c",
         "struct event ev = { .asked = intake->now.request->time_us };",
         "struct event ev = { .asked = clock_wall_us() };")),
    "FORCE replayed": Defect(
        used_again_at_once, ["every_job_told"],
        ("common/rules/update.c",
         "\treturn rec->view.seen >= rec->tell_since &&\n",
         "\tif (now)\n\t\treturn true;\n"
         "\treturn rec->view.seen >= rec->tell_since &&\n"),
        ("common/rules/update.c",
         "\tif (nodeview_released(view) || view->powered_down || "
         "view->missing)\n",
         "\tif (!view)\n"),
        ("scloned/desk.c",
         "\t\tif (desk->behind && _takes_node(errand->kind))\n",
         "\t\tif (!desk)\n"),
        ("scloned/desk.c", "\t\t_review(errand);\n", "")),
    "NODE_RESUME before gone": Defect(
        destroy_fails, ["name_free_only_when_gone", "no_orphan"],
        ("common/clone/executor.c", "\tif (!result->err)\n",
         "\tif (!result->err || hand->act.kind == ACTION_DESTROY)\n"),
        ("common/clone/lookup.c", "\tif (*hand->rec.bios_uuid)\n"
         "\t\t_search_uuid(hand, hand->rec.bios_uuid, false, _proof_bios);",
         "\tif (*hand->rec.bios_uuid)\n"
         "\t\thand_end(hand, EVENT_ABSENCE_PROVEN,\n"
         "\t\t\t &(struct event) { .evidence = 1 });")),
    "epochs begin anew": Defect(
        journal_lost, ["epochs_grow", "cloned_once_an_epoch"],
        ("common/rules/record.c",
         "\treturn last + 1 > wanted ? last + 1 : wanted;",
         "\treturn wanted ? last + 1 : 0;")),
    "foreign machine adopted": Defect(
        name_is_taken, ["others_untouched", "nodes_in_service"],
        ("common/clone/lookup.c",
         "\thand->foreign = !ours;", "\thand->foreign = !ours && 0;")),
    "session left behind": Defect(
        peace, ["no_session_leaked"],
        ("common/clone/executor.c",
         "\tsession_logout(executor->session, done, arg);",
         "\t(void) executor;\n\tdone(arg);")),
    "job not told": Defect(
        no_clone, ["every_job_told"],
        ("scloned/desk.c", "\terrand->desk->sent = errand;\n",
         "\terrand->desk->sent = errand;\n"
         "\tif (errand->kind == ACTION_SLURM_NOTIFY) {\n"
         "\t\t_end(errand, NULL);\n\t\treturn;\n\t}\n")),
    "cloned before the mark": Defect(
        marks_refused, ["marked_for_one_job"],
        ("common/rules/record.c",
         "(rec->req.marked || !rec->req.job || rec->req.shared) &&",
         "(rec->req.marked || rec->req.job) &&")),
}


def edited(defect):
    """The files that have the defect, by name; LookupError when its texts
    are not there any more."""
    files = {}
    for name, old, new in defect.edits:
        if name not in files:
            with open(os.path.join(SRC, name)) as file:
                files[name] = file.read()
        if files[name].count(old) != 1:
            raise LookupError("%s does not hold once: %s" % (name, old))
        files[name] = files[name].replace(old, new)
    return files


def build(defect, place):
    """scloned with the defect, made in a directory: its path."""
    for name, text in edited(defect).items():
        near = '#include "%s/' % os.path.dirname(name)
        text = re.sub(r'^#include "(?=[^/"]+")', near, text,
                      flags=re.MULTILINE)
        path = os.path.join(place, name.replace("/", "-"))
        with open(path, "w") as file:
            file.write('#line 1 "%s"\n%s' % (name, text))
    out = os.path.join(place, "scloned")
    subprocess.run(
        ["make", "-s", "-C", os.path.join(labslurm.BUILD, "testsuite/chaos"),
         "defect", "DEFECT=" + out,
         "SOURCES=" + " ".join(sorted(glob.glob(place + "/*.c")))],
        check=True, timeout=labslurm.CALL_BOUND,
        env={key: value for key, value in os.environ.items()
             if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")})
    return out
