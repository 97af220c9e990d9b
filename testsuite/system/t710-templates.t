#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sclone template list and show: what the templates and their sources can do,
and an exit status for monitoring."""
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
    tap.equal({name: (row["ready"], row["lanes"], row["in_flight"],
                      row["clones"], len(row["sources"]))
               for name, row in rows.items()},
              {"rocky9": (2, 16, 0, 0, 2), "ubuntu22": (1, 4, 0, 0, 1)},
              "each template with its sources, lanes and clones")
    job = site.sbatch("-C", "ubuntu22", "--wrap=sleep 600", "-w", "vm1")
    site.await_job(job, "RUNNING")
    rows = site.templates()[1]
    tap.equal((rows["rocky9"]["clones"], rows["ubuntu22"]["clones"]), (0, 1),
              "a clone counts for its template")
    site.run("scancel", str(job))
    site.await_clean()


def test_failures(site):
    """Clones that failed."""
    site.set_mode("fail")
    job = site.sbatch("--no-requeue", "-C", "rocky9", "--wrap=true", "-w",
                      "vm2")
    site.await_no_jobs()
    site.await_clean()
    site.set_mode("")
    row = site.templates("show", "rocky9")[1]["rocky9"]
    tap.equal([(f["job"], f["outcome"], f["why"]) for f in row["failures"]],
              [(job, "GUEST", "10-mount: exit status 1")],
              "show has the last failures")
    tap.equal(site.templates("show", UBUNTU)[1]["ubuntu22"]["failures"], [],
              "of that template or source alone")


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


def test_names(site):
    code, text = site.template("show", "no-such")
    tap.equal(code, 2, "an unknown name is an error")
    tap.contains(text, "no template and no source 'no-such'", "which says so")


def main():
    with Site() as site:
        site.config["Attempts"] = 1
        site.start()
        test_list(site)
        test_names(site)
        test_failures(site)
        test_thawed(site)


main()
sys.exit(tap.done())
