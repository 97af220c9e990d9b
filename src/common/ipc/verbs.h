/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs - what may be asked over scloned's socket, besides the front ends'
 * own verbs (wire.h): the contract between sclone(1) and scloned.
 *
 * Anybody may ask for status, history, receipts, templates and why; the others
 * need root or scloned's own user. Times are µs since 1970, 0 = never;
 * optional members are left out when they have nothing to say. An unknown
 * name in nodes is NOTFOUND, and nothing is done.
 *
 * status	request: [nodes: hostlist] [all: bool: absent nodes too]
 *	reply: daemon {version pid started now paused journal_low cluster
 *	    vcenter {state error} slurm {state error}
 *	    spool: what keeps a file there}
 *	nodes [{node phase epoch since job user template source vm
 *	    deadline why error refused: the guard's reason hold: bool
 *	    quarantine: why its record cannot be read, waiting: bool}]
 *	sources [SOURCE]
 *	refused [{path template why}]: what lies in folders of Sources= and
 *	    is none; a path that ends in a '/' is such a folder
 *	capacity [{nodes: of a node set, templates clones: names with a VM or
 *	    a lane, waiting: in use without one, free drained: for lack of
 *	    room, out: not to be had, room: how many of the free and drained
 *	    ones can become clones, short: what keeps the others from it, max:
 *	    MaxClones=}]
 *	SOURCE: path template host state why resting: bool lanes in_flight
 *	    drained: DRAIN; MiB: host_memory host_free memory_need: of the
 *	    host; space space_free space_need: of its datastore; chain: files
 *	DRAIN: name: of the template or source, who why since
 * history	request: [node] [job] [limit]
 *	reply: cycles [{node epoch job user template source vm request
 *	    choice: what named the template, attempts avoid: failed tries and
 *	    the last one's source, outcome why at {requested admitted …: µs}
 *	    ended evidence}], newest first
 * receipts	request: [node] [job] [after: number] [limit]
 *	reply: receipts [{seq node job text: "HASH LINE"}]: those that follow
 *	    after, in order; without it the newest first
 *	    head anchor: "NUMBER:HASH" of the last one, and of the last one
 *	    that was pruned (0: none)
 * templates	request: [name: of a template, or of a source: its path, or the
 *	last part of it]
 *	reply: now error: of vCenter
 *	templates [{name clones: VMs of it that exist, ready: sources that
 *	    can clone, lanes in_flight drained: DRAIN, sources [SOURCE,
 *	    clones record: JSON of its guest's, test: TEST], refused: as of
 *	    status, but for one source alone; with a name in
 *	    the request: failures [cycles as of history], newest first}]
 *	TEST: the last one, node who since ended: 0 while it is under way,
 *	    epoch at {requested …: µs} result: running, passed or failed, as
 *	    soon as that is known; of a failed one step code why advice
 *	gone [DRAIN]: of names that left sclone.conf; without a name
 * drain, undrain	no new clones of a template or source. request: name:
 *	as of templates, or of gone; [who] [why]
 *	reply: name: in full
 * why	what was decided for a node, or for a job's nodes. request: node or
 *	job
 *	reply: nodes [{node record {...}: as the journal has it, see record.h
 *	    quarantine slurm {seen state flags job reason}: as seen last
 *	    decisions [{at number node epoch job what text}]: oldest first}]
 *	since: there may be decisions of before that are forgotten
 *	now, more: bool: the job has more nodes than are told of
 *	cycles, receipts: the last ones, as of history and receipts
 * snapshot	all that decisions are made from, see clone/snapshot.h.
 *	request: [from: a page of nodes] [limit: nodes in it]
 *	reply without from: snapshot at config plan resume_timeout
 *	    suspend_timeout slurm_version daemon sources phases {PHASE: nodes}
 *	    decisions [the last ones, as of why] idle receipt_head next: 0
 *	reply with it: nodes [as of why, without decisions] next: the from of
 *	    the next page, if there is one
 * test	make one clone of a source, and release it. request: name: as of
 *	templates; of a template the source that can do it best; [who]
 *	[limit: µs for it to come up] [wait: bool: for its end, or for its
 *	result when its VM is kept]. BUSY when no node kept for tests is free
 *	reply: source template test: TEST
 * pause, unpause	no new clones; releases go on. request: nothing
 * hold, unhold	keep failed VMs for a look. request: nodes: hostlist
 *	reply: nodes: how many
 * reconcile	where journal, vCenter and Slurm differ. request: [mode:
 *	"dry-run"; "now": do what is due; "apply": without the brake]. For
 *	root and scloned's own user a pass is made; others may only look, at
 *	what the last one has seen
 *	reply: at ours foreign braked: bool
 *	differences [{node journal: phase, epoch vcenter: what is seen, vm
 *	    vm_epoch slurm: what it makes of the node, text event: what the
 *	    engine is to be given, done: bool: it was, wait: why not yet}]
 *	strays [{node vm_epoch vm name}]: ours, but of no node that is known
 * release	let the VMs of these nodes go that no request needs any more,
 *	or end their quarantine. request: nodes: hostlist; all or none
 *	reply: nodes: how many
 * reload	read sclone.conf again; an error leaves the old one in place
 *	reply: nodes sources: how many there are now
 */
#ifndef SCLONE_IPC_VERBS_H
#define SCLONE_IPC_VERBS_H

#define VERB_STATUS "status"
#define VERB_HISTORY "history"
#define VERB_RECEIPTS "receipts"
#define VERB_TEMPLATES "templates"
#define VERB_DRAIN "drain"
#define VERB_UNDRAIN "undrain"
#define VERB_TEST "test"
#define VERB_PAUSE "pause"
#define VERB_UNPAUSE "unpause"
#define VERB_HOLD "hold"
#define VERB_UNHOLD "unhold"
#define VERB_RELOAD "reload"
#define VERB_RECONCILE "reconcile"
#define VERB_RELEASE "release"
#define VERB_WHY "why"
#define VERB_SNAPSHOT "snapshot"

#define VERBS_TEST_DEFAULT_US INT64_C(120000000)
#define VERBS_TEST_MAX_US INT64_C(86400000000)
#define VERBS_HISTORY_DEFAULT 20
#define VERBS_HISTORY_MAX 10000
#define VERBS_RECEIPTS_DEFAULT 20
#define VERBS_RECEIPTS_MAX 1000
#define VERBS_WHY_NODES_MAX 256
#define VERBS_SNAPSHOT_NODES 2000	/* in a page */
#define VERBS_FAILURES_MAX 5		/* shown of a template ... */
#define VERBS_FAILURES_AMONG 1000	/* ... among so many newest cycles */

#endif
