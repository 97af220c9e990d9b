#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`sclone snapshot` writes all that decisions are made from into one file: it
is whole, private, has no secret in it, and what is large comes in pages."""
import glob
import json
import os
import socket
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import labsclone  # noqa: E402
import labslurm  # noqa: E402
import tap  # noqa: E402

labslurm.require()

PASSWORD = "open sesame"
KEY = "0123456789abcdef" * 4
PIN = "sha256//"


def ask(site, **members):
    """A request over the socket, as a program of ours sends it."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(labslurm.CALL_BOUND)
        sock.connect(site.path("sclone.sock"))
        sock.sendall(json.dumps(dict(members, v=1)).encode() + b"\n")
        with sock.makefile() as file:
            return json.loads(file.readline())


def pin_of(site):
    """sha256//... of the lab's own key."""
    command = ("openssl s_client -connect 127.0.0.1:%d </dev/null 2>/dev/null"
               " | openssl x509 -pubkey -noout | openssl pkey -pubin -outform"
               " der | openssl dgst -sha256 -binary | base64" % site.vc_port)
    return PIN + site.run("sh", "-c", command)[1].strip()


def test_whole(site, job):
    path = site.path("snapshot.json")
    text = site.sclone("snapshot", path)[1]
    tap.contains(text, path, "it says where it is")
    tap.equal(stat.S_IMODE(os.stat(path).st_mode), 0o600,
              "nobody else can read it")
    tap.equal(glob.glob(path + "?*"), [], "nothing else is left there")
    with open(path) as file:
        text = file.read()
    doc = json.loads(text)
    tap.ok(doc["snapshot"] == 2 and doc["at"] > 10 ** 15
           and doc["resume_timeout"] > 0 and doc["slurm_version"],
           "its version, its time, Slurm's limits and version")
    tap.equal([name for name in ("ClusterName", "PasswordFile", "KeyFile")
               if name + "=" not in " ".join(doc["config"])], [],
              "the configuration")
    tap.equal(doc["sources"][0]["state"], "frozen", "the sources")
    tap.ok(doc["plan"]["rates"]["cloning"] > 0
           and doc["plan"]["sources"][0]["lanes"] == 8
           and "open_until" in doc["plan"]["sources"][0]["breaker"],
           "lanes, rates and breakers")
    rows = {row["node"]: row for row in doc["nodes"]}
    tap.equal((rows["vm1"]["record"]["req.job"],
               rows["vm1"]["slurm"]["state"]), (str(job), "ALLOCATED"),
              "records of nodes, and Slurm's view of them")
    tap.equal(rows["vm2"]["slurm"]["reason"], "a look",
              "also of an idle one that somebody drained")
    tap.equal(doc["idle"], "vm[3-4]", "all other nodes by name")
    tap.ok(any(row["what"] == "admitted" for row in doc["decisions"]),
           "the last decisions")
    tap.ok("folder" in doc["daemon"], "what the clone folder holds")
    return text


def test_secrets(site, text):
    pin = pin_of(site)
    tap.ok(len(pin) > 40, "the site has a pin")
    tap.equal([secret for secret in (PASSWORD, KEY, KEY[:16], pin[8:], pin,
                                     "vmware_soap_session")
               if secret in text], [], "no secret is in it")
    tap.contains(text, site.path("sclone.password"),
                 "but where the password is kept")


def test_pages(site):
    first = ask(site, verb="snapshot")
    tap.ok("nodes" not in first, "nodes come apart from the rest")
    names, at = [], first["next"]
    for _ in range(8):
        page = ask(site, verb="snapshot", **{"from": at, "limit": 1})
        names += [row["node"] for row in page["nodes"]]
        at = page.get("next", 0)
        if not at:
            break
    tap.equal(names, ["vm1", "vm2"], "page by page, each once")


def test_refusals(site):
    site.script("ask-status", "exec setpriv --reuid=65534 --regid=65534 "
                "--clear-groups %s --socket %s snapshot /dev/null\n" % (
                    labslurm.program("sclone"), site.path("sclone.sock")))
    os.chmod(site.dir, 0o755)
    code, text = site.run(site.path("ask-status"), check=False)
    tap.equal(code, 2, "it is not for everybody")
    tap.contains(text, "is for root", "who are told so")
    code, text = site.sclone("snapshot", site.path("none/snapshot.json"),
                             check=False)
    tap.equal(code, 2, "without a directory for the file")
    tap.contains(text, "none/snapshot.json", "it says which")


with labsclone.Site(nodes=4) as site_:
    site_.wrap_programs()
    site_.write_secrets()
    site_.start_vclab()
    site_.config["Pin"] = pin_of(site_)
    site_.write_sclone_conf()
    site_.start_slurm()
    site_.start_scloned()
    site_.update_node("vm2", "DRAIN", "a look")
    os.mkfifo(site_.path("fifo"))
    job_ = site_.sbatch("-w", "vm1", "--wrap=cat " + site_.path("fifo"))
    site_.await_job(job_, "RUNNING")
    labslurm.await_(lambda: site_.phase("vm1") == "ready", "the node")
    labslurm.await_(lambda: "folder" in site_.status()["daemon"],
                    "a look at the folder")
    labslurm.await_(lambda: [row for row in ask(
        site_, verb="snapshot", **{"from": 0})["nodes"]
        if row["node"] == "vm2"], "the drain to be seen")
    text_ = test_whole(site_, job_)
    test_secrets(site_, text_)
    test_pages(site_)
    test_refusals(site_)
    with open(site_.path("fifo"), "w"):
        pass
    site_.await_job(job_, "COMPLETED")
sys.exit(tap.done())
