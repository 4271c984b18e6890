/*
 * records.c: fuzzes what comes on the socket, before libfcgi's streams: the records of requests
 * that follow each other on a connection.
 *
 * Cut into pieces in whatever way, an input must be read in the same way; parameters must be texts
 * that were sent, and no more of a body may come out than went in.
 */
#include "config.h"

#include <string.h>

#include "fcgi/http/records.h"
#include "tests/fuzz/fuzz.h"

#define PIECE_MAX_BYTES 64

/* A connection whose other end has sent all that it will. */
struct source {
	const uint8_t *data;
	size_t size, at;
	uint32_t seed;
	bool whole;		/* as much as fits; else in pieces */
};

/* What was read, as one number, and why no more was. */
struct seen {
	uint32_t hash;
	int requests;
	size_t body, parameters;
	char fault[ERR_MESSAGE_BYTES];
};

static struct records records;

static ssize_t
more(void *context, unsigned char *ret_bytes, size_t size, struct err *err)
{
	struct source *source = context;
	size_t length = source->whole ? size : fuzz_draw(&source->seed, PIECE_MAX_BYTES);

	(void)err;
	if (length > size)
		length = size;
	if (length > source->size - source->at)
		length = source->size - source->at;
	if (length > 0)
		memcpy(ret_bytes, source->data + source->at, length);
	source->at += length;
	return (ssize_t)length;
}

static void
add(struct seen *seen, const void *bytes, size_t size)
{
	seen->hash ^= fuzz_seed(bytes, size) + seen->hash * 31;
}

static void
see_parameters(struct seen *seen)
{
	for (char **one = records.parameters; *one != NULL; one++) {
		fuzz_must(strchr(*one, '=') != NULL, "a parameter without a name");
		seen->parameters += strlen(*one) + 1;
		add(seen, *one, strlen(*one));
	}
	fuzz_must(seen->parameters <= RECORDS_PARAMETERS_MAX_BYTES, "too many parameters");
}

/* The body of a request. 0 at its end, or -1. */
static int
see_body(struct seen *seen, struct err *err)
{
	unsigned char *part = NULL;
	ssize_t length;

	while ((length = records_read_body(&records, &part, err)) > 0)
		for (ssize_t i = 0; i < length; i++, seen->body++)
			add(seen, part + i, 1);
	return (int)length;
}

static void
read_all(struct source *source, struct seen *ret_seen)
{
	struct seen seen = { .requests = 0 };
	struct err err = { .code = 0 };
	int result = 0;

	records.context = source;
	records_reset(&records);
	while (result == 0) {
		result = records_read_head(&records, &err);
		if (result != 0)
			break;
		fuzz_must(records.id != 0, "a request without an id");
		seen.requests++;
		seen.parameters = 0;
		see_parameters(&seen);
		result = see_body(&seen, &err);
		fuzz_must(result == -1 || records.place == RECORDS_OVER, "no end of a body");
	}
	fuzz_must(result == 1 || err.code == ERR_REQUEST, "a fault without a reason");
	fuzz_must(result == -1 || source->at == source->size, "something is left");
	fuzz_must(seen.body + seen.parameters <= source->size, "more came than was sent");
	snprintf(seen.fault, sizeof(seen.fault), "%s", result == 1 ? "" : err.msg);
	*ret_seen = seen;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	records_init(&records, more, NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = { .data = data, .size = size, .whole = true };
	struct seen whole, pieces;

	read_all(&source, &whole);
	source = (struct source){ .data = data, .size = size, .seed = fuzz_seed(data, size) };
	read_all(&source, &pieces);
	fuzz_must(whole.hash == pieces.hash && whole.body == pieces.body &&
	    whole.requests == pieces.requests && strcmp(whole.fault, pieces.fault) == 0,
	    "it depends on how it is cut");
	return 0;
}
