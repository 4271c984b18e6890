/*
 * json.h: strict JSON over json-c.
 *
 * json-c's parser is lenient where the protocol is not (NaN, single quotes, control
 * characters, overlong UTF-8, clamped integers), so text is read by a parser of our own.
 * Objects are json-c's, with its rules of ownership.
 */
#ifndef CORE_BASE_JSON_H
#define CORE_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define JSON_DEPTH_MAX 32
/* A value in memory takes up to some 300 bytes, however short its text is. */
#define JSON_VALUES_MAX 100000
#define JSON_VALUES_ANY INT64_MAX

/*
 * Parses one RFC 8259 value that fills the whole text (length bytes, no NUL needed).
 * Refused too: depth over JSON_DEPTH_MAX, a member that is there twice in one object, \u0000 in
 * member names, invalid UTF-8, lone surrogates, integers beyond int64_t (kept as doubles if they
 * have a fraction or an exponent). *ret_value is owned by the caller; JSON null is NULL. Returns
 * 0, or -1 with ERR_REQUEST and a message that says where: "byte 17: ..." (counted from 1); or
 * with ERR_TOO_LARGE where there are more than JSON_VALUES_MAX values.
 */
int json_parse(const char *text, size_t length, struct json_object **ret_value,
    struct err *err);

/*
 * The same with another bound: objects, arrays, texts, numbers, booleans and nulls count one each,
 * names nothing. No more than max_values are ever made, so that the memory that this takes is
 * bounded by some 300 bytes each and what the text itself has. For whatever comes from others,
 * such as the reply of a server, name a bound that an honest one never meets; JSON_VALUES_ANY is
 * for texts that this program has just made itself.
 */
int json_parse_within(const char *text, size_t length, int64_t max_values,
    struct json_object **ret_value, struct err *err);

/*
 * A double that prints as the shortest text that reads back as the same; NULL, which is JSON
 * null, if it is not finite.
 */
struct json_object *json_double(double value);

/*
 * Compact text, no escaped slashes; borrowed from the object, valid until it changes.
 * ret_length may be NULL.
 */
const char *json_text(struct json_object *value, size_t *ret_length);

/* New values, owned. Out of memory is fatal; bytes that are no UTF-8 are replaced. */
struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
struct json_object *json_new_string(const char *text);
struct json_object *json_new_int(int64_t value);
struct json_object *json_new_bool(bool value);
/* A double that is written as text, a number of JSON. */
struct json_object *json_new_double(const char *text);

/* Adds a member and takes value. Out of memory is fatal. value may be NULL: JSON null. */
void json_add(struct json_object *object, const char *name, struct json_object *value);
/* The same for a copied string (json_new_string); does nothing if text is NULL. */
void json_add_string(struct json_object *object, const char *name, const char *text);
void json_add_int(struct json_object *object, const char *name, int64_t value);
void json_add_bool(struct json_object *object, const char *name, bool value);
/* Appends to an array and takes value. Out of memory is fatal. */
void json_append(struct json_object *array, struct json_object *value);

/* The member, borrowed; NULL if it is absent or null, or object is NULL. */
struct json_object *json_member(struct json_object *object, const char *name);
/* The member's text, borrowed; NULL if it is absent, no string, or has a NUL in it. */
const char *json_member_string(struct json_object *object, const char *name);

/* The element at index, borrowed; NULL beyond the end, for null, and where array is none. */
struct json_object *json_element(struct json_object *array, size_t index);
/* Number of elements; 0 where array is none. */
size_t json_count(struct json_object *array);

/*
 * Reads a number that is whole and fits, however it is written: 3000, 3000.0 and 3e3 are the
 * same. Returns 0, or -1 if value is anything else.
 */
int json_whole(struct json_object *value, int64_t *ret_whole);
/* The text of a string, borrowed; NULL if value is not a string or has a NUL in it. */
const char *json_string(struct json_object *value);

#endif
