/*
 * exec.c: ak_exec(), a program that a handler or work() runs and waits for. Persists nothing.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/action/call.h"
#include "core/action/said.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/program.h"

/* What a handler keeps of its time to say how a program has ended; at most half of it. */
#define EXEC_RESERVE_MS 500
#define EXEC_CHUNK_BYTES 16384
#define EXEC_OWN_VARIABLES 3
#define EXEC_VARIABLE_BYTES 64

struct run {
	struct ak_call *call;
	const struct ak_exec *exec;
	const char *name;		/* argv[0] without its folder */
	pid_t pid;
	int ended;			/* a pidfd: can be read when the program has ended */
	int output, errors;		/* the ends that are read; -1: closed */
	int64_t until_ms;		/* boot time: then it is killed */
	bool told_to_end;		/* it got SIGTERM, since work() must end */
	bool timed_out;
	struct said said, complained;
	struct tail tail;
};

static int
close_one(int fd)
{
	if (fd != -1)
		close(fd);
	return -1;
}

/* Whether the author has given a variable of this name ("NAME="). */
static bool
is_given(const struct ak_exec *exec, const char *name)
{
	const char *const *given = exec->environment;

	while (given != NULL && *given != NULL)
		if (strncmp(*given++, name, strlen(name)) == 0)
			return true;
	return false;
}

static const char **
make_environment(const struct ak_exec *exec, char execution[EXEC_VARIABLE_BYTES])
{
	const char *const own[EXEC_OWN_VARIABLES][2] = {
		{ "PATH=", "PATH=" PROGRAM_PATH },
		{ "LANG=", "LANG=C.UTF-8" },
		{ AK_EXEC_VARIABLE "=", execution }
	};
	const char **environment;
	size_t count = 0;

	while (exec->environment != NULL && exec->environment[count] != NULL)
		count++;
	environment = calloc(count + EXEC_OWN_VARIABLES + 1, sizeof(*environment));
	if (environment == NULL)
		log_out_of_memory();
	if (count > 0)
		memcpy(environment, exec->environment, count * sizeof(*environment));
	for (int i = 0; i < EXEC_OWN_VARIABLES; i++)
		if (!is_given(exec, own[i][0]) && own[i][1][0] != '\0')
			environment[count++] = own[i][1];
	return environment;
}

/* A file, so that nobody has to write while it reads. */
static int
open_input(const char *input)
{
	size_t length, written = 0;
	ssize_t result;
	int fd;

	if (input == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	length = strlen(input);
	while (fd != -1 && written < length) {
		result = write(fd, input + written, length - written);
		if (result == -1 && errno != EINTR)
			return close_one(fd);
		if (result > 0)
			written += (size_t)result;
	}
	if (fd != -1 && lseek(fd, 0, SEEK_SET) == -1)
		return close_one(fd);
	return fd;
}

/* The end that the program gets; ret_read is -1 where nothing of it is read. */
static int
open_output(bool dropped, int *ret_read)
{
	int ends[2];

	*ret_read = -1;
	if (dropped)
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	*ret_read = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[1];
}

static int
begin_in(struct run *run, struct program *program)
{
	struct ak_call *call = run->call;

	program->input = open_input(run->exec->input);
	program->output = open_output(run->exec->out == AK_EXEC_DROP &&
	    run->exec->tail_bytes == 0, &run->output);
	program->errors = open_output(false, &run->errors);
	/* The program holds what says that the execution is worked on, even if we die. */
	if (call->kept_fd > 0)
		program->kept = fcntl(call->kept_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (program->input == -1 || program->output == -1 || program->errors == -1 ||
	    (call->kept_fd > 0 && program->kept == -1))
		return -1;
	run->pid = program_begin(program);
	if (run->pid == -1)
		return -1;
	run->ended = process_open(run->pid);
	if (run->ended != -1)
		return 0;
	(void)kill(-run->pid, SIGKILL);
	process_wait(run->pid, NULL);
	errno = EMFILE;
	return -1;
}

/* 0, or -1 and errno. */
static int
begin(struct run *run, const char *path)
{
	const struct ak_exec *exec = run->exec;
	char execution[EXEC_VARIABLE_BYTES] = "";
	struct program program = {
		.path = path, .argv = exec->argv, .input = -1, .output = -1, .errors = -1,
		.kept = -1,
		.directory = exec->directory == NULL ? "/" : exec->directory
	};
	const char **environment;
	int result, saved;

	if (run->call->execution != NULL)
		snprintf(execution, sizeof(execution), AK_EXEC_VARIABLE "=%s",
		    run->call->execution);
	environment = make_environment(exec, execution);
	program.environment = environment;
	result = begin_in(run, &program);
	saved = errno;
	close_one(program.input);
	close_one(program.output);
	close_one(program.errors);
	close_one(program.kept);
	free(environment);
	errno = saved;
	return result;
}

/* Takes what there is; the end closes it. */
static void
take(int *fd, struct said *said)
{
	char text[EXEC_CHUNK_BYTES];
	ssize_t length;

	while (*fd != -1 && !said->too_much) {
		length = read(*fd, text, sizeof(text));
		if (length == -1 && errno == EINTR)
			continue;
		if (length == -1)
			return;
		if (length == 0)
			*fd = close_one(*fd);
		else
			said_add(said, text, (size_t)length);
	}
}

static void
signal_group(const struct run *run, int number)
{
	(void)kill(-run->pid, number);
}

static int64_t
earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* In work(): what was told is committed meanwhile, and the end is passed on. */
static int
sleep_ms(struct run *run)
{
	struct ak_call *call = run->call;
	int64_t left_ms = run->until_ms - clock_boot_ms();

	if (call->tell != NULL)
		left_ms = earlier(left_ms, call->tell(call));
	return (int)(left_ms < 0 ? 0 : earlier(left_ms, INT_MAX));
}

static void
pass_on_end(struct run *run)
{
	run->told_to_end = true;
	signal_group(run, SIGTERM);
	run->until_ms = earlier(run->until_ms, clock_boot_ms() + run->call->end_grace_ms);
}

/* Until the program has ended, or was killed. */
static void
look_after(struct run *run)
{
	struct pollfd polled[4];
	bool killed = false;

	for (;;) {
		polled[0] = (struct pollfd){ .fd = run->ended, .events = POLLIN };
		polled[1] = (struct pollfd){ .fd = run->output, .events = POLLIN };
		polled[2] = (struct pollfd){ .fd = run->errors, .events = POLLIN };
		polled[3] = (struct pollfd){
			.fd = run->call->verb == VERB_WORK && !run->told_to_end ?
			    run->call->end_fd : -1, .events = POLLIN
		};
		(void)poll(polled, 4, killed ? -1 : sleep_ms(run));
		take(&run->output, &run->said);
		take(&run->errors, &run->complained);
		if (polled[0].revents != 0)
			return;
		if (polled[3].revents != 0)
			pass_on_end(run);
		if (killed)
			continue;
		run->timed_out = clock_boot_ms() >= run->until_ms && !run->told_to_end;
		killed = clock_boot_ms() >= run->until_ms || run->said.too_much ||
		    run->complained.too_much;
		if (killed)
			signal_group(run, SIGKILL);
	}
}

/* What it has left behind ends with it. Its status as waitpid(2) has it. */
static int
finish(struct run *run)
{
	int status = 0;

	signal_group(run, SIGKILL);
	process_wait(run->pid, &status);
	take(&run->output, &run->said);
	take(&run->errors, &run->complained);
	said_end(&run->said);
	said_end(&run->complained);
	return status;
}

static void
keep_end(struct run *run, int status, struct ak_exec_end *ret_end)
{
	struct ak_call *call = run->call;
	size_t tail_size;

	free(call->said);
	free(call->complained);
	free(call->tail);
	call->tail = tail_take(&run->tail, &tail_size);
	call->said = run->said.text;
	call->complained = run->complained.text;
	if (ret_end == NULL)
		return;
	*ret_end = (struct ak_exec_end){
		.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.timed_out = run->timed_out,
		.out = call->said == NULL ? "" : call->said, .out_size = run->said.length,
		.err = call->complained == NULL ? "" : call->complained,
		.err_size = run->complained.length,
		.tail = call->tail == NULL ? "" : call->tail, .tail_size = tail_size
	};
}

/* How it ended is the call's error, and what it said of that is the detail. */
static int AK_PRINTF(2, 3)
fail(const struct run *run, const char *format, ...)
{
	struct ak_error_details details = { .status = AK_ERRORED };
	char complained[SAID_DETAIL_BYTES];
	va_list arguments;
	char *text;
	int result;

	va_start(arguments, format);
	text = call_format(format, arguments);
	va_end(arguments);
	said_detail(&run->complained, complained);
	details.detail = complained[0] == '\0' ? NULL : complained;
	result = ak_error_as(run->call, &details, "%s: %s", run->name, text);
	free(text);
	return result;
}

static int
judge(const struct run *run, int status, int64_t began_ms, bool told)
{
	if (run->said.too_much || run->complained.too_much)
		return fail(run, "it wrote more than %d bytes", AK_EXEC_TEXT_BYTES_MAX);
	if (run->told_to_end)
		return 1;
	if (told || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return 0;
	if (run->timed_out)
		return fail(run, "not ended within %" PRId64 " ms",
		    clock_boot_ms() - began_ms);
	if (WIFSIGNALED(status))
		return fail(run, "killed by signal %d", WTERMSIG(status));
	return fail(run, "exit status %d", WEXITSTATUS(status));
}

static int64_t
deadline_of(const struct run *run, int64_t now_ms)
{
	int64_t until_ms = run->call->deadline_ms, left_ms = until_ms - now_ms;

	if (until_ms != INT64_MAX)
		until_ms -= earlier(EXEC_RESERVE_MS, left_ms / 2);
	return run->exec->timeout_ms <= 0 ? until_ms :
	    earlier(until_ms, now_ms + run->exec->timeout_ms);
}

static const char *
name_of(const char *program)
{
	const char *slash = strrchr(program, '/');

	return slash == NULL ? program : slash + 1;
}

int
ak_exec(struct ak_call *call, const struct ak_exec *exec, struct ak_exec_end *ret_end)
{
	struct run run = {
		.call = call, .exec = exec, .ended = -1, .output = -1, .errors = -1,
		.said = { .call = call, .how = exec->out, .level = AK_INFO, .tail = &run.tail },
		.complained = { .call = call, .how = exec->err, .level = AK_WARN,
		    .once = true, .tail = &run.tail },
		.tail = { .room = exec->tail_bytes }
	};
	int64_t began_ms = clock_boot_ms();
	char path[PATH_MAX];
	int result, status;

	if (exec->argv == NULL || exec->argv[0] == NULL || exec->argv[0][0] == '\0') {
		call_misuse(call, "ak_exec: argv names no program");
		return -1;
	}
	run.name = name_of(exec->argv[0]);
	if (!program_find(exec->argv[0], path))
		return ak_errno(call, "The program %s is not there", exec->argv[0]);
	run.until_ms = deadline_of(&run, began_ms);
	if (begin(&run, path) == 0) {
		look_after(&run);
		status = finish(&run);
		result = judge(&run, status, began_ms, ret_end != NULL);
		keep_end(&run, status, ret_end);
	} else {
		result = ak_errno(call, "The program %s cannot be run", exec->argv[0]);
	}
	close_one(run.ended);
	close_one(run.output);
	close_one(run.errors);
	said_done(&run.said);
	said_done(&run.complained);
	return result;
}
