/*
 * test_url.c: which URLs are allowed, by their text, and what is shown of them.
 */
#include "config.h"

#include "core/base/url.h"

#include "tests/unit/unit.h"

START_TEST(test_steps)
{
	static const char *const refused[] = {
		"https://a.example/%2e%2e/b", "https://a.example/%2E%2E/b",
		"https://a.example/.%2e/b", "https://a.example/x/%2e", "https://a.example/../b",
		"https://a.example/x/..", "https://a.example/x/.", "https://a.example/./b",
		"https://a.example/..;/b", "https://a.example/..;x=1/b",
		"https://a.example/.;/b", "https://a.example/x/..;", "https://a.example/..%3b/b",
		"https://a.example/..%253B/b", "https://a.example/%252e%252e/b",
		"https://a.example/%25252e/b", "https://a.example/%2525252525252E/b",
		"https://a.example/x%2f..%2fb", "https://a.example/x%252Fb",
		"https://a.example/x%5cb", "https://a.example/x%255cb",
		"https://a.example/x\\..\\b", "https://a.example\\..\\b",
		"https://a.example/x%00", "https://a.example/x%2500.txt",
		"https://a.example/v1%2e2"
	};
	static const char *const taken[] = {
		"https://a.example", "https://a.example/", "https://a.example/b",
		"https://a.example/...", "https://a.example/.b", "https://a.example/..b/c",
		"https://a.example/b..", "https://a.example/a.b/c.d",
		"https://a.example/b;v=1/c", "https://a.example/%20%25", "https://a.example/100%25",
		"https://a.example/b%3bc", "https://a.example/b//c", "https://a.example:8443/b"
	};
	const char *fault = NULL;
	CURLU *url;

	for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
		ck_assert_msg(url_prefix_fault(refused[i]) != NULL, "%s is taken", refused[i]);
		ck_assert_msg(url_parse(refused[i], &fault) == NULL, "%s is taken", refused[i]);
	}
	for (size_t i = 0; i < UNIT_COUNT(taken); i++) {
		fault = url_prefix_fault(taken[i]);
		ck_assert_msg(fault == NULL, "%s: %s", taken[i], fault);
	}
	/* What is behind the path is no part of it. */
	url = url_parse("https://a.example/b?c=../%2e%2e/\\", &fault);
	ck_assert_ptr_nonnull(url);
	curl_url_cleanup(url);
}
END_TEST

START_TEST(test_public)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "https://a.example/b?X-Amz-Signature=secret", "https://a.example/b" },
		{ "https://a.example/b#secret", "https://a.example/b" },
		{ "https://a.example?secret", "https://a.example" },
		{ "https://me:secret@a.example:1/b?c", "https://a.example:1/b" },
		{ "https://me:se@cret@a.example/b", "https://a.example/b" },
		{ "https://secret@a.example", "https://a.example" },
		{ "https://me:secret@a.example\\b?c", "https://a.example\\b" },
		{ "https://a.example/b@c", "https://a.example/b@c" },
		{ "http://[::1]:80/b?secret", "http://[::1]:80/b" },
		{ "me:secret@a.example/b?secret", "a.example/b" },
		{ "", "" }
	};
	char shown[URL_PUBLIC_BYTES], small[8];

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		url_public(rows[i].text, shown, sizeof(shown));
		ck_assert_str_eq(shown, rows[i].shown);
	}
	url_public("https://a.example/", small, sizeof(small));
	ck_assert_str_eq(small, "https:/");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { test_steps, test_public, NULL };

	return unit_main("url", NULL, tests);
}
