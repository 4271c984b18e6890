/*
 * test_host.c: what the discovery of this host reads of files, on trees of other systems.
 */
#include "config.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "actions/host.c"
#include "core/action/discover.h"
#include "core/action/discovery.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "tests/unit/unit.h"

#define TREE_BYTES 64
#define LONG_ENOUGH_MS 60000

const char host_icon[] = "data:,x";

static char tree[TREE_BYTES];
static struct json_object *attributes;	/* of the target; owned */
static char *fault;			/* of the discovery; owned */

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_tree(void)
{
	(void)nftw(tree, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Each test is a process of its own. */
static void
setup(void)
{
	snprintf(tree, sizeof(tree), "/tmp/ak-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree));
	ck_assert_int_eq(atexit(remove_tree), 0);
	host_root = tree;
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("container");
}

static void
write_file(const char *path, const char *text)
{
	char whole[PATH_BYTES], *slash;
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", tree, path);
	for (slash = whole + strlen(tree) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void
find(const char *name)
{
	const struct discovery_settings settings = { .host_name = name };
	struct json_object *error = NULL, *data, *target;
	struct err err;
	size_t length;
	char *text;

	discovery_set(&settings);
	json_object_put(attributes);
	free(fault);
	attributes = NULL;
	fault = NULL;
	if (discover(&discovery_host, clock_boot_ms() + LONG_ENOUGH_MS, &text, &length, &error,
	    &err) == -1) {
		json_object_put(error);
		fault = strdup(err.msg);
		return;
	}
	ck_assert_int_eq(json_parse(text, length, &data, &err), 0);
	ck_assert_uint_eq(json_count(json_member(data, "targets")), 1);
	target = json_element(json_member(data, "targets"), 0);
	ck_assert_str_eq(json_member_string(target, "id"), name);
	ck_assert_str_eq(json_member_string(target, "label"), name);
	attributes = json_object_get(json_member(target, "attributes"));
	json_object_put(data);
	free(text);
}

/* All values of an attribute, in their order; "" where it is absent. */
static void
has(const char *key, const char *values)
{
	struct json_object *array = json_member(attributes, key);
	char text[1024] = "";
	size_t i, used = 0;

	ck_assert_msg(attributes != NULL, "%s", fault);
	for (i = 0; i < json_count(array); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
		    i == 0 ? "" : ",", json_string(json_element(array, i)));
	ck_assert_msg(strcmp(text, values) == 0, "%s: %s, not %s", key, text, values);
}

START_TEST(test_names)
{
	static const char *const nobody[] = {
		"localhost", "LOCALHOST", "localhost.localdomain", "(none)", NULL
	};
	const char *const *name;

	for (name = nobody; *name != NULL; name++) {
		find(*name);
		ck_assert_str_eq(fault,
		    "this machine has no name of its own: set --hostname");
	}
	find("web-1");
	has("host.hostname", "web-1");
}
END_TEST

START_TEST(test_domains)
{
	static const struct {
		const char *hosts, *domain;
	} rows[] = {
		/* Debian */
		{ "127.0.0.1\tlocalhost\n127.0.1.1\tweb-1.example.com\tweb-1\n",
		  "web-1.example.com" },
		/* Another order; comments; other machines */
		{ "# web-1.no.example web-1\n10.0.0.2 web-2.example.com web-2\n"
		  "10.0.0.1  www.example.com web-1 # ours\n", "www.example.com" },
		/* Our name alone with a domain */
		{ "10.0.0.1 WEB-1.example.com alias\n", "WEB-1.example.com" },
		/* Two of them: which one is not known */
		{ "10.0.0.1 web-1.a.example\n10.0.0.1 web-1.b.example\n", "web-1" },
		/* Red Hat and containers: nothing of a domain */
		{ "127.0.0.1 localhost localhost.localdomain web-1\n", "web-1" },
		{ "", "web-1" },
		{ "web-1", "web-1" },
		{ "10.0.0.1 web-10.example.com web-1x.example.com web-1.\n", "web-1" },
	};
	size_t i;

	find("web-1");
	has("host.domainname", "web-1");
	for (i = 0; i < UNIT_COUNT(rows); i++) {
		write_file("/etc/hosts", rows[i].hosts);
		find("web-1");
		has("host.domainname", rows[i].domain);
	}
}
END_TEST

START_TEST(test_systems)
{
	static const struct {
		const char *release, *family, *manufacturer, *version;
	} rows[] = {
		{ "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n"
		  "VERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nID=debian\n",
		  "debian", "Debian GNU/Linux", "12 (bookworm)" },
		{ "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"
		  "VERSION_ID='21'\n", "debian", "Linux Mint", "21" },
		{ "NAME=\"Red Hat Enterprise Linux\"\nVERSION=\"9.4 (Plow)\"\nID=\"rhel\"\n"
		  "ID_LIKE=\"fedora\"\n", "redhat", "Red Hat Enterprise Linux",
		  "9.4 (Plow)" },
		{ "NAME=\"openSUSE Leap\"\nVERSION=\"15.6\"\nID=\"opensuse-leap\"\n"
		  "ID_LIKE=\"suse opensuse\"\n", "suse", "openSUSE Leap", "15.6" },
		{ "NAME=\"Alpine Linux\"\r\nID=alpine\r\nVERSION_ID=3.20.1\r\n", "",
		  "Alpine Linux", "3.20.1" },
		{ "NAME=\"A \\\"quoted\\\" name\"\nID=x\n", "", "A \"quoted\" name", "" },
		{ "", "", "", "" },
	};
	size_t i;

	find("web-1");
	has("host.os.family", "");
	for (i = 0; i < UNIT_COUNT(rows); i++) {
		write_file("/usr/lib/os-release", rows[i].release);
		find("web-1");
		has("host.os.family", rows[i].family);
		has("host.os.manufacturer", rows[i].manufacturer);
		has("host.os.version", rows[i].version);
	}
	write_file("/etc/os-release", "NAME=Mine\n");
	find("web-1");
	has("host.os.manufacturer", "Mine");
}
END_TEST

/* The image's release is not the machine's. */
START_TEST(test_containers)
{
	write_file("/etc/os-release", "NAME=Image\n");
	write_file("/.dockerenv", "");
	find("web-1");
	has("host.os.manufacturer", "");
	write_file("/proc/1/root/etc/os-release", "NAME=Machine\n");
	find("web-1");
	has("host.os.manufacturer", "Machine");
	setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
	find("web-1");
	has("host.os.manufacturer", "Machine");
}
END_TEST

START_TEST(test_processors)
{
	find("web-1");
	has("host.cpu.min_freq", "");
	write_file("/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_min_freq", "800000\n");
	write_file("/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", "3200000\n");
	write_file("/sys/devices/system/cpu/cpufreq/policy8/cpuinfo_min_freq", "400000\n");
	write_file("/sys/devices/system/cpu/cpufreq/policy8/cpuinfo_max_freq", "2400000\n");
	write_file("/sys/devices/system/cpu/cpufreq/boost", "1\n");
	find("web-1");
	has("host.cpu.min_freq", "400");
	has("host.cpu.max_freq", "3200");
}
END_TEST

START_TEST(test_environment)
{
	setenv("STEADYBIT_LABEL_Rack", "r1", 1);
	setenv("steadybit_label_RACK", "r2", 1);
	setenv("STEADYBIT_LABEL_EMPTY", "", 1);
	setenv("STEADYBIT_LABEL_EQUALS", "a=b=c", 1);
	setenv("STEADYBIT_LABEL_", "nothing", 1);
	setenv("AK_ONE", "1", 1);
	setenv("AK_TWO", "2", 1);
	setenv("AK_THREE", "3", 1);
	setenv(ENVIRONMENT_LIST, " ak_one;AK_TWO,,classes", 1);
	find("web-1");
	has("host.label.rack", "r1,r2");
	has("host.label.empty", "");
	has("host.label.equals", "a=b=c");
	has("host.env.ak_one", "1");
	has("host.env.ak_two", "2");
	has("host.env.ak_three", "");
	ck_assert_ptr_null(json_member(attributes, "host.label."));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_names, test_domains, test_systems, test_containers, test_processors,
		test_environment, NULL
	};

	return unit_main("host", setup, tests);
}
