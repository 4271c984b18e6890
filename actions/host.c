/*
 * host.c: the discovery of this host, so that actions that aim at hosts have something to aim
 * at. It tells what extension-host tells, under the same names.
 *
 * Nothing is remembered: what has changed is told with the next call. What cannot be told is
 * left out; only where something could be told and was not the discovery fails.
 */
#include <actionkit.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made of host.svg by icon.sh when the program is built: see local.mk. */
extern const char host_icon[];

extern char **environ;

#define PATH_BYTES 512
#define LINE_BYTES 4096
#define KEY_BYTES 256
#define KIND_BYTES 16
#define KHZ_PER_MHZ 1000

#define LABEL_PREFIX "STEADYBIT_LABEL_"
#define ENVIRONMENT_LIST "STEADYBIT_DISCOVERY_ENV_LIST"

/* Where the files of the system are; another tree in tests. */
static const char *host_root = "";

static FILE *
host_open(const char *path)
{
	char whole[PATH_BYTES];

	(void)snprintf(whole, sizeof(whole), "%s%s", host_root, path);
	return fopen(whole, "re");
}

/*
 * Names
 */

/* Whether a name is one that every machine has. */
static bool
is_nobody(const char *name)
{
	return *name == '\0' || strcmp(name, "(none)") == 0 ||
	    strcasecmp(name, "localhost") == 0 ||
	    strncasecmp(name, "localhost.", strlen("localhost.")) == 0;
}

/* Whether name is ours with a domain. */
static bool
is_in_domain(const char *name, const char *ours)
{
	size_t length = strlen(ours);

	return strncasecmp(name, ours, length) == 0 && name[length] == '.' &&
	    name[length + 1] != '\0';
}

/*
 * Looks at a line of /etc/hosts, which is torn up: the first name where ours is one of the
 * names. *ret_qualified is a name that is ours with a domain; NULL if there is none.
 */
static const char *
read_hosts_line(char *line, const char *ours, const char **ret_qualified)
{
	const char *separators = " \t\r\n", *first = NULL;
	char *name, *rest;
	bool found = false;

	*ret_qualified = NULL;
	line[strcspn(line, "#")] = '\0';
	if (strtok_r(line, separators, &rest) == NULL)
		return NULL;
	while ((name = strtok_r(NULL, separators, &rest)) != NULL) {
		if (first == NULL)
			first = name;
		if (strcasecmp(name, ours) == 0)
			found = true;
		else if (*ret_qualified == NULL && is_in_domain(name, ours))
			*ret_qualified = name;
	}
	return found && !is_nobody(first) ? first : NULL;
}

/*
 * The name with its domain, of /etc/hosts: DNS could block, and would tell another name while
 * an attack blocks it.
 */
static void
domain_name(const char *ours, char ret_name[LINE_BYTES])
{
	char line[LINE_BYTES], qualified[LINE_BYTES] = "";
	const char *first, *other;
	unsigned int count = 0;
	FILE *file;

	(void)snprintf(ret_name, LINE_BYTES, "%s", ours);
	file = host_open("/etc/hosts");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		first = read_hosts_line(line, ours, &other);
		if (first != NULL) {
			(void)snprintf(ret_name, LINE_BYTES, "%s", first);
			(void)fclose(file);
			return;
		}
		if (other != NULL && strcasecmp(other, qualified) != 0) {
			(void)snprintf(qualified, sizeof(qualified), "%s", other);
			count++;
		}
	}
	(void)fclose(file);
	if (count == 1)
		(void)snprintf(ret_name, LINE_BYTES, "%s", qualified);
}

static int
tell_names(struct ak_call *call, const char *name)
{
	char domain[LINE_BYTES];

	if (ak_domain_name() != NULL)
		(void)snprintf(domain, sizeof(domain), "%s", ak_domain_name());
	else
		domain_name(name, domain);
	if (ak_discovered_attribute(call, "host.hostname", name) == -1)
		return -1;
	return ak_discovered_attribute(call, "host.domainname", domain);
}

/*
 * Network
 */

struct interface {
	char name[IF_NAMESIZE];
	char kind[KIND_BYTES];		/* "veth", "bridge"; empty of hardware */
	int index;
	int master;			/* the bridge that it is in, or 0 */
};

struct interfaces {
	struct interface *rows;
	size_t count;
};

static bool
is_kind(const struct interface *interface, const char *kind)
{
	return strcmp(interface->kind, kind) == 0;
}

/* Those that come and go with containers, or with attacks of ours. */
static bool
is_passing(const struct interface *interface)
{
	return is_kind(interface, "veth") || is_kind(interface, "ifb");
}

/* A bridge that only containers and virtual machines are at. */
static bool
is_inner_bridge(const struct interfaces *interfaces, const struct interface *bridge)
{
	const struct interface *member;
	size_t i;

	if (!is_kind(bridge, "bridge"))
		return false;
	for (i = 0; i < interfaces->count; i++) {
		member = &interfaces->rows[i];
		if (member->master == bridge->index && !is_kind(member, "veth") &&
		    !is_kind(member, "tun"))
			return false;
	}
	return true;
}

static void
copy_text(const struct rtattr *attribute, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%.*s", (int)RTA_PAYLOAD(attribute),
	    (const char *)RTA_DATA(attribute));
}

static void
read_kind(const struct rtattr *info, char ret_kind[KIND_BYTES])
{
	size_t left = RTA_PAYLOAD(info);
	const struct rtattr *attribute;

	for (attribute = RTA_DATA(info); RTA_OK(attribute, left);
	    attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == IFLA_INFO_KIND)
			copy_text(attribute, ret_kind, KIND_BYTES);
}

static void
read_link(const struct nlmsghdr *message, struct interface *ret_interface)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *attribute = IFLA_RTA(link);
	size_t left = IFLA_PAYLOAD(message);

	*ret_interface = (struct interface){ .index = link->ifi_index };
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		switch (attribute->rta_type) {
		case IFLA_IFNAME:
			copy_text(attribute, ret_interface->name,
			    sizeof(ret_interface->name));
			break;
		case IFLA_MASTER:
			memcpy(&ret_interface->master, RTA_DATA(attribute),
			    sizeof(ret_interface->master));
			break;
		case IFLA_LINKINFO:
			read_kind(attribute, ret_interface->kind);
			break;
		default:
			break;
		}
}

/* Adds the links of one message of the kernel. 1 after the last; -1 and errno on failure. */
static int
read_links(const struct nlmsghdr *message, size_t left, struct interfaces *interfaces)
{
	struct interface *grown;

	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR) {
			errno = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
			return -1;
		}
		if (message->nlmsg_type != RTM_NEWLINK)
			continue;
		grown = reallocarray(interfaces->rows, interfaces->count + 1, sizeof(*grown));
		if (grown == NULL)
			return -1;
		interfaces->rows = grown;
		read_link(message, &grown[interfaces->count++]);
	}
	return 0;
}

/* All interfaces, with their kinds. 0, or -1 and errno. */
static int
list_interfaces(struct interfaces *ret_interfaces)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP
		},
		.link = { .ifi_family = AF_UNSPEC }
	};
	static union {
		struct nlmsghdr header;
		char bytes[1 << 16];
	} buffer;
	ssize_t length;
	int fd, result = 0;

	*ret_interfaces = (struct interfaces){ .count = 0 };
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd == -1)
		return -1;
	if (send(fd, &request, sizeof(request), 0) == -1)
		result = -1;
	while (result == 0) {
		length = recv(fd, &buffer, sizeof(buffer), 0);
		if (length == -1)
			result = errno == EINTR ? 0 : -1;
		else
			result = read_links(&buffer.header, (size_t)length, ret_interfaces);
	}
	(void)close(fd);
	return result == -1 ? -1 : 0;
}

/* Whether others can reach the address from elsewhere. */
static bool
is_reachable4(const struct in_addr *address)
{
	uint32_t bits = ntohl(address->s_addr);

	return bits != 0 && (bits >> 24) != 127 && (bits >> 16) != 0xa9fe;
}

static bool
is_reachable6(const struct in6_addr *address)
{
	return !IN6_IS_ADDR_LOOPBACK(address) && !IN6_IS_ADDR_UNSPECIFIED(address) &&
	    !IN6_IS_ADDR_LINKLOCAL(address) && !IN6_IS_ADDR_V4MAPPED(address);
}

static int
tell_address(struct ak_call *call, const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	char text[INET6_ADDRSTRLEN];

	if (address->sa_family == AF_INET && is_reachable4(&v4->sin_addr) &&
	    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)) != NULL)
		return ak_discovered_attribute(call, "host.ipv4", text);
	if (address->sa_family == AF_INET6 && is_reachable6(&v6->sin6_addr) &&
	    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)) != NULL)
		return ak_discovered_attribute(call, "host.ipv6", text);
	return 0;
}

/* One that came after the list was made is told next time. */
static bool
has_addresses_of_host(const struct interfaces *interfaces, const char *name)
{
	const struct interface *interface;
	size_t i;

	for (i = 0; i < interfaces->count; i++) {
		interface = &interfaces->rows[i];
		if (strcmp(interface->name, name) == 0)
			return !is_passing(interface) &&
			    !is_inner_bridge(interfaces, interface);
	}
	return false;
}

static int
tell_addresses(struct ak_call *call, const struct interfaces *interfaces)
{
	struct ifaddrs *list, *entry;
	int result = 0;

	if (getifaddrs(&list) == -1)
		return ak_errno(call, "Failed to list the addresses of this host");
	for (entry = list; result == 0 && entry != NULL; entry = entry->ifa_next)
		if (entry->ifa_addr != NULL && (entry->ifa_flags & IFF_UP) != 0 &&
		    has_addresses_of_host(interfaces, entry->ifa_name))
			result = tell_address(call, entry->ifa_addr);
	freeifaddrs(list);
	return result;
}

static int
tell_network(struct ak_call *call)
{
	struct interfaces interfaces;
	int result = 0;
	size_t i;

	if (list_interfaces(&interfaces) == -1)
		result = ak_errno(call, "Failed to list the network interfaces of this host");
	for (i = 0; result == 0 && i < interfaces.count; i++)
		if (!is_passing(&interfaces.rows[i]))
			result = ak_discovered_attribute(call, "host.nic",
			    interfaces.rows[i].name);
	if (result == 0)
		result = tell_addresses(call, &interfaces);
	free(interfaces.rows);
	return result;
}

/*
 * Operating system
 */

/*
 * Where os-release of the machine is: below our own root, but in a container that is the
 * image's. NULL: it cannot be seen.
 */
static const char *
os_root(void)
{
	static const char *const marks[] = { "/.dockerenv", "/run/.containerenv" };
	struct stat ours, first;
	bool contained = getenv("KUBERNETES_SERVICE_HOST") != NULL ||
	    getenv("container") != NULL;
	char path[PATH_BYTES];
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", host_root, marks[i]);
		contained = contained || access(path, F_OK) == 0;
	}
	if (!contained)
		return "";
	(void)snprintf(path, sizeof(path), "%s/proc/1/root/", host_root);
	if (stat(path, &first) == -1 || stat("/", &ours) == -1 ||
	    (first.st_dev == ours.st_dev && first.st_ino == ours.st_ino))
		return NULL;
	return "/proc/1/root";
}

/* The value of a line NAME=VALUE of os-release, in place; NULL if it is of another name. */
static char *
release_value(char *line, const char *name)
{
	size_t length = strlen(name);
	char *value = line + length, *read, *write;
	char quote;

	if (strncmp(line, name, length) != 0 || *value++ != '=')
		return NULL;
	value[strcspn(value, "\r\n")] = '\0';
	quote = *value == '"' || *value == '\'' ? *value : '\0';
	read = value + (quote != '\0');
	for (write = value; *read != '\0' && *read != quote; read++) {
		if (*read == '\\' && read[1] != '\0' && quote != '\'')
			read++;
		*write++ = *read;
	}
	*write = '\0';
	return value;
}

struct release {
	char id[LINE_BYTES], like[LINE_BYTES], name[LINE_BYTES];
	char version[LINE_BYTES], version_id[LINE_BYTES];
};

static void
read_release(FILE *file, struct release *ret_release)
{
	const struct {
		const char *name;
		char *text;
	} members[] = {
		{ "ID", ret_release->id }, { "ID_LIKE", ret_release->like },
		{ "NAME", ret_release->name }, { "VERSION", ret_release->version },
		{ "VERSION_ID", ret_release->version_id },
	};
	char line[LINE_BYTES];
	const char *value;
	size_t i;

	while (fgets(line, sizeof(line), file) != NULL)
		for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			value = release_value(line, members[i].name);
			if (value != NULL) {
				(void)snprintf(members[i].text, LINE_BYTES, "%s", value);
				break;
			}
		}
}

/* NULL: of no family that is known. */
static const char *
family_of(const char *id)
{
	static const struct {
		const char *id, *family;
	} families[] = {
		{ "debian", "debian" }, { "ubuntu", "debian" }, { "rhel", "redhat" },
		{ "fedora", "redhat" }, { "centos", "redhat" }, { "rocky", "redhat" },
		{ "almalinux", "redhat" }, { "ol", "redhat" }, { "amzn", "redhat" },
		{ "suse", "suse" }, { "sles", "suse" }, { "opensuse", "suse" },
	};
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strcmp(families[i].id, id) == 0)
			return families[i].family;
	return NULL;
}

/* Of what the system is, else of what it is like; that is torn up. */
static const char *
release_family(struct release *release)
{
	const char *family = family_of(release->id);
	char *rest, *id;

	for (id = strtok_r(release->like, " ", &rest); family == NULL && id != NULL;
	    id = strtok_r(NULL, " ", &rest))
		family = family_of(id);
	return family;
}

static int
tell_system(struct ak_call *call)
{
	static const char *const files[] = { "/etc/os-release", "/usr/lib/os-release" };
	const char *root = os_root();
	struct release release = { .id = "" };
	char path[PATH_BYTES];
	FILE *file = NULL;
	size_t i;

	for (i = 0; root != NULL && file == NULL && i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, files[i]);
		file = host_open(path);
	}
	if (file == NULL)
		return 0;
	read_release(file, &release);
	(void)fclose(file);
	if (ak_discovered_attribute(call, "host.os.family", release_family(&release)) == -1 ||
	    ak_discovered_attribute(call, "host.os.manufacturer", release.name) == -1 ||
	    ak_discovered_attribute(call, "host.os.version", release.version[0] != '\0' ?
	    release.version : release.version_id) == -1)
		return -1;
	return 0;
}

/*
 * Processors
 */

/* A number in a file; -1 if there is none. */
static long
read_number(const char *path)
{
	FILE *file = host_open(path);
	long number;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%ld", &number) != 1 || number < 0)
		number = -1;
	(void)fclose(file);
	return number;
}

static int
tell_frequency(struct ak_call *call, const char *key, long khz)
{
	char text[KEY_BYTES];

	if (khz < 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%ld", khz / KHZ_PER_MHZ);
	return ak_discovered_attribute(call, key, text);
}

static int
tell_processors(struct ak_call *call)
{
	static const char folder[] = "/sys/devices/system/cpu/cpufreq";
	char path[PATH_BYTES];
	long least = -1, most = -1, number;
	struct dirent *entry;
	DIR *policies;

	(void)snprintf(path, sizeof(path), "%s%s", host_root, folder);
	policies = opendir(path);
	if (policies == NULL)
		return 0;
	while ((entry = readdir(policies)) != NULL) {
		if (strncmp(entry->d_name, "policy", strlen("policy")) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s/cpuinfo_min_freq", folder,
		    entry->d_name);
		number = read_number(path);
		if (number != -1 && (least == -1 || number < least))
			least = number;
		(void)snprintf(path, sizeof(path), "%s/%s/cpuinfo_max_freq", folder,
		    entry->d_name);
		number = read_number(path);
		if (number > most)
			most = number;
	}
	(void)closedir(policies);
	if (tell_frequency(call, "host.cpu.min_freq", least) == -1)
		return -1;
	return tell_frequency(call, "host.cpu.max_freq", most);
}

/*
 * Labels and variables that the operator has set
 */

/* "host.env.NAME" in lower case, of the first length bytes of a name. 0, or -1. */
static int
make_key(struct ak_call *call, const char *prefix, const char *name, size_t length,
    char ret_key[KEY_BYTES])
{
	char *c;

	if (strlen(prefix) + length >= KEY_BYTES)
		return ak_error(call, "The name of the variable %.*s is too long", (int)length,
		    name);
	(void)snprintf(ret_key, KEY_BYTES, "%s%.*s", prefix, (int)length, name);
	for (c = ret_key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

/* Whether the operator lists a variable, its name in any case. */
static bool
is_listed(const char *list, const char *name, size_t length)
{
	static const char separators[] = ",; ";
	size_t item;

	for (; list != NULL && *list != '\0'; list += item) {
		list += strspn(list, separators);
		item = strcspn(list, separators);
		if (item > 0 && item == length && strncasecmp(list, name, length) == 0)
			return true;
	}
	return false;
}

static int
tell_environment(struct ak_call *call)
{
	const char *list = getenv(ENVIRONMENT_LIST), *name;
	size_t length, prefix = strlen(LABEL_PREFIX);
	char key[KEY_BYTES];
	char **entry;

	for (entry = environ; *entry != NULL; entry++) {
		name = *entry;
		length = strcspn(name, "=");
		if (name[length] == '\0')
			continue;
		if (length > prefix && strncasecmp(name, LABEL_PREFIX, prefix) == 0 &&
		    (make_key(call, "host.label.", name + prefix, length - prefix, key) == -1 ||
		    ak_discovered_attribute(call, key, name + length + 1) == -1))
			return -1;
		if (is_listed(list, name, length) &&
		    (make_key(call, "host.env.", name, length, key) == -1 ||
		    ak_discovered_attribute(call, key, name + length + 1) == -1))
			return -1;
	}
	return 0;
}

static int
host_discover(struct ak_call *call)
{
	const char *name = ak_host_name();

	if (is_nobody(name))
		return ak_error(call, "this machine has no name of its own: set --hostname");
	if (ak_discovered(call, name, name) == -1 || tell_names(call, name) == -1 ||
	    tell_network(call) == -1 || tell_system(call) == -1 ||
	    tell_processors(call) == -1 || tell_environment(call) == -1)
		return -1;
	return 0;
}

static const struct ak_attribute host_attributes[] = {
	{ "host.hostname", { "Hostname", "Hostnames" } },
	{ "host.domainname", { "Domainname", "Domainnames" } },
	{ "host.ipv4", { "IPv4", "IPv4s" } },
	{ "host.ipv6", { "IPv6", "IPv6s" } },
	{ "host.nic", { "NIC", "NICs" } },
	{ "host.os.family", { "OS Family", "OS Families" } },
	{ "host.os.manufacturer", { "OS Manufacturer", "OS Manufacturers" } },
	{ "host.os.version", { "OS Version", "OS Versions" } },
	{ "host.cpu.min_freq",
	  { "Minimum CPU Frequency (MHz)", "Minimum CPU Frequencies (MHz)" } },
	{ "host.cpu.max_freq",
	  { "Maximum CPU Frequency (MHz)", "Maximum CPU Frequencies (MHz)" } },
	AK_ATTRIBUTES_END
};

static const char *const host_zones[] = { "gcp.zone", "azure.zone", NULL };

static const struct ak_column host_columns[] = {
	{ .attribute = "host.hostname" },
	{ .attribute = "host.ipv4" },
	{ .attribute = "aws.zone", .fallbacks = host_zones },
	AK_COLUMNS_END
};

static const struct ak_order host_order[] = {
	{ "host.hostname", AK_ASCENDING },
	AK_ORDER_END
};

static const struct ak_target_type host_type = {
	.id = AK_TARGET_HOST,
	.version = "1.0.0",
	.category = "basic",
	.icon = host_icon,
	.label = { "Linux Host (actionkit)", "Linux Hosts (actionkit)" },
	.columns = host_columns,
	.order = host_order,
};

const struct ak_discovery discovery_host = {
	.id = "org.actionkit.host",
	.call_interval = "30s",
	.target_type = &host_type,
	.attributes = host_attributes,
	.discover = host_discover,
};
