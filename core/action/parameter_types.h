/*
 * parameter_types.h: the types of parameters, a row for each.
 *
 * A new type is one more enum ak_type in actionkit.h and one more row in parameter_types.c: the
 * config, its getters, the description, the checks of tables and the command line go by the row.
 */
#ifndef CORE_ACTION_PARAMETER_TYPES_H
#define CORE_ACTION_PARAMETER_TYPES_H

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/*
 * What a value is: how people write it, and its one form in JSON, which parameters_check() makes
 * and the getters read.
 */
enum parameter_form {
	FORM_NONE,		/* never sent */
	FORM_TEXT,		/* string */
	FORM_WHOLE,		/* "7": int */
	FORM_PERCENT,		/* "50%": int */
	FORM_DURATION,		/* "1m30s": int, milliseconds */
	FORM_BOOLEAN,		/* "true": boolean */
	FORM_LIST,		/* array of strings */
	FORM_PAIRS,		/* array of {"key": string, "value": string} */
	/*
	 * What stands for a file: string (a URL or base64), or {"name": string} of an upload
	 * (prepare_files.h).
	 */
	FORM_FILE,
	FORM_COUNT
};

/* The members of struct ak_parameter that not every type has, as bits. */
enum parameter_member {
	HAS_LIMITS = 1 << 0,		/* min, max */
	HAS_OPTIONS = 1 << 1,		/* options, options_open, option_attributes */
	HAS_LENGTH = 1 << 2,		/* max_length */
	HAS_ITEMS = 1 << 3,		/* max_items */
	HAS_UNITS = 1 << 4,		/* duration_units */
	HAS_FILE_TYPES = 1 << 5		/* accepted_file_types */
};

/* The getters ak_config_x(), as bits; what they share is one bit. */
enum parameter_getter {
	READ_STRING = 1 << 0,
	READ_INTEGER = 1 << 1,
	READ_BOOLEAN = 1 << 2,
	READ_DURATION = 1 << 3,
	READ_ITEM = 1 << 4,
	READ_KEY = 1 << 5,
	READ_BITRATE = 1 << 6,
	READ_MATCH = 1 << 7,
	READ_FILE = 1 << 8
};

struct parameter_type {
	const char *name;		/* of the protocol: "string_array" */
	const char *alias;		/* what other extensions may call it, or NULL */
	enum parameter_form form;
	unsigned int members;		/* enum parameter_member, combined with | */
	unsigned int getters;		/* enum parameter_getter, combined with | */
	/*
	 * What an agent would send for the text of a default, owned; NULL where the text is
	 * nothing of the kind: check() has the words for that. NULL: no default is allowed.
	 */
	struct json_object *(*read_default)(const char *text);
	/*
	 * The one form of a value as agents send it (NULL is JSON's null); owned. Returns NULL
	 * and err (ERR_CONFIG) with the rule that it breaks: "must be at least 2". NULL where
	 * form is FORM_NONE.
	 */
	struct json_object *(*check)(const struct ak_parameter *parameter,
	    struct json_object *value, struct err *err);
};

/* The row of a type, or NULL if there is no such type. */
const struct parameter_type *parameter_type(enum ak_type type);

/*
 * The row that has this name or alias, or NULL: descriptions of other extensions may have types
 * of a later protocol.
 */
const struct parameter_type *parameter_type_named(const char *name);

#endif
