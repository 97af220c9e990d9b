#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The world has teeth: rules with a defect put in are found out.

Each defect is a change of one source file or two, compiled and linked in
place of the real one; within some seeds the audit must object. A text that
is not there any more fails the test: the defect has to be put in anew.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

TOP = os.environ["abs_top_srcdir"]
BUILD = os.environ["top_builddir"]
SEEDS = 300
# Some take a rare life: where to look first, as of the last search.
FIRST = {
    "a restored journal's epoch is used again": 200,
    "a stale suspend is obeyed": 75,
    "a node is not marked for one job": 70,
}

# name, what the audit says, [(file, what is there, what is put there)]
DEFECTS = [
    ("a submit without reply is made again", "second submit", [
        ("common/rules/ends.c",
         "	if (ev->act == ACTION_SUBMIT_CLONE || "
         "ev->act == ACTION_WATCH)\n		ends_lost_submit(rec);",
         "	if (ev->act == ACTION_SUBMIT_CLONE)\n"
         "		rec->submit = SUBMIT_NONE;")]),
    ("a submit is made again after a crash", "second submit", [
        ("common/rules/engine.c",
         "	if (rec->submit == SUBMIT_SENT)\n"
         "		ends_lost_submit(rec);",
         "	if (rec->submit == SUBMIT_SENT)\n"
         "		rec->submit = SUBMIT_NONE;"),
        ("common/rules/engine.c", "		cycle_renew(rec, now);",
         "		;")]),
    ("a restored journal's epoch is used again", "second submit|epoch", [
        ("common/rules/engine.c", "		cycle_renew(rec, now);",
         "		;")]),
    ("a node that comes back to sclone.conf has an old epoch", "epoch", [
        ("scloned/fleet.c", "	rec.last_epoch = fleet->forgotten;\n", "")]),
    ("the epoch starts anew after the journal's loss", "epoch", [
        ("common/rules/record.c",
         "	return last + 1 > wanted ? last + 1 : wanted;",
         "	return wanted ? last + 1 : 0;")]),
    ("the guard is not asked before PowerOff", "without the guard", [
        ("common/rules/wants.c",
         "		return rec->owner_missing ? ACTION_SET_OWNER : "
         "ACTION_GUARD;",
         "		return rec->release == RELEASE_GUARD_OFF ? "
         "ACTION_POWER_OFF : ACTION_GUARD;")]),
    ("a stale suspend is obeyed", "running job|used", [
        ("common/rules/asks.c",
         "	return req && ev->asked < req->asked;",
         "	return req && ev->asked < 0;")]),
    ("a failure is told to a newer cycle", "pays for", [
        ("common/rules/update.c",
         "	    view->free_of == rec->tell_job)",
         "	    !view->free_of && !rec->tell_job)")]),
    ("the job is not told", "is not told", [
        ("common/rules/cycle.c",
         "cure == CURE_END ? TELL_END : TELL_JOB;",
         "cure == CURE_END ? TELL_END : TELL_FORCE;")]),
    ("one job of a shared node is told, the others are not",
     "shares the node", [
        ("common/rules/cycle.c", "	rec->tell_all = req->shared;",
         "	rec->tell_all = false;")]),
    ("absence is not proven", "there|freed", [
        ("common/rules/ends.c",
         "	case EVENT_POWERED_OFF:\n"
         "		cycle_release(rec, RELEASE_GUARD_DESTROY);",
         "	case EVENT_POWERED_OFF:\n"
         "		cycle_release(rec, RELEASE_RECORD);")]),
    ("a stranger under our name is taken for ours", "not ours", [
        ("common/rules/ends.c",
         "static void _look_foreign(const struct engine_conf *conf, "
         "struct record *rec,\n"
         "			  const struct event *ev)\n{\n"
         "	if (rec->phase == PHASE_RELEASING) {\n"
         "		_prove(rec);",
         "static void _look_foreign(const struct engine_conf *conf, "
         "struct record *rec,\n"
         "			  const struct event *ev)\n{\n"
         "	if (rec->phase == PHASE_RELEASING) {\n"
         "		text_set(rec->vm, ev->vm);\n"
         "		*rec->instance_uuid = '\\0';\n"
         "		rec->read_back = true;\n"
         "		cycle_release(rec, RELEASE_GUARD_OFF);"),
        ("common/rules/guard.c", "_instance, _owned,", "_instance,")]),
    ("an admin's drain is not remembered", "drain is forgotten", [
        ("common/rules/sights.c", "	_remember_drain(rec);\n",
         "	if (rec->epoch == 1)\n		_remember_drain(rec);\n")]),
    ("a node is not marked for one job", "has used", [
        ("common/rules/asks.c", "	req->used = true;\n",
         "	req->used = req->marked = true;\n"),
        ("common/rules/record.c",
         "	return rec->phase == PHASE_READY && rec->req.job &&\n",
         "	return !rec->req.asked && rec->req.job &&\n")]),
    ("a clock set back is not followed", ".", [
        ("common/rules/times.c", "	if (latest > now) {",
         "	if (latest > now && !now) {")]),
    ("lanes are never given back", "leak|is lost", [
        ("common/rules/plan.c",
         "		plan->places[source].in_flight--;",
         "		(void) plan;")]),
]


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def mutate(changes, work):
    """The changed files' texts, by name; a string says what is missing."""
    texts = {}
    for name, there, put in changes:
        text = texts.get(name)
        if text is None:
            with open(os.path.join(TOP, "src", name)) as source:
                text = source.read()
        if text.count(there) != 1:
            return "not once in %s: %r" % (name, there)
        texts[name] = text.replace(there, put)
    objects = []
    for name, text in texts.items():
        path = os.path.join(work, os.path.basename(name))
        with open(path, "w") as out:
            out.write(text)
        objects.append(path)
    return list(zip(texts, objects))


def build(changes, work):
    """The path of a world with the defect, or None and what went wrong."""
    files = mutate(changes, work)
    if isinstance(files, str):
        return None, files
    cc = shlex.split(os.environ["CC"]) + shlex.split(os.environ["FLAGS"])
    objects = []
    for name, path in files:
        objects.append(path[:-2] + ".o")
        done = run(*cc, "-w", "-I" + os.path.join(TOP, "src"), "-iquote",
                   os.path.join(TOP, "src", os.path.dirname(name)), "-c",
                   path, "-o", objects[-1])
        if done.returncode:
            return None, done.stdout
    world = os.path.join(work, "world")
    done = run(*cc, "-o", world, *shlex.split(os.environ["OBJECTS"]),
               *objects, *shlex.split(os.environ["LINK"]))
    return (world, "") if done.returncode == 0 else (None, done.stdout)


def find_out(name, says, changes):
    """What the audit objected to, or what went wrong instead; is it good?"""
    with tempfile.TemporaryDirectory() as work:
        world, said = build(changes, work)
        if world:
            said = run(world, "--seed", str(FIRST.get(name, 1)), "--count",
                       str(SEEDS), "--first").stdout
    wrong = re.findall("^# WRONG: (.*)$", said, re.M)
    good = any(re.search(says, line) for line in wrong)
    return good, wrong or said.splitlines()[-20:]


def main():
    print("1..%d" % len(DEFECTS))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(find_out, *zip(*DEFECTS))
        for number, (good, lines) in enumerate(found, 1):
            print("%s %d - %s" % ("ok" if good else "not ok", number,
                                  DEFECTS[number - 1][0]))
            for line in lines:
                print("# " + line)
            sys.stdout.flush()


main()
