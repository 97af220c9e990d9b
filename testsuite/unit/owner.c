/* SPDX-License-Identifier: GPL-2.0-or-later */
/* biosUuid and owner key; back-off. */
#include <string.h>

#include "common/base/parse.h"
#include "common/rules/backoff.h"
#include "common/rules/owner.h"
#include "tap.h"

static void _uuids(void)
{
	char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

	owner_bios_uuid("hpc1", "vm001", 1700000000000000, a);
	is_str(a, "87acd9ea-52fc-58ef-81ce-1825934d3207",
	       "as RFC 9562 has it");
	ok(parse_is_uuid(a), "canonical");
	owner_bios_uuid("hpc1", "vm001", 1700000000000001, b);
	ok(strcmp(a, b), "another epoch, another biosUuid");
}

static void _keys(void)
{
	char text[OWNER_TEXT_SIZE], uuid[UUID_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct owner owner;

	ok(owner_make("key", 3, "hpc1", "vm001", 7, text, &err) == 0, "made");
	is_str(text, "hpc1/vm001/7/74586d71825eab91a7df942f8d19ed1f"
	       "51018255bcf2fe153a894c7bea224b14",
	       "HMAC-SHA-256 of the four parts");
	owner_bios_uuid("hpc1", "vm001", 7, uuid);
	ok(owner_verify("key", 3, text, uuid, &owner, &err) == 0 &&
	   owner.epoch == 7, "verified");
	is_str(owner.node, "vm001", "whose it is");
	ok(owner_verify("Key", 3, text, uuid, &owner, &err) < 0 &&
	   err.code == ERR_REFUSED, "another key");
	text[10]++;
	ok(owner_verify("key", 3, text, uuid, &owner, &err) < 0,
	   "another epoch");
	ok(owner_verify("key", 3, "a/b/1", uuid, &owner, &err) < 0, "short");
	ok(owner_verify("key", 3, "a/b/1/2/3", uuid, &owner, &err) < 0,
	   "too many parts");
	ok(owner_make("key", 3, "hpc1", "a/b", 7, text, &err) < 0,
	   "a name with a slash is none");
}

static void _pauses(void)
{
	int64_t previous = 0;
	bool bounded = true, grows = true;

	for (uint32_t tries = 1; tries < 100; tries++) {
		int64_t pause = backoff_pause("vm1", 5, tries, 1000, 60000);
		int64_t full = tries > 6 ? 60000 : 1000 << (tries - 1);

		bounded = bounded && pause >= full / 2 && pause <= full;
		grows = grows && (tries > 6 || pause >= previous);
		previous = pause;
	}
	ok(bounded, "between half and all of the capped power of two");
	ok(grows, "never shorter until the cap");
	is_int(backoff_pause("vm1", 5, 0, 1000, 60000), 0, "no try, no pause");
	ok(backoff_pause("vm1", 5, UINT32_MAX, 1000, 60000) <= 60000,
	   "any number of tries");
	ok(backoff_pause("vm1", 5, 3, 1000, 60000) ==
	   backoff_pause("vm1", 5, 3, 1000, 60000), "repeatable");
	ok(backoff_pause("vm1", 5, 3, 1000000, 60000000) !=
	   backoff_pause("vm2", 5, 3, 1000000, 60000000), "but not in step");
}

int main(void)
{
	_uuids();
	_keys();
	_pauses();
	return done_testing();
}
