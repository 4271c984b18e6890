/*
 * multipart.c: fuzzes the parser of multipart/form-data.
 *
 * The first line of an input is the Content-Type, the rest the body. It is parsed whole,
 * byte by byte and in pieces of any size: all must find the same. What they find is compared
 * with a second parser, which has the whole body at once and is as simple as can be.
 */
#include "config.h"

#include "fcgi/http/multipart.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

#define PIECE_MAX_BYTES 64

/* What the parser said, and the data of each part. */
struct told {
	uint32_t hash;		/* of all events and their order */
	int begun, ended;
	int result;
	struct err err;
	size_t length;		/* of data */
	char *data;		/* of all parts */
	size_t ends[MULTIPART_PARTS_MAX]; /* where in data the data of a part ends */
};

/* What the simple parser knows of a part. */
struct piece {
	const char *data;
	size_t length;
};

static void
add(struct told *told, const char *text, size_t length)
{
	told->hash = (told->hash ^ fuzz_seed((const uint8_t *)text, length)) * 16777619u;
}

static void
check_text(const char *text, size_t most)
{
	fuzz_must(strlen(text) <= most, "a text over its limit");
	for (; *text != '\0'; text++)
		fuzz_must((unsigned char)*text >= ' ' || *text == '\t',
		    "a control character in a text");
}

static int
told_begin(void *context, const struct multipart_part *part, struct err *err)
{
	struct told *told = context;

	(void)err;
	fuzz_must(told->begun == told->ended, "a part begins in another");
	fuzz_must(told->begun < MULTIPART_PARTS_MAX, "too many parts");
	told->begun++;
	fuzz_must(part->number == told->begun, "a wrong number");
	fuzz_must(*part->name != '\0', "an empty name");
	check_text(part->name, MULTIPART_NAME_MAX_BYTES);
	check_text(part->content_type, MULTIPART_HEADERS_MAX_BYTES);
	add(told, part->name, strlen(part->name));
	add(told, part->content_type, strlen(part->content_type));
	if (part->filename != NULL) {
		check_text(part->filename, MULTIPART_FILENAME_MAX_BYTES);
		add(told, part->filename, strlen(part->filename));
	}
	return 0;
}

static int
told_data(void *context, const char *data, size_t length, struct err *err)
{
	struct told *told = context;

	(void)err;
	fuzz_must(told->begun == told->ended + 1, "data outside of a part");
	fuzz_must(length > 0, "no data");
	memcpy(told->data + told->length, data, length);
	told->length += length;
	return 0;
}

static int
told_end(void *context, struct err *err)
{
	struct told *told = context;

	(void)err;
	fuzz_must(told->begun == told->ended + 1, "an end without a begin");
	told->ends[told->ended++] = told->length;
	return 0;
}

/*
 * In pieces of at most most bytes, 0 for whole. They lie at the end of an array, so that the
 * sanitizer watches their end, and nothing of them is left when the next is fed.
 */
static void
parse(struct told *told, const char *type, const char *body, size_t size, size_t most)
{
	static const struct multipart_events events = {
		.part_begin = told_begin,
		.part_data = told_data,
		.part_end = told_end
	};
	uint32_t seed = fuzz_seed((const uint8_t *)body, size);
	char room[PIECE_MAX_BYTES];
	struct multipart multipart;
	const char *piece;
	size_t at, length;

	*told = (struct told){ .data = malloc(size + 1) };
	fuzz_must(told->data != NULL, "no memory");
	told->result = multipart_begin(&multipart, type, &events, told, &told->err);
	for (at = 0; told->result == 0 && at < size; at += length) {
		length = most == 0 ? size : fuzz_draw(&seed, most);
		if (length > size - at)
			length = size - at;
		piece = body + at;
		if (most != 0)
			piece = memcpy(room + sizeof(room) - length, piece, length);
		told->result = multipart_feed(&multipart, piece, length, &told->err);
	}
	if (told->result == 0)
		told->result = multipart_end(&multipart, &told->err);
}

static void
compare(const struct told *one, const struct told *other)
{
	fuzz_must(one->result == other->result, "the result depends on the cuts");
	fuzz_must(one->hash == other->hash && one->begun == other->begun &&
	    one->ended == other->ended, "the parts depend on the cuts");
	fuzz_must(one->length == other->length &&
	    memcmp(one->data, other->data, one->length) == 0, "the data depends on the cuts");
	fuzz_must(memcmp(one->ends, other->ends, sizeof(one->ends)) == 0,
	    "the ends depend on the cuts");
	if (one->result == -1)
		fuzz_must(one->err.code == other->err.code &&
		    strcmp(one->err.msg, other->err.msg) == 0,
		    "the message depends on the cuts");
}

/* The next delimiter in text, which is what ends a part. NULL if there is none. */
static const char *
find_delimiter(const char *text, const char *end, const char *delimiter, size_t length)
{
	const char *next;

	for (; (size_t)(end - text) > length; text++) {
		if (memcmp(text, delimiter, length) != 0)
			continue;
		next = text + length;
		if (*next == '\r' || *next == ' ' || *next == '\t' ||
		    (end - next > 1 && next[0] == '-' && next[1] == '-'))
			return text;
	}
	return NULL;
}

/*
 * The parts that are whole in text, a body with a line end before it. *ret_last is whether
 * it has the last delimiter.
 */
static int
split(const char *text, size_t size, const char *delimiter,
    struct piece ret_pieces[MULTIPART_PARTS_MAX], bool *ret_last)
{
	const char *end = text + size, *at, *next;
	size_t length = strlen(delimiter);
	int count = 0;

	*ret_last = false;
	at = find_delimiter(text, end, delimiter, length);
	while (at != NULL) {
		at += length;
		*ret_last = *at == '-';
		if (*ret_last || count == MULTIPART_PARTS_MAX)
			break;
		at += strspn(at, " \t");
		/* The empty line that ends the headers may follow at once. */
		at = memmem(at, (size_t)(end - at), "\r\n\r\n", strlen("\r\n\r\n"));
		if (at == NULL)
			break;
		at += strlen("\r\n");
		next = find_delimiter(at, end, delimiter, length);
		if (next == NULL)
			break;
		at += strlen("\r\n");
		ret_pieces[count].data = at;
		ret_pieces[count++].length = next < at ? 0 : (size_t)(next - at);
		at = next;
	}
	return count;
}

static void
compare_simple(const struct told *told, const char *delimiter, const char *body,
    size_t size)
{
	struct piece pieces[MULTIPART_PARTS_MAX];
	size_t begin = 0;
	char *text;
	bool last;
	int count, i;

	text = malloc(size + strlen("\r\n") + 1);
	fuzz_must(text != NULL, "no memory");
	memcpy(text, "\r\n", strlen("\r\n"));
	memcpy(text + strlen("\r\n"), body, size);
	text[size + strlen("\r\n")] = '\0';
	count = split(text, size + strlen("\r\n"), delimiter, pieces, &last);
	fuzz_must(told->ended <= count, "too many parts");
	for (i = 0; i < told->ended; i++) {
		fuzz_must(told->ends[i] - begin == pieces[i].length &&
		    memcmp(told->data + begin, pieces[i].data, pieces[i].length) == 0,
		    "wrong data");
		begin = told->ends[i];
	}
	if (told->result == 0)
		fuzz_must(last && told->ended == count && told->begun == count,
		    "parts are missing");
	free(text);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct multipart_events none = { .part_begin = NULL };
	const char *newline, *body;
	struct told whole, bytes, pieces;
	struct multipart multipart;
	size_t body_size;
	struct err err;
	char *type;

	newline = size == 0 ? NULL : memchr(data, '\n', size);
	if (newline == NULL)
		return 0;
	type = strndup((const char *)data, (size_t)(newline - (const char *)data));
	fuzz_must(type != NULL, "no memory");
	body = newline + 1;
	body_size = size - (size_t)(body - (const char *)data);

	parse(&whole, type, body, body_size, 0);
	parse(&bytes, type, body, body_size, 1);
	parse(&pieces, type, body, body_size, PIECE_MAX_BYTES);
	compare(&bytes, &whole);
	compare(&pieces, &whole);
	if (multipart_begin(&multipart, type, &none, NULL, &err) == 0) {
		multipart.delimiter[multipart.delimiter_length] = '\0';
		compare_simple(&whole, multipart.delimiter, body, body_size);
	}
	free(whole.data);
	free(bytes.data);
	free(pieces.data);
	free(type);
	return 0;
}
