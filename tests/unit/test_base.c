/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/sum.h"
#include "core/text.h"

static void assert_printable(const char *in, const char *want)
{
	char out[64];

	text_printable(out, sizeof(out), in);
	assert_string_equal(out, want);
}

static void test_printable(void **state)
{
	char out[4];

	(void)state;
	assert_printable("LIVE", "LIVE");
	assert_printable(NULL, "");
	assert_printable("\033[2Jx\a\n", "?[2Jx??");
	assert_printable("Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e");
	assert_printable("\xc2\x9b" "31m", "?31m");          /* C1 CSI */
	assert_printable("a\xe2\x80\xae" "b", "a?b");         /* right-to-left override */
	assert_printable("\xff\xc3(", "?" "?(");                /* no UTF-8 */
	assert_printable("\xe0\x80\x80", "???");               /* overlong */
	assert_printable("\xed\xa0\x80", "???");               /* surrogate */
	text_printable(out, sizeof(out), "ab\xc3\xbc");        /* no half characters */
	assert_string_equal(out, "ab");
	text_printable(out, 1, "ab");
	assert_string_equal(out, "");
}

/* What a real shell makes of a command is compared with want: each word and "|". */
static void assert_words(char *command, const char *want)
{
	char line[512], got[512] = "", *at;
	size_t n;
	FILE *f;

	assert_non_null(command);
	assert_true(snprintf(line, sizeof(line), "set -- %s\nprintf '%%s|' \"$@\"", command) <
		    (int)sizeof(line));
	at = getenv("HOME");
	assert_null(at ? strstr(command, at) : NULL);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	assert_int_equal(pclose(f), 0);
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", command, got, want);
	free(command);
}

static void test_shell(void **state)
{
	static const char *const names[] = {
		"overlay-;rm -rf $HOME",
		"a'b",
		"'",
		"''",
		"a\"b",
		"`id`",
		"$(id)",
		"a b  c",
		"*",
		"\\",
		"a\\'b",
		"#x",
		"~root",
		"!x",
		"x&y|z<w>",
		"{a,b}",
		"gr\xc3\xbc\xc3\x9f",
		"a=b;c",
		"';touch /tmp/lm-evil;'",
		"(x)",
		"[a-z]",
		"?",
	};
	char want[512], table[300], *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(want, sizeof(want), "rm|%s|", names[i]);
		assert_words(text_command("rm %s", names[i]), want);
		snprintf(want, sizeof(want), "rm|--|%s|", names[i]);
		text = text_shell(names[i]);
		snprintf(table, sizeof(table), "rm -- %s", text);
		free(text);
		assert_words(strdup(table), want);
		snprintf(want, sizeof(want), "dd|of=%s|bs=1|", names[i]);
		assert_words(text_command("dd of=%s bs=%u", names[i], 1u), want);
		snprintf(want, sizeof(want), "cp|%s/NEW.img|/w/%s|", names[i], names[i]);
		assert_words(text_command("cp %s/NEW.img /w/%s", names[i], names[i]), want);
		snprintf(want, sizeof(want), "dmsetup|create|x|--table|0 8 snapshot B %s PO 8|end|",
			 names[i]);
		assert_words(
			text_command("dmsetup create x --table '0 %llu snapshot B %s PO %u' end",
				     8ull, names[i], 8u),
			want);
	}
	/* Plain ones as they are, so that what can be read stays so. */
	text = text_command("mv --exchange %s %s 100%%", "LiveOS/livemend.new",
			    "/a_B-9/x:y@z+1,2.img");
	assert_string_equal(text, "mv --exchange LiveOS/livemend.new /a_B-9/x:y@z+1,2.img 100%");
	free(text);
	assert_words(text_command("rm %s", "-rf"), "rm|./-rf|");
	assert_words(text_command("cp %s%s%s x", "", "", "a"), "cp|a|x|");
	text = text_command("rm %s", "a\n\033[2Jb");
	assert_string_equal(text, "rm 'a??[2Jb'");
	free(text);
	text = text_shell("");
	assert_string_equal(text, "''");
	free(text);
}

static void test_parse_size(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t bytes;
	} cases[] = {
		{"0", 0, 0}, {"700000", 0, 700000}, {"512M", 0, 512ull << 20}, {"1.5G", 0, 3ull << 29},
		{" 2 GiB ", 0, 2ull << 30}, {"4k", 0, 4096}, {"1T", 0, 1ull << 40}, {"0.25 m", 0, 1 << 18},
		{"1,5G", 0, 3ull << 29}, {"", -EINVAL, 0}, {"G", -EINVAL, 0}, {"1.G", -EINVAL, 0},
		{"1.5", -EINVAL, 0}, {"-1", -EINVAL, 0}, {"2 X", -EINVAL, 0}, {"1GG", -EINVAL, 0},
		{"18446744073709551616", -ERANGE, 0}, {"16777216T", -ERANGE, 0},
		{"16777215T", 0, 16777215ull << 40},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 0;

		assert_int_equal(text_parse_size(cases[i].text, &bytes), cases[i].rc);
		assert_true(bytes == cases[i].bytes);
	}
}

static void test_size(void **state)
{
	char b[16];

	(void)state;
	assert_string_equal(text_size(b, 0), "0 B");
	assert_string_equal(text_size(b, 999), "999 B");
	assert_string_equal(text_size(b, 1000), "0.98 KiB");
	assert_string_equal(text_size(b, 4096), "4.00 KiB");
	assert_string_equal(text_size(b, 1524713390), "1.42 GiB");
	assert_string_equal(text_size(b, UINT64_MAX), "16.0 EiB");
	assert_string_equal(text_size(b, 30ull << 30), "30.0 GiB");
	assert_string_equal(text_size(b, 1023ull << 30), "1.00 TiB");
}

static void test_duration(void **state)
{
	char b[32];

	(void)state;
	assert_string_equal(text_duration(b, 0), "0 s");
	assert_string_equal(text_duration(b, 200), "3 min 20 s");
	assert_string_equal(text_duration(b, 1200), "20 min");
	assert_string_equal(text_duration(b, 7500), "2 h 5 min");
	assert_string_equal(text_duration(b, 259200), "3 days");
}

static void test_error(void **state)
{
	struct lm_error e;

	(void)state;
	assert_int_equal(lm_fail(&e, -EIO, "a\033b", "Try.", "Reading %d failed", 7), -EIO);
	assert_string_equal(e.what, "Reading 7 failed");
	assert_string_equal(e.on, "a?b");
	assert_string_equal(e.help, "Try.");
	assert_true(strstr(e.why, "EIO") != NULL);
	assert_int_equal(e.outcome, LM_UNCHANGED);
	assert_int_equal(lm_because(&e, "of %s", "rain"), -EIO);
	assert_string_equal(e.why, "of rain");
	lm_error_help(&e, "Other.");
	assert_string_equal(e.help, "Try.");
	assert_int_equal(lm_fail(&e, -ECANCELED, NULL, NULL, "Stopped"), -ECANCELED);
	assert_int_equal(e.outcome, LM_CANCELLED);
	assert_int_equal(lm_refuse(&e, -EBUSY, "x", NULL, "in use", "No"), -EBUSY);
	assert_int_equal(e.outcome, LM_REFUSED);
	assert_int_equal(lm_fail(NULL, -EIO, NULL, NULL, "x"), -EIO);
	/* Whoever returns that has failed, whether anybody wants to know why or not. */
	assert_true(lm_because(NULL, "x") < 0);
}

static void test_bytes(void **state)
{
	unsigned char b[8];
	uint64_t r;

	(void)state;
	put_le64(b, 0x1122334455667788u);
	assert_int_equal(b[0], 0x88);
	assert_int_equal(b[7], 0x11);
	assert_true(get_le64(b) == 0x1122334455667788u);
	assert_int_equal(get_le16(b), 0x7788);
	assert_int_equal(get_le32(b + 4), 0x11223344);
	assert_true(add_overflows(UINT64_MAX, (uint64_t)1, &r));
	assert_false(mul_overflows((uint64_t)3, (uint64_t)5, &r));
	assert_int_equal(r, 15);
	assert_int_equal(div_up(9, 4), 3);
	assert_int_equal(div_up(UINT64_MAX, UINT64_MAX), 1);
}

static void test_sum(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char digits[SUM_DIGITS + 1];
	struct sum sum;

	(void)state;
	sum_of_hex("", 0, digits);
	assert_string_equal(digits, "e3b0c44298fc1c149afbf4c8996fb924"
				    "27ae41e4649b934ca495991b7852b855");
	sum_of_hex("abc", 3, digits);
	assert_string_equal(digits, "ba7816bf8f01cfea414140de5dae2223"
				    "b00361a396177a9cb410ff61f20015ad");
	sum_start(&sum);
	for (size_t i = 0; two[i]; i++)
		sum_add(&sum, two + i, 1);
	sum_end_hex(&sum, digits);
	assert_string_equal(digits, "248d6a61d20638b8e5c026930c3e6039"
				    "a33ce45964ff2167f6ecedd419db06c1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),  cmocka_unit_test(test_size),
		cmocka_unit_test(test_parse_size), cmocka_unit_test(test_duration),
		cmocka_unit_test(test_error),      cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_sum),        cmocka_unit_test(test_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
