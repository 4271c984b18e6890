/*
 * load.c: agents that call org.actionkit.bench, one process and one connection each.
 *
 *	load PORT lives  AGENTS SECONDS            prepare, start, status, stop, and again
 *	load PORT status AGENTS SECONDS            status of an execution each
 *	load PORT poll   AGENTS SECONDS EXECUTIONS starts these, polls each once in 5 s
 *	load PORT start  AGENTS EXECUTIONS         starts these, and leaves them
 *	load PORT upload BYTES                     a prepare with a file
 *
 * Prints a line of JSON: how often each call was made, and each whole life lived, in how many
 * seconds, how many failed, and the percentiles of their times in microseconds. The seconds are
 * from the first call that counts to the end of the last one.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <uuid/uuid.h>

#define ACTION "org.actionkit.bench"
#define AGENTS_MAX 256
#define SAMPLES_MAX 8000000
#define BUFFER_BYTES 65536
#define STATE_BYTES 4096
#define UUID_BYTES 37
#define POLL_INTERVAL_US 5000000
#define US_PER_S 1000000
#define EX_USAGE 64

/* What is counted: the calls, and a life of all four. */
enum series { CALL_PREPARE, CALL_START, CALL_STATUS, CALL_STOP, LIFE, SERIES };

static const char *const names[SERIES] = { "prepare", "start", "status", "stop", "life" };

/* Shared by all agents; the samples of a series are sorted at the end. */
struct results {
	_Atomic uint32_t counts[SERIES];
	_Atomic uint32_t failed;
	_Atomic int64_t began_us;	/* what is measured */
	_Atomic uint32_t ready;		/* agents that have come to what is measured */
	uint32_t samples[SERIES][SAMPLES_MAX];	/* microseconds */
};

struct agent {
	int port;
	int fd;			/* -1: not connected */
	char buffer[BUFFER_BYTES];	/* of the last reply, with a NUL */
};

struct execution {
	char id[UUID_BYTES];
	char state[STATE_BYTES];
};

static struct results *results;

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static void
die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void
agent_connect(struct agent *agent)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)agent->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int on = 1;

	agent->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (agent->fd == -1 || connect(agent->fd, (struct sockaddr *)&address,
	    sizeof(address)) == -1)
		die("connect");
	setsockopt(agent->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool
send_all(int fd, const char *text, size_t length)
{
	ssize_t sent;

	for (; length > 0; text += sent, length -= (size_t)sent) {
		sent = send(fd, text, length, MSG_NOSIGNAL);
		if (sent == -1)
			return false;
	}
	return true;
}

/* The status of a reply that is read to its end; 0 if the connection broke before. */
static int
read_reply(struct agent *agent)
{
	size_t length = 0, wanted = 0;
	char *end, *header;
	ssize_t got;

	while (wanted == 0 || length < wanted) {
		got = recv(agent->fd, agent->buffer + length, BUFFER_BYTES - 1 - length, 0);
		if (got <= 0)
			return 0;
		length += (size_t)got;
		agent->buffer[length] = '\0';
		if (wanted != 0 || (end = strstr(agent->buffer, "\r\n\r\n")) == NULL)
			continue;
		header = strcasestr(agent->buffer, "\r\nContent-Length:");
		if (header == NULL || header > end)
			return 0;
		wanted = (size_t)(end + 4 - agent->buffer) +
		    strtoul(header + strlen("\r\nContent-Length:"), NULL, 10);
	}
	return atoi(agent->buffer + strlen("HTTP/1.1 "));
}

static void
agent_finish(struct agent *agent, int status)
{
	if (status != 0 && strcasestr(agent->buffer, "\r\nConnection: close") == NULL)
		return;
	close(agent->fd);
	agent->fd = -1;
}

static void
record(enum series series, int64_t took_us)
{
	uint32_t index = atomic_fetch_add(&results->counts[series], 1);

	if (index < SAMPLES_MAX)
		results->samples[series][index] = (uint32_t)took_us;
}

/* Makes a call. Returns whether it was answered with 200 and no error. */
static bool
call(struct agent *agent, enum series call, const char *body)
{
	char text[BUFFER_BYTES];
	int64_t began_us = now_us();
	int length, status = 0;

	length = snprintf(text, sizeof(text), "POST /" ACTION "/%s HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s", names[call], strlen(body), body);
	if (agent->fd == -1)
		agent_connect(agent);
	if (send_all(agent->fd, text, (size_t)length))
		status = read_reply(agent);
	agent_finish(agent, status);
	record(call, now_us() - began_us);
	if (status == 200 && strstr(agent->buffer, "\"error\":") == NULL)
		return true;
	if (atomic_fetch_add(&results->failed, 1) == 0)
		fprintf(stderr, "%s: %d: %s\n", names[call], status, agent->buffer);
	return false;
}

/* The state of the last reply goes into the next call, as agents do it. It is flat. */
static void
take_state(const struct agent *agent, struct execution *execution)
{
	const char *state = strstr(agent->buffer, "\"state\":{");
	const char *end = state == NULL ? NULL : strchr(state, '}');

	if (end == NULL)
		return;
	state += strlen("\"state\":");
	snprintf(execution->state, sizeof(execution->state), "%.*s",
	    (int)(end + 1 - state), state);
}

static bool
prepare(struct agent *agent, struct execution *execution)
{
	char body[STATE_BYTES];
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, execution->id);
	strcpy(execution->state, "{}");
	snprintf(body, sizeof(body),
	    "{\"executionId\":\"%s\",\"config\":{\"duration\":30000}}", execution->id);
	if (!call(agent, CALL_PREPARE, body))
		return false;
	take_state(agent, execution);
	return true;
}

static bool
follow(struct agent *agent, struct execution *execution, enum series verb)
{
	char body[STATE_BYTES + UUID_BYTES + 64];

	snprintf(body, sizeof(body), "{\"executionId\":\"%s\",\"state\":%s}", execution->id,
	    execution->state);
	if (!call(agent, verb, body))
		return false;
	take_state(agent, execution);
	return true;
}

static struct execution *
start_some(struct agent *agent, size_t count)
{
	struct execution *executions = calloc(count, sizeof(*executions));

	if (executions == NULL)
		die("calloc");
	for (size_t i = 0; i < count; i++)
		if (!prepare(agent, &executions[i]) ||
		    !follow(agent, &executions[i], CALL_START))
			exit(EXIT_FAILURE);
	return executions;
}

/* What came before, to have something to measure, is not counted. */
static void
begin_measuring(uint32_t agents)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	if (atomic_fetch_add(&results->ready, 1) + 1 == agents) {
		for (size_t i = 0; i < SERIES; i++)
			results->counts[i] = 0;
		results->began_us = now_us();
		results->ready = 2 * agents;
	}
	while (results->ready < 2 * agents)
		nanosleep(&pause, NULL);
}

static void
live(struct agent *agent, int64_t until_us)
{
	struct execution execution;
	int64_t began_us;

	while ((began_us = now_us()) < until_us)
		if (prepare(agent, &execution) &&
		    follow(agent, &execution, CALL_START) &&
		    follow(agent, &execution, CALL_STATUS) &&
		    follow(agent, &execution, CALL_STOP))
			record(LIFE, now_us() - began_us);
}

/* Calls each execution in turn, as fast as can be or once in an interval. */
static void
poll_some(struct agent *agent, struct execution *executions, size_t count,
    int64_t until_us, int64_t interval_us)
{
	int64_t next_us = now_us() + (interval_us == 0 ? 0 : rand() % interval_us);
	struct timespec pause;
	int64_t left_us;

	for (size_t i = 0; now_us() < until_us; i = (i + 1) % count) {
		left_us = next_us - now_us();
		if (interval_us != 0 && left_us > 0) {
			pause = (struct timespec){ .tv_sec = left_us / US_PER_S,
			    .tv_nsec = left_us % US_PER_S * 1000 };
			nanosleep(&pause, NULL);
		}
		next_us += interval_us / (int64_t)count;
		follow(agent, &executions[i], CALL_STATUS);
	}
}

struct plan {
	const char *what;
	uint32_t agents;
	int64_t seconds;
	size_t executions;	/* of all agents */
};

static void
run_agent(const struct plan *plan, struct agent *agent)
{
	size_t count = strcmp(plan->what, "status") == 0 ? 1 :
	    (plan->executions + plan->agents - 1) / plan->agents;
	struct execution *executions;
	int64_t until_us;

	if (strcmp(plan->what, "lives") == 0) {
		begin_measuring(plan->agents);
		live(agent, now_us() + plan->seconds * US_PER_S);
		return;
	}
	executions = start_some(agent, count);
	if (strcmp(plan->what, "start") == 0)
		return;
	begin_measuring(plan->agents);
	until_us = now_us() + plan->seconds * US_PER_S;
	poll_some(agent, executions, count, until_us,
	    strcmp(plan->what, "poll") == 0 ? POLL_INTERVAL_US : 0);
	if (strcmp(plan->what, "status") == 0)
		follow(agent, &executions[0], CALL_STOP);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
print_results(double seconds)
{
	uint32_t *samples;
	size_t count;

	printf("{\"seconds\":%.3f,\"failed\":%u", seconds, results->failed);
	for (size_t i = 0; i < SERIES; i++) {
		samples = results->samples[i];
		count = results->counts[i] < SAMPLES_MAX ? results->counts[i] : SAMPLES_MAX;
		if (count == 0)
			continue;
		qsort(samples, count, sizeof(*samples), compare);
		printf(",\"%s\":{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"max\":%u}",
		    names[i], count, samples[count / 2], samples[count * 99 / 100],
		    samples[count - 1]);
	}
	printf("}\n");
}

static int
run(const struct plan *plan, int port)
{
	static struct agent agent;
	pid_t parent = getpid();
	int status, result = EXIT_SUCCESS;

	results->began_us = now_us();

	for (uint32_t i = 0; i < plan->agents; i++) {
		if (fork() != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		srand(i);
		agent = (struct agent){ .port = port, .fd = -1 };
		run_agent(plan, &agent);
		_exit(EXIT_SUCCESS);
	}
	while (wait(&status) > 0)
		if (status != 0)
			result = EXIT_FAILURE;
	print_results((double)(now_us() - results->began_us) / US_PER_S);
	return result;
}

static int
upload(int port, uint64_t bytes)
{
	static const char head[] = "--b\r\nContent-Disposition: form-data; "
	    "name=\"file\"; filename=\"upload.bin\"\r\n\r\n";
	static struct agent agent;
	char text[BUFFER_BYTES], tail[STATE_BYTES], id[UUID_BYTES];
	int64_t began_us = now_us();
	uint64_t sent;
	int status = 0;
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, id);
	agent = (struct agent){ .port = port, .fd = -1 };
	agent_connect(&agent);
	snprintf(tail, sizeof(tail), "\r\n--b\r\nContent-Disposition: form-data; "
	    "name=\"request\"\r\n\r\n{\"executionId\":\"%s\",\"config\":"
	    "{\"duration\":30000}}\r\n--b--\r\n", id);
	snprintf(text, sizeof(text), "POST /" ACTION "/prepare HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
	    "Content-Length: %llu\r\n\r\n%s",
	    (unsigned long long)(strlen(head) + bytes + strlen(tail)), head);
	if (!send_all(agent.fd, text, strlen(text)))
		die("send");
	memset(text, 'x', sizeof(text));
	for (sent = 0; sent < bytes; sent += sizeof(text))
		if (!send_all(agent.fd, text, bytes - sent < sizeof(text) ?
		    bytes - sent : sizeof(text)))
			die("send");
	if (send_all(agent.fd, tail, strlen(tail)))
		status = read_reply(&agent);
	printf("{\"seconds\":%.3f,\"status\":%d,\"id\":\"%s\"}\n",
	    (double)(now_us() - began_us) / US_PER_S, status, id);
	return status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
usage(void)
{
	fputs("usage: load PORT lives|status AGENTS SECONDS\n"
	    "       load PORT poll AGENTS SECONDS EXECUTIONS\n"
	    "       load PORT start AGENTS EXECUTIONS\n"
	    "       load PORT upload BYTES\n", stderr);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	struct plan plan = { .what = argc > 2 ? argv[2] : "" };
	bool starts = strcmp(plan.what, "start") == 0;
	bool polls = strcmp(plan.what, "poll") == 0;

	if (argc == 4 && strcmp(plan.what, "upload") == 0)
		return upload(atoi(argv[1]), strtoull(argv[3], NULL, 10));
	if (argc != (polls ? 6 : 5) || (!polls && !starts &&
	    strcmp(plan.what, "lives") != 0 && strcmp(plan.what, "status") != 0))
		return usage();
	plan.agents = (uint32_t)atoi(argv[3]);
	plan.seconds = starts ? 0 : atoi(argv[4]);
	plan.executions = strtoul(argv[argc - 1], NULL, 10);
	if (plan.agents < 1 || plan.agents > AGENTS_MAX || plan.executions < 1)
		return usage();
	results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (results == MAP_FAILED)
		die("mmap");
	return run(&plan, atoi(argv[1]));
}
