/*
 * discovered.c: keeps what a discovery finds within its limits, and brings it into order.
 *
 * The values of a target are put in order whenever they have doubled, so that many values that
 * are the same, or too many, cost no memory.
 */
#include "config.h"

#include "core/action/discovered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/actionkit.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

#define SETTLE_MIN 64	/* pairs of a target that are not worth a look yet */

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_BUSY, "there is no memory for what was discovered");
}

/* 0, or -1 with err that says what is wrong with the text. */
static int
check_text(const char *what, const char *text, struct err *err)
{
	size_t length;

	if (text == NULL || *text == '\0')
		return err_set(err, ERR_HANDLER, "%s is empty", what);
	length = strnlen(text, AK_DISCOVERED_TEXT_MAX + 1);
	if (length > AK_DISCOVERED_TEXT_MAX)
		return err_set(err, ERR_HANDLER, "%s has more than %d bytes: %.64s...", what,
		    AK_DISCOVERED_TEXT_MAX, text);
	if (!utf8_valid(text, length))
		return err_set(err, ERR_HANDLER, "%s is not UTF-8: %s", what, text);
	return 0;
}

/* Makes room for one more element of size bytes. 0, or -1. */
static int
grow(void **elements, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room == 0 ? SETTLE_MIN / 4 : *room * 2;
	void *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*elements, wanted, size);
	if (grown == NULL)
		return -1;
	*elements = grown;
	*room = wanted;
	return 0;
}

static size_t
pair_bytes(const struct discovered_pair *pair)
{
	return strlen(pair->key) + strlen(pair->value);
}

static int
compare_pairs(const void *left, const void *right)
{
	const struct discovered_pair *a = left, *b = right;
	int keys = strcmp(a->key, b->key);

	return keys != 0 ? keys : strcmp(a->value, b->value);
}

/*
 * Puts the pairs of a target in order and drops what is double or over the limit of a key.
 * Returns the number of keys.
 */
static size_t
settle(struct discovered *discovered, struct discovered_target *target)
{
	struct discovered_pair *pairs = target->pairs, *last;
	size_t i, kept = 0, keys = 0, values = 0;
	bool new_key, over;

	if (target->count > 0)
		qsort(pairs, target->count, sizeof(*pairs), compare_pairs);
	for (i = 0; i < target->count; i++) {
		last = kept == 0 ? NULL : &pairs[kept - 1];
		new_key = last == NULL || strcmp(last->key, pairs[i].key) != 0;
		over = !new_key && values == AK_DISCOVERED_VALUES_MAX;
		if (over || (!new_key && strcmp(last->value, pairs[i].value) == 0)) {
			discovered->cut = discovered->cut ||
			    (over && strcmp(last->value, pairs[i].value) != 0);
			discovered->bytes -= pair_bytes(&pairs[i]);
			free(pairs[i].key);
			continue;
		}
		keys += new_key;
		values = new_key ? 1 : values + 1;
		pairs[kept++] = pairs[i];
	}
	target->count = kept;
	return keys;
}

/* 0, or -1 with err if it is over a limit when all that is double is dropped. */
static int
check_limits(struct discovered *discovered, struct discovered_target *target,
    struct err *err)
{
	if (settle(discovered, target) > AK_DISCOVERED_KEYS_MAX)
		return err_set(err, ERR_HANDLER, "target %s has more than %d attributes",
		    target->id, AK_DISCOVERED_KEYS_MAX);
	if (discovered->bytes > AK_DISCOVERED_BYTES_MAX)
		return err_set(err, ERR_HANDLER, "what was discovered has more than %d bytes",
		    AK_DISCOVERED_BYTES_MAX);
	return 0;
}

int
discovered_target(struct discovered *discovered, const char *id, const char *label,
    struct err *err)
{
	struct discovered_target target = { .count = 0 };
	size_t bytes;

	if (check_text("the id of a target", id, err) == -1 ||
	    check_text("the label of a target", label, err) == -1)
		return -1;
	if (discovered->count > 0 && check_limits(discovered,
	    &discovered->targets[discovered->count - 1], err) == -1)
		return -1;
	if (discovered->count == AK_DISCOVERED_TARGETS_MAX)
		return err_set(err, ERR_HANDLER, "more than %d targets were discovered",
		    AK_DISCOVERED_TARGETS_MAX);
	bytes = strlen(id) + strlen(label);
	target.id = strdup(id);
	target.label = strdup(label);
	if (target.id == NULL || target.label == NULL ||
	    grow((void **)&discovered->targets, discovered->count, &discovered->room,
	    sizeof(target)) == -1) {
		free(target.id);
		free(target.label);
		return no_memory(err);
	}
	discovered->targets[discovered->count++] = target;
	discovered->bytes += bytes;
	return 0;
}

static int
add_pair(struct discovered *discovered, struct discovered_target *target, const char *key,
    const char *value, struct err *err)
{
	size_t key_bytes = strlen(key) + 1, value_bytes = strlen(value) + 1;
	struct discovered_pair pair;

	/* Before the room doubles is the time to look whether it has to. */
	if ((target->count == target->room && target->count >= SETTLE_MIN) ||
	    discovered->bytes + key_bytes + value_bytes > AK_DISCOVERED_BYTES_MAX)
		if (check_limits(discovered, target, err) == -1)
			return -1;
	pair.key = malloc(key_bytes + value_bytes);
	if (pair.key == NULL || grow((void **)&target->pairs, target->count, &target->room,
	    sizeof(pair)) == -1) {
		free(pair.key);
		return no_memory(err);
	}
	memcpy(pair.key, key, key_bytes);
	pair.value = memcpy(pair.key + key_bytes, value, value_bytes);
	target->pairs[target->count++] = pair;
	discovered->bytes += key_bytes + value_bytes - 2;
	return 0;
}

int
discovered_pair(struct discovered *discovered, const char *key, const char *value,
    struct err *err)
{
	if (discovered->count == 0)
		return err_set(err, ERR_HANDLER, "an attribute is told before a target");
	if (check_text("the name of an attribute", key, err) == -1)
		return -1;
	if (check_text(key, value, err) == -1)
		return err_wrap(err, "attribute");
	return add_pair(discovered, &discovered->targets[discovered->count - 1], key, value,
	    err);
}

int
discovered_pair_of_all(struct discovered *discovered, const char *key, const char *value,
    struct err *err)
{
	size_t i;

	for (i = 0; i < discovered->count; i++)
		if (add_pair(discovered, &discovered->targets[i], key, value, err) == -1)
			return -1;
	return 0;
}

static int
compare_targets(const void *left, const void *right)
{
	const struct discovered_target *a = left, *b = right;

	return strcmp(a->id, b->id);
}

int
discovered_sort(struct discovered *discovered, struct err *err)
{
	size_t i;

	if (discovered->count > 0)
		qsort(discovered->targets, discovered->count, sizeof(*discovered->targets),
		    compare_targets);
	for (i = 0; i < discovered->count; i++) {
		if (i > 0 && compare_targets(&discovered->targets[i - 1],
		    &discovered->targets[i]) == 0)
			return err_set(err, ERR_HANDLER, "two targets have the id %s",
			    discovered->targets[i].id);
		if (check_limits(discovered, &discovered->targets[i], err) == -1)
			return -1;
	}
	return 0;
}

/*
 * The text is made here, not of json-c's objects: of these there would be a quarter of a million,
 * which takes longer than all the rest.
 */
struct text {
	char *bytes;
	size_t length, room;
};

static void
put_bytes(struct text *text, const char *bytes, size_t length)
{
	/* With the NUL at the end. */
	if (text->room - text->length <= length) {
		text->room = 2 * (text->room + length) + 1;
		text->bytes = realloc(text->bytes, text->room);
		if (text->bytes == NULL)
			log_out_of_memory();
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

static void
put(struct text *text, const char *bytes)
{
	put_bytes(text, bytes, strlen(bytes));
}

/* A string of JSON; what it is made of is UTF-8. */
static void
put_string(struct text *text, const char *string)
{
	char escape[8];
	size_t plain;

	put(text, "\"");
	for (;; string += plain + 1) {
		for (plain = 0; (unsigned char)string[plain] >= ' ' && string[plain] != '"' &&
		    string[plain] != '\\'; plain++)
			;
		put_bytes(text, string, plain);
		if (string[plain] == '\0')
			break;
		snprintf(escape, sizeof(escape), (unsigned char)string[plain] < ' ' ?
		    "\\u%04x" : "\\%c", (unsigned char)string[plain]);
		put(text, escape);
	}
	put(text, "\"");
}

static void
put_attributes(struct text *text, const struct discovered_target *target)
{
	const struct discovered_pair *pair;
	size_t i;

	put(text, "{");
	for (i = 0; i < target->count; i++) {
		pair = &target->pairs[i];
		if (i == 0 || strcmp(pair[-1].key, pair->key) != 0) {
			put(text, i == 0 ? "" : "],");
			put_string(text, pair->key);
			put(text, ":[");
		} else {
			put(text, ",");
		}
		put_string(text, pair->value);
	}
	put(text, target->count == 0 ? "}" : "]}");
}

char *
discovered_text(const struct discovered *discovered, const char *type, size_t *ret_length)
{
	const struct discovered_target *target;
	struct text text = { .room = 0 };
	size_t i;

	put(&text, "{\"targets\":[");
	for (i = 0; i < discovered->count; i++) {
		target = &discovered->targets[i];
		put(&text, i == 0 ? "{\"id\":" : ",{\"id\":");
		put_string(&text, target->id);
		put(&text, ",\"label\":");
		put_string(&text, target->label);
		put(&text, ",\"targetType\":");
		put_string(&text, type);
		put(&text, ",\"attributes\":");
		put_attributes(&text, target);
		put(&text, "}");
	}
	put(&text, "]}");
	*ret_length = text.length;
	return text.bytes;
}

void
discovered_done(struct discovered *discovered)
{
	struct discovered_target *target;
	size_t i, pair;

	for (i = 0; i < discovered->count; i++) {
		target = &discovered->targets[i];
		for (pair = 0; pair < target->count; pair++)
			free(target->pairs[pair].key);
		free(target->pairs);
		free(target->id);
		free(target->label);
	}
	free(discovered->targets);
	*discovered = (struct discovered){ .count = 0 };
}
