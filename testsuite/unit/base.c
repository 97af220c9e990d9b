/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base layer: errors, buffers, readers of values, tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/base/table.h"
#include "tap.h"

static void _err(void)
{
	struct err err = ERR_INIT;

	is_int(err_set(&err, ERR_BUSY, "node %s", "vm1\nroot: ok"), -1,
	       "err_set returns -1");
	is_str(err.text, "node vm1?root: ok", "a newline cannot forge a line");
	err_wrap(&err, "clone");
	is_str(err.text, "clone: node vm1?root: ok", "context in front");
	is_int(err.code, ERR_BUSY, "and keeps the code");
	is_int(err_set(NULL, ERR_BUSY, "x"), -1, "a NULL err is fine");
	for (int i = 0; i < ERR_CODES; i++)
		is_int(err_code_of(err_name((enum err_code) i)), i,
		       err_name((enum err_code) i));
	is_int(err_code_of("SURPRISE"), -1, "unknown name of a code");
}

static void _buf(void)
{
	cleanup_buf struct buf buf;
	struct err err = ERR_INIT;
	char *text;

	buf_init(&buf, 10);
	is_str(buf_str(&buf), "", "an empty buffer is a string");
	buf_printf(&buf, "%s-%d", "ab", 12);
	buf_putc(&buf, '!');
	is_str(buf_str(&buf), "ab-12!", "additions");
	buf_consume(&buf, 3);
	is_str(buf_str(&buf), "12!", "consumed from the front");
	buf_puts(&buf, "12345678");
	ok(buf.failed && buf.len == 3, "over the maximum nothing is added");
	buf_puts(&buf, "x");
	is_int(buf_ok(&buf, "test", &err), -1, "and the failure latches");
	is_int(err.code, ERR_FATAL, "with a code");
	ok(!buf_steal(&buf), "a failed buffer gives no bytes");
	buf_puts(&buf, "0123456789");
	ok(!buf.failed, "exactly the maximum fits");
	text = buf_steal(&buf);
	is_str(text, "0123456789", "stolen");
	free(text);
	text = buf_steal(&buf);
	is_str(text, "", "an empty buffer gives an empty string");
	free(text);
}

static void _numbers(void)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1x",
		"0x1", "18446744073709551616", "99999999999999999999" };
	uint64_t u = 7;
	int64_t i = 7;

	for (size_t n = 0; n < sizeof(bad) / sizeof(*bad); n++)
		ok(parse_u64(bad[n], 0, UINT64_MAX, &u, NULL) < 0 && u == 7,
		   "'%s' is no number", bad[n]);
	ok(!parse_u64("18446744073709551615", 0, UINT64_MAX, &u, NULL) &&
	   u == UINT64_MAX, "the largest number");
	ok(parse_u64("4", 5, 6, &u, NULL) < 0, "below the minimum");
	ok(!parse_i64("-9223372036854775808", INT64_MIN, 0, &i, NULL) &&
	   i == INT64_MIN, "the smallest signed number");
	ok(parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &i,
		     NULL) < 0, "one above the largest signed number");
	ok(!parse_duration("15min", 0, 1000, &u, NULL) && u == 900, "15min");
	ok(!parse_duration("90d", 0, UINT64_MAX, &u, NULL) &&
	   u == 90 * 86400, "90d");
	ok(parse_duration("5 min", 0, 1000, &u, NULL) < 0, "no blank inside");
	ok(parse_duration("300000000000000000d", 0, UINT64_MAX, &u,
			  NULL) < 0, "a duration that overflows");
}

static void _names(void)
{
	uint8_t bytes[2];
	char text[5];

	ok(parse_is_name("vm-1.example_x", 20), "a name");
	ok(!parse_is_name("-vm", 20) && !parse_is_name("", 20) &&
	   !parse_is_name("a b", 20) && !parse_is_name("a/b", 20) &&
	   !parse_is_name("a\xc3\xa4", 20), "what is no name");
	ok(parse_is_name("abcd", 4) && !parse_is_name("abcde", 4),
	   "the length counts");
	ok(parse_is_uuid("12345678-abcd-1234-CDEF-123456789abc"), "a UUID");
	ok(!parse_is_uuid("12345678-abcd-1234-cdef-123456789ab") &&
	   !parse_is_uuid("12345678-abcd-1234-cdef-123456789abcd") &&
	   !parse_is_uuid("12345678aabcd-1234-cdef-123456789abc"),
	   "what is no UUID");
	ok(!parse_hex("0aF9", bytes, 2, NULL) && bytes[0] == 0x0a &&
	   bytes[1] == 0xf9, "hexadecimal");
	ok(parse_hex("0aF", bytes, 2, NULL) < 0 &&
	   parse_hex("0aFg", bytes, 2, NULL) < 0, "no hexadecimal");
	parse_print_hex(bytes, 2, text);
	is_str(text, "0af9", "printed");
}

/* base/prefix + n -> want, or NULL for "no room" */
static void _inet_case(const char *base, uint64_t n, const char *want)
{
	char text[INET_TEXT_SIZE] = "";
	struct err err = ERR_INIT;
	struct inet addr, sum;
	unsigned prefix;

	if (parse_inet_prefix(base, &addr, &prefix, &err) < 0)
		bail_out("%s", err.text);
	if (parse_inet_add(&addr, prefix, n, &sum, &err) == 0)
		parse_print_inet(&sum, text);
	is_str(text, want ? want : "", base);
}

static void _inet(void)
{
	struct inet addr;
	unsigned prefix;

	_inet_case("10.20.0.1/16", 199, "10.20.0.200");
	_inet_case("10.20.0.250/16", 10, "10.20.1.4");
	_inet_case("10.20.255.250/16", 4, "10.20.255.254");
	_inet_case("10.20.255.250/16", 5, NULL);
	_inet_case("10.20.255.250/16", 6, NULL);
	_inet_case("255.255.255.254/1", 2, NULL);
	_inet_case("10.0.0.0/31", 1, "10.0.0.1");
	_inet_case("fd00::ffff/64", 1, "fd00::1:0");
	_inet_case("fd00::ffff:ffff:ffff:ffff/64", 1, NULL);
	ok(parse_inet_prefix("10.0.0.1", &addr, &prefix, NULL) < 0 &&
	   parse_inet_prefix("10.0.0.1/33", &addr, &prefix, NULL) < 0 &&
	   parse_inet_prefix("10.0.0.1/0", &addr, &prefix, NULL) < 0 &&
	   parse_inet_prefix("10.0.0/8", &addr, &prefix, NULL) < 0 &&
	   parse_inet_prefix("fe80::1%eth0/64", &addr, &prefix, NULL) < 0,
	   "what is no address with a prefix");
}

static void _table(void)
{
	cleanup_table struct table *table = table_create(1000, free);
	struct err err = ERR_INIT;
	char key[16];
	const char *found;
	size_t pos = 0, seen = 0;

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "vm%d", i);
		if (table_set(table, key, strdup(key), &err) < 0)
			bail_out("%s", err.text);
	}
	is_int(table_set(table, "one-more", key, &err), -1, "bounded");
	is_int(err.code, ERR_BUSY, "with a code");
	is_str(table_get(table, "vm777"), "vm777", "found");
	ok(!table_get(table, "vm1000"), "not found");
	while ((found = table_next(table, &pos, NULL)) != NULL) {
		snprintf(key, sizeof(key), "vm%zu", seen);
		if (strcmp(found, key))
			break;
		seen++;
	}
	is_int((int64_t) seen, 1000, "walked in the order of insertion");
	for (int round = 0; round < 5000; round++) {
		snprintf(key, sizeof(key), "vm%d", round % 1000);
		free(table_take(table, key));
		if (table_set(table, key, strdup("again"), &err) < 0)
			bail_out("%s", err.text);
	}
	is_int((int64_t) table_count(table), 1000, "taken and set again");
	is_str(table_get(table, "vm5"), "again", "with the new value");
	ok(table_set(table, "vm5", strdup("third"), &err) == 0 &&
	   !strcmp(table_get(table, "vm5"), "third"), "replaced in place");
}

static void _digest(void)
{
	/* RFC 4231 case 2; RFC 9562 appendix A.4 */
	static const uint8_t dns[16] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad,
		0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };
	char text[DIGEST_TEXT_SIZE], uuid[UUID_TEXT_SIZE];
	uint8_t mac[DIGEST_SIZE];

	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, mac);
	parse_print_hex(mac, sizeof(mac), text);
	is_str(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b9"
	       "64ec3843", "HMAC-SHA-256");
	digest_uuid5(dns, "www.example.com", 15, uuid);
	is_str(uuid, "2ed6657d-e927-568b-95e1-2665a8aea6a2", "UUID version 5");
}

/* Only tests make time jump, and only in a build of their own. */
static void _jump(void)
{
	static const int64_t day = 86400 * CLOCK_US_PER_S;
	char path[] = "base.XXXXXX";
	int fd = mkstemp(path);
	int64_t before = clock_wall_us();
	int64_t apart;

	if (fd < 0 || dprintf(fd, "%lld\n", (long long) day) < 0)
		bail_out("cannot write %s", path);
	close(fd);
	setenv("SCLONE_CLOCK_JUMP", path, 1);
	apart = clock_wall_us() - before;
	unlink(path);
#ifdef CLOCK_JUMPS
	ok(apart >= day && apart < 2 * day, "wall time jumps");
#else
	ok(apart >= 0 && apart < day, "wall time cannot be made to jump");
#endif
	unsetenv("SCLONE_CLOCK_JUMP");
}

/* A child that runs late still knows when it was forked. */
static void _started(void)
{
	int64_t before, after, late, said = 0;
	int go[2], answer[2];
	pid_t pid;

	if (pipe(go) < 0 || pipe(answer) < 0)
		bail_out("pipe");
	before = clock_wall_us();
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &said, sizeof(said)) == sizeof(said))
			said = clock_started_us();
		_exit(write(answer[1], &said, sizeof(said)) != sizeof(said));
	}
	after = clock_wall_us();
	late = clock_mono_us() + 50 * CLOCK_US_PER_MS;
	while (clock_mono_us() < late)
		;
	ok(write(go[1], &said, sizeof(said)) == sizeof(said) &&
	   read(answer[0], &said, sizeof(said)) == sizeof(said), "told");
	waitpid(pid, NULL, 0);
	ok(said > before - 20 * CLOCK_US_PER_MS && said <= after,
	   "between %lld and %lld: %lld", (long long) before,
	   (long long) after, (long long) said);
}

static void _clock(void)
{
	char text[CLOCK_TEXT_SIZE];

	clock_print(INT64_C(1763806272123456), text);
	is_str(text, "2025-11-22T10:11:12.123Z", "a time printed");
	clock_print(-1, text);
	is_str(text, "-", "no time");
	ok(clock_mono_us() <= clock_mono_us(), "monotonic");
	_jump();
	_started();
}

/* What a program says when systemd told it of a journal behind inode+other of
 * its standard error. */
static void _logged(unsigned other, const char *want)
{
	char stream[64], line[128] = "";
	struct stat st;
	int fds[2];
	pid_t pid;

	if (pipe(fds) < 0 || fstat(fds[1], &st) < 0)
		bail_out("pipe");
	snprintf(stream, sizeof(stream), "%llu:%llu",
		 (unsigned long long) st.st_dev,
		 (unsigned long long) st.st_ino + other);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		setenv("JOURNAL_STREAM", stream, 1);
		log_open("me", LOG_LEVEL_INFO, false);
		log_error("one\ntwo");
		_exit(0);
	}
	close(fds[1]);
	ok(read(fds[0], line, sizeof(line) - 1) > 0, "a line");
	close(fds[0]);
	waitpid(pid, NULL, 0);
	is_str(line, want, "as its reader wants it");
}

static void _log(void)
{
	_logged(0, "<3>one?two\n");
	_logged(1, "me: one?two\n");
}

int main(void)
{
	_err();
	_buf();
	_numbers();
	_names();
	_inet();
	_log();
	_table();
	_digest();
	_clock();
	return done_testing();
}
