#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documents say is what there is: programs, options, keys, roles,
findings, paths."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
BUILD = os.environ["top_builddir"]

sys.path.insert(0, os.path.join(TOP, "testsuite", "lib"))
import labsclone  # noqa: E402
import tap  # noqa: E402

BASICS = {"--help", "--version"}


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def say(*command):
    """What a program prints that is asked for help, which is no mistake."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        tap.ok(False, "%s: exit status 0" % " ".join(command))
    return done.stdout.decode()


def programs():
    """(name, path of the built one) of all that is installed."""
    for folder, _, files in os.walk(os.path.join(TOP, "src")):
        if "Makefile.am" not in files:
            continue
        place = os.path.relpath(folder, TOP)
        text = read(place, "Makefile.am").replace("\\\n", " ")
        for names in re.findall(r"^(?:s?bin|program)_PROGRAMS *=(.*)$", text,
                                re.MULTILINE):
            for name in names.split("#")[0].split():
                yield name, os.path.join(BUILD, place, name)


def page_of(name):
    """The source of a program's page, redirections followed; or None."""
    for section in "18":
        path = os.path.join(TOP, "doc", "man", "%s.%s.in" % (name, section))
        if os.path.exists(path):
            text = read(path)
            other = re.match(r"\.so man8/([\w-]+)\.8", text)
            return page_of(other.group(1)) if other else text
    return None


def plain(page):
    """roff without its escapes and requests' names, as a reader sees it."""
    text = re.sub(r"\\f.", "", page.replace("\\-", "-"))
    return re.sub(r"^\.[A-Z]+ ?", "", text, flags=re.MULTILINE)


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def documented_options(page):
    """The options that have an entry of their own, and are not another
    program's."""
    found = set()
    for entry in re.findall(r"^\.TP\n(.*)$", page, re.MULTILINE):
        found |= options_in(plain(entry))
    return found


def test_programs():
    names = dict(programs())
    tap.ok({"sclone", "scloned", "sclone-resume", "sclone-guest",
            "scloned-slurm"} <= set(names), "the programs are found")
    for name, path in sorted(names.items()):
        page = page_of(name)
        if not tap.ok(page, "%s has a page" % name):
            continue
        told = options_in(say(path, "--help")) - BASICS
        entries = options_in(plain(page)) if name == "sclone" \
            else documented_options(page)
        tap.equal(sorted(told - entries), [],
                  "each option of %s is in its page" % name)
        tap.equal(sorted(documented_options(page) - told - BASICS), [],
                  "each option in the page is one of %s" % name)
        tap.contains(plain(page), name, "the page names %s" % name)


def test_commands():
    for name, path in programs():
        if name not in ("sclone", "sclone-guest"):
            continue
        page = page_of(name)
        told = re.findall(r"^  ([a-z]+) ", say(path, "--help"), re.MULTILINE)
        tap.ok(told, "%s has commands" % name)
        for command in told:
            tap.ok(re.search(r"^\.TP\n\.B[RI]? %s\b" % command, page,
                             re.MULTILINE),
                   "%s %s is in its page" % (name, command))
            if name == "sclone":
                tap.contains(say(path, command, "NAME", "--help"),
                             "usage: sclone %s" % command,
                             "sclone %s says how it is called" % command)


def conf_keys(text):
    keys = set()
    for line in re.sub(r"#.*", "", text.replace("\\\n", " ")).splitlines():
        keys.update(re.findall(r"(?:^|\s)([A-Z]\w*)=", line))
    return keys


def test_keys():
    with open(os.path.join(BUILD, "doc", "sclone.conf.5")) as file:
        page = file.read()
    entries = re.findall(r"^\.TP\n\.B (\w+)=\n((?:[^.\n].*\n|\.br\n)*)", page,
                         re.MULTILINE)
    keys = {name for name, _ in entries}
    tap.ok(len(keys) > 30, "the page has keys")
    used = conf_keys(read("etc", "sclone.conf.example"))
    tap.equal(sorted(used - keys), [], "the example uses no others")
    required = {name for name, text in entries if "; required" in text}
    tap.equal(sorted(required - used), [], "and all that are required")
    tap.equal([name for name, text in entries if len(text) < 40], [],
              "each is explained")
    for place in ("README.md", "doc/vcenter.md", "doc/man/sclone.1.in",
                  "doc/man/scloned.8.in", "etc/slurm.conf.example"):
        named = set(re.findall(r"\b((?:Chain\w+|Sources|Lanes|Folder|Pin|"
                               r"ResourcePool|VCenter|CACert|Insecure|"
                               r"DeadlineMargin|\w+File|\w+Dir))=",
                               plain(read(place))))
        tap.equal(sorted(named - keys), [], "%s names keys that exist" % place)


def test_findings():
    """Each topic of `sclone check` is in the page, and no other."""
    topics = set()
    for name in os.listdir(os.path.join(TOP, "src", "sclone")):
        if re.match(r"check_\w+\.c$", name):
            topics.update(re.findall(r'^\t\{ "([\w-]+)", "',
                                     read("src", "sclone", name),
                                     re.MULTILINE))
    page = read("doc", "man", "sclone.1.in")
    page = page[page.index(".SH FINDINGS"):page.index(".SH EXIT STATUS")]
    said = set()
    for entry in re.findall(r"^\.TP\n\.BR? (.*)$", page, re.MULTILINE):
        said.update(re.findall(r"[\w-]+", entry))
    tap.ok(len(topics) > 30, "the topics are found")
    tap.equal(sorted(topics ^ said), [], "sclone(1) lists them all")


def table_of_roles():
    """The table of doc/vcenter.md: object -> privileges."""
    roles = {}
    for line in read("doc", "vcenter.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3:
            found = re.findall(r"\b[A-Z]\w+(?:\.\w+)+", cells[1])
            if found and not found[0].startswith("System."):
                roles[cells[0].split(",")[0]] = set(found)
    return roles


def test_roles():
    rows = re.findall(r'\{ PRIVILEGES_(\w+), PRIVILEGES_(\w+),\s*"([\w.]+)"',
                      read("src", "sclone", "privileges.c"))
    objects = {"FOLDER": "clone folder", "SOURCE": "each source",
               "POOL": "resource pool",
               "DATASTORE": "datastores of the sources",
               "NETWORK": "portgroups of Network="}
    demanded = {name: {row[2] for row in rows
                       if row[0] == on and row[1] in ("NEEDED", "WANTED")}
                for on, name in objects.items()}
    table = table_of_roles()
    tap.equal(table, demanded,
              "doc/vcenter.md asks for what sclone check demands")
    tap.equal({row[0]: set(row[2]) for row in labsclone.ROLES.values()},
              table, "and the tests run with exactly that")
    text = read("doc", "vcenter.md")
    tap.equal([row[2] for row in rows if row[1] == "HARMFUL" and
               row[2] not in text], [], "and it names what must be lacking")


def test_readme():
    text = read("README.md")
    for command in re.findall(r"(?:^|\s|`)(\./[\w.-]+)", text):
        if command != "./configure":
            tap.ok(os.access(os.path.join(TOP, command), os.X_OK),
                   "%s of the README can be run" % command)
    for link in re.findall(r"\]\(([^):#]+)\)", text):
        tap.ok(os.path.exists(os.path.join(TOP, link)), "%s exists" % link)
    layout = text[text.index("## Code layout"):]
    for path in re.findall(r"^    ((?:src|testsuite)/[\w/-]+)", layout,
                           re.MULTILINE):
        tap.ok(os.path.isdir(os.path.join(TOP, path)), "%s exists" % path)
    commands = set(re.findall(r"^  ([a-z]+) ", say(
        os.path.join(BUILD, "src", "sclone", "sclone"), "--help"),
        re.MULTILINE))
    for place in ("README.md", "doc/vcenter.md", "doc/design.md",
                  "etc/slurm.conf.example", "etc/sclone.conf.example"):
        named = set(re.findall(r"`sclone ([a-z]+)", read(place)))
        tap.equal(sorted(named - commands), [],
                  "%s names commands that exist" % place)


def exists(name):
    """Whether there is a test of that name, as system/t360 or unit/spool."""
    folder, _, start = name.partition("/")
    return any(file in (start, start + ".c", start + ".t") or
               (file.startswith(start + "-") and file.endswith(".t"))
               for file in os.listdir(os.path.join(TOP, "testsuite", folder)))


def test_shown_by():
    """The tests that the tables of the design name are there."""
    named = re.findall(r"\b((?:unit|wire|system|chaos)/\w[\w-]*)"
                       r"(?![\w-]|\.md)", read("doc", "design.md"))
    tap.ok(len(named) > 40, "the design names tests")
    tap.equal([name for name in sorted(set(named)) if not exists(name)], [],
              "which are there")


test_programs()
test_shown_by()
test_commands()
test_keys()
test_findings()
test_roles()
test_readme()
sys.exit(tap.done())
