#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sclone template: what the templates and their sources can do, with an exit
status for monitoring; and how they are taken out of use and back."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

UBUNTU = "ubuntu22-esx01"


class Site(labsclone.Site):
    """Two sources of rocky9, and one of ubuntu22 on a host with one."""

    def __init__(self):
        super().__init__(nodes=2, sources={"rocky9": 2, "ubuntu22": 1})
        self.template_keys["ubuntu22"] = {"Lanes": 4}

    def template(self, *args):
        """The exit status, and what was printed."""
        return self.sclone("template", *args, check=False)

    def templates(self, *args):
        """The exit status, and the templates of the reply by name."""
        code, text = self.template(*(args or ["list"]), "--json")
        return code, {row["name"]: row
                      for row in json.loads(text)["templates"]}


def test_list(site):
    code, rows = site.templates()
    tap.equal(code, 0, "all is well")
    tap.contains(site.template("show", UBUNTU)[1], "RealMemory=480",
                 "show has what slurmd found in the source")
    tap.equal({name: (row["ready"], row["lanes"], row["in_flight"],
                      row["clones"], len(row["sources"]))
               for name, row in rows.items()},
              {"rocky9": (2, 16, 0, 0, 2), "ubuntu22": (1, 4, 0, 0, 1)},
              "each template with its sources, lanes and clones")
    code, text = site.template("show", "no-such")
    tap.equal(code, 2, "an unknown name is an error")
    tap.contains(text, "no template and no source 'no-such'", "which says so")


def test_drained_source(site):
    """No new clone of it; the one that runs lives on."""
    job = site.sbatch("-C", "rocky9", "--wrap=sleep 600", "-w", "vm1")
    site.await_job(job, "RUNNING")
    rows = site.templates()[1]
    tap.equal((rows["rocky9"]["clones"], rows["ubuntu22"]["clones"]), (1, 0),
              "a clone counts for its template")
    source = site.status("vm1")["nodes"][0]["source"]
    code, text = site.template("drain", os.path.basename(source), "a",
                               "broken", "disk")
    tap.equal((code, text.split(":")[0]), (0, source),
              "a source is drained by the last part of its path")
    code, rows = site.templates()
    tap.equal((code, rows["rocky9"]["ready"]), (1, 1),
              "it is not ready, which is a warning")
    why = "%s is drained by root: a broken disk" % source
    tap.equal([row["why"] for row in site.status()["sources"]
               if row["path"] == source], [why], "status says who and why")
    tap.equal(site.sclone("status", check=False)[0], 1, "and warns")
    other = site.sbatch("-C", "rocky9", "--wrap=true", "-w", "vm2")
    site.await_job(other, "COMPLETED")
    tap.equal(site.job_state(job), "RUNNING", "what runs lives on")
    site.run("scancel", str(job))
    site.await_clean()
    tap.equal((site.history("vm1")[0]["source"],
               site.history("vm2")[0]["source"] != source), (source, True),
              "the next clone was of the other source")
    tap.equal(site.template("undrain", source)[0], 0, "back in use")
    tap.equal(site.templates()[0], 0, "and all is well")


def restart(site):
    site.end("scloned")
    site.start_scloned()


def test_drained_template(site):
    """Jobs wait, also over a restart."""
    lives = len(site.lives())
    site.template("drain", "rocky9", "old", "kernel")
    job = site.sbatch("--no-requeue", "-C", "rocky9", "--wrap=true", "-w",
                      "vm1")
    why = "rocky9 is drained by root: old kernel"
    labslurm.await_(lambda: site.status("vm1")["nodes"][0].get("error") == why,
                    "the node to say what it waits for")
    restart(site)
    code, text = site.template("list")
    tap.equal(code, 1, "after a restart it is drained still")
    tap.contains(text, "drained by root: old kernel", "which the list says")
    code, text = site.template("undrain", site.sources[0])
    tap.equal(code, 2, "a source of it cannot be undrained alone")
    tap.contains(text, "sclone template undrain rocky9", "it says what to do")
    tap.equal(len(site.lives()), lives, "and no clone was made")
    site.set_mode("fail")
    site.template("undrain", "rocky9")
    site.await_no_jobs()
    site.await_clean()
    tap.equal(len(site.lives()), lives + 1, "with its end there is one")
    site.set_mode("")
    row = site.templates("show", "rocky9")[1]["rocky9"]
    tap.equal([(f["job"], f["outcome"], f["why"]) for f in row["failures"]],
              [(job, "GUEST", "10-mount: exit status 1")],
              "show has the last failures")
    tap.equal(site.templates("show", UBUNTU)[1]["ubuntu22"]["failures"], [],
              "of that template or source alone")
    restart(site)
    tap.equal(site.templates()[0], 0, "after a restart it is in use still")


def test_refused(site):
    for args, why in ((["undrain", "rocky9"], "rocky9 is not drained"),
                      (["drain", "no-such"], "no template and no source"),
                      (["drain", "rocky9", "x" * 200], "longer than 160"),
                      (["drain", "rocky9", "two\nlines"], "on one line")):
        code, text = site.template(*args)
        tap.equal(code, 2, "refused: template %s" % args[0])
        tap.contains(text, why, "and why")


def test_thawed(site):
    site.lab("vm", vm=site.sources[0], action="thaw")
    site.sclone("reload")
    labslurm.await_(lambda: site.templates()[1]["rocky9"]["ready"] == 1,
                    "the source to be seen thawed")
    code, text = site.template("list")
    tap.equal(code, 1, "a source that is not frozen needs a look")
    tap.contains(text, "1 of 2 ready", "the list counts it")
    tap.contains(text, "1 running", "and says what is wrong")
    code, text = site.template("show", site.sources[0])
    tap.contains(text, "running: it runs, but is not frozen", "show says what to do")
    tap.ok(site.sources[1] not in text, "and shows one source alone")
    site.lab("vm", vm=UBUNTU, action="thaw")
    site.sclone("reload")
    labslurm.await_(lambda: site.templates()[0] == 2,
                    "a template without source to be critical")


def main():
    os.environ.pop("SUDO_USER", None)
    with Site() as site:
        site.config["Attempts"] = 1
        site.start()
        test_list(site)
        test_refused(site)
        test_drained_source(site)
        test_drained_template(site)
        test_thawed(site)


main()
sys.exit(tap.done())
