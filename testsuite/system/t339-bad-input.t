#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an admin can get wrong: scloned says what to do, and works as soon as
it is right."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()


class Site(labsclone.Site):
    """Also where the whole system trusts vclab's authority, as only scloned
    sees it."""

    trusting = False

    def spawn(self, name, args, **more):
        if name == "scloned" and self.trusting:
            args = ["unshare", "--mount", "sh", "-c",
                    'mount -t tmpfs certs /etc/ssl/certs && '
                    'cd /etc/ssl/certs && cp "$0" lab.pem && '
                    'cp "$0" ca-certificates.crt && '
                    'ln -s lab.pem "$(openssl x509 -hash -noout -in "$0").0"'
                    ' && exec "$@"', self.path("lab/ca.pem")] + args
        return super().spawn(name, args, **more)


def refused(site, what, *parts):
    """scloned does not start, and says all of these."""
    code, text = site.run(
        labslurm.program("scloned"), "--config", site.path("sclone.conf"),
        "--slurm-helper",
        labsclone.build_path("src/scloned-slurm/scloned-slurm"), check=False)
    tap.equal((code, [part for part in parts if part not in text]), (1, []),
              what)
    if code != 1 or not all(part in text for part in parts):
        tap.diag(text)


def with_conf(site, old, new):
    text = site.sclone_conf()
    assert old in text
    site.write("sclone.conf", text.replace(old, new))


def test_starts(site):
    conf = site.path("sclone.conf")
    with_conf(site, "Folder=", "Foldr=")
    refused(site, "an unknown key", conf + ":", "Foldr", "unknown key")
    with_conf(site, "Lanes=8", "Lanes=lots")
    refused(site, "a bad value", conf + ":", "Lanes", "lots", "1", "64")
    with_conf(site, "ClusterName=lab\n", "")
    refused(site, "a missing key", "ClusterName")
    with_conf(site, "Templates=rocky9", "Templates=rocky8")
    refused(site, "an unknown template", conf + ":", "rocky8")
    os.unlink(conf)
    refused(site, "no configuration", conf, "No such file")
    site.write_sclone_conf()

    for name in "sclone.password", "sclone.key":
        os.chmod(site.path(name), 0o644)
        refused(site, name + " that others may read", site.path(name), "chmod 600")
        os.chmod(site.path(name), 0o600)
    os.rename(site.path("sclone.key"), site.path("gone"))
    refused(site, "no key", site.path("sclone.key"), "KeyFile")
    os.rename(site.path("gone"), site.path("sclone.key"))

    os.rename(site.path("sclone.key"), site.path("real"))
    os.symlink("real", site.path("sclone.key"))
    refused(site, "a key that is a link", site.path("sclone.key"), "link")
    os.unlink(site.path("sclone.key"))
    os.rename(site.path("real"), site.path("sclone.key"))
    os.chown(site.path("sclone.key"), 64030, -1)
    refused(site, "somebody else's key", site.path("sclone.key"), "chown 0")
    os.chown(site.path("sclone.key"), 0, -1)
    os.mkdir(site.path("open"))
    os.symlink(site.dir, site.path("open/way"))
    os.chmod(site.path("open"), 0o775)
    for key, name in (("KeyFile", "sclone.key"),
                      ("PasswordFile", "sclone.password"),
                      ("StateDir", "journal"), ("SpoolDir", "spool")):
        site.config[key] = site.path("open/way/" + name)
        site.write_sclone_conf()
        refused(site, key + "= behind a link that others can change",
                site.path("open"), "chmod go-w")
        del site.config[key]
    for key, name in ("StateDir", "journal"), ("SpoolDir", "spool"):
        os.chmod(site.path(name), 0o770)
        site.write_sclone_conf()
        refused(site, key + "= that others can write in", site.path(name),
                "chmod go-w")
        os.chmod(site.path(name), 0o700)

    site.write("a-file", "")
    for key in "SpoolDir", "StateDir":
        site.config[key] = site.path("a-file")
        site.write_sclone_conf()
        refused(site, key + "= that is a file", site.path("a-file"))
        del site.config[key]
    site.write_sclone_conf()


def test_second(site):
    refused(site, "a second scloned", "another scloned",
            str(site.children["scloned"].pid))


def error(site):
    status = site.status()
    return status["daemon"]["vcenter"].get("error", "") if status else ""


def await_error(site, *parts):
    return labslurm.await_(lambda: all(part in error(site)
                                       for part in parts), "the status to "
                           "say " + " ".join(parts))


def failed_logins(site):
    return len(site.witness("login_failed"))


def test_password(site):
    site.write("sclone.password", "open barley\n", 0o600)
    site.start_scloned(wait=False)
    await_error(site, "InvalidLogin", site.path("sclone.password"))
    tap.ok(True, "a wrong password: the status names the file")
    tap.contains(error(site), "not tried again", "and says what happens")
    job = site.sbatch("--wrap=true")
    labslurm.await_(lambda: site.status()["nodes"], "the request")
    for _ in range(5):
        site.sclone("reload")
    tap.equal(failed_logins(site), 1, "one Login, whatever is asked")
    site.write("sclone.password", "open sesame\n", 0o600)
    site.await_job(job, "COMPLETED")
    tap.equal(failed_logins(site), 1, "the right one is taken from the file")
    site.await_clean()
    site.end("scloned")


def logins(site):
    return len(site.witness("login")) + len(site.witness("login_failed"))


def test_certificate(site):
    good = site.path("lab/ca.pem")
    site.trusting = True
    site.config["CACert"] = None
    site.write_sclone_conf()
    site.start_scloned()
    site.end("scloned")
    tap.ok(True, "without CACert= the system's authorities count")
    site.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", site.path("other.key"), "-out", site.path("other.pem"),
             "-subj", "/CN=other", "-days", "2")
    site.config["CACert"] = site.path("other.pem")
    site.write_sclone_conf()
    before = logins(site)
    site.start_scloned(wait=False)
    await_error(site, "certificate", "CACert=")
    tap.ok(True, "with it, they do not: the status says which key")
    tap.equal(logins(site), before, "and no password is sent")
    with open(good) as file:
        site.write("other.pem", file.read())
    labslurm.await_(site.is_serving, "scloned")
    tap.ok(True, "it works when the file is right")
    site.end("scloned")
    del site.config["CACert"]
    site.trusting = False
    site.write_sclone_conf()


def check_job(site, what, *parts):
    """A job waits until its deadline, then is told why."""
    job = site.sbatch("--wrap=true")
    labslurm.await_(lambda: site.show("job", job)["Restarts"] != "0",
                    "the job to be requeued")
    text = site.scontrol("show", "job", str(job))
    line = [x for x in text.splitlines() if "AdminComment" in x]
    tap.equal([part for part in parts if part not in line[0]], [],
              what + ": the job is told")
    tap.diag(line[0].strip())
    return job


def test_sources(site):
    source = site.sources[0]
    site.lab("vm", vm=source, action="thaw")
    site.start_scloned(wait=False)
    labslurm.await_(lambda: site.status() and site.status()["sources"][0]
                    ["state"] == "running", "the status")
    tap.contains(site.sclone("status", check=False)[1], "sclone-guest freeze",
                 "a source that is not frozen: the status says what to do")
    job = check_job(site, "not frozen", "rocky9", "frozen")
    site.lab("vm", vm=source, action="freeze")
    site.sclone("reload")
    site.await_job(job, "COMPLETED")
    tap.ok(True, "it runs when the source is frozen")
    site.await_clean()

    site.lab("vm", vm=source, action="rename", name="elsewhere")
    site.end("scloned")
    site.start_scloned(wait=False)
    labslurm.await_(lambda: site.status() and site.status()["sources"][0]
                    ["state"] == "missing", "the status")
    tap.contains(site.sclone("status", check=False)[1], "Sources=",
                 "a source that is missing: the status says what to check")
    job = check_job(site, "missing", "rocky9", "Sources=")
    site.lab("vm", vm="elsewhere", action="rename", name=source)
    site.sclone("reload")
    site.await_job(job, "COMPLETED")
    tap.ok(True, "it runs when the source is there")
    site.await_clean()
    site.end("scloned")


def test_folder(site):
    site.config["Folder"] = "/DC1/vm/nowhere"
    site.write_sclone_conf()
    site.start_scloned(wait=False)
    await_error(site, "/DC1/vm/nowhere", "Folder=")
    tap.ok(True, "a missing folder: the status names it and the key")
    job = check_job(site, "no folder", "/DC1/vm/nowhere")
    site.end("scloned")
    del site.config["Folder"]
    site.write_sclone_conf()
    site.start_scloned()
    site.await_job(job, "COMPLETED")
    tap.ok(True, "it runs with the right one")
    site.await_clean()


def without_lab():
    with labsclone.Site(nodes=2) as site:
        site.vc_port = labslurm.free_ports(1)[0]
        site.write("lab/ca.pem", "")
        site.write_secrets()
        site.write_conf()
        test_starts(site)


def with_lab():
    with Site(nodes=2) as site:
        site.settings["ResumeTimeout"] = "11"
        site.config["DeadlineMargin"] = "6s"
        site.requeue_soon()
        site.start()
        test_second(site)
        site.end("scloned")
        test_password(site)
        test_certificate(site)
        test_sources(site)
        test_folder(site)


without_lab()
with_lab()
sys.exit(tap.done())
