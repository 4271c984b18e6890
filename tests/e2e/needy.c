/*
 * needy.c: org.actionkit.test.needy, which needs what is not there, org.actionkit.test.guarded,
 * which must be asked for, and both keep a secret.
 */
#include <stdio.h>

#include "tests/e2e/extension.h"

#define SECRET_BYTES 64

struct secrets {
	char word[SECRET_BYTES];
};

struct keeper_state {
	char known[SECRET_BYTES];
	struct secrets secrets;
};

static const struct ak_field secrets_fields[] = {
	AK_TEXT(struct secrets, word),
	AK_FIELDS_END
};

static const struct ak_field keeper_fields[] = {
	AK_TEXT(struct keeper_state, known),
	AK_LOCAL(struct keeper_state, secrets, secrets_fields),
	AK_FIELDS_END
};

static const struct ak_parameter keeper_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "60s" },
	{ .name = "word", .label = "Word", .type = AK_STRING, .default_value = "-",
	  .max_length = SECRET_BYTES - 1 },
	AK_PARAMETERS_END
};

static const struct ak_need needs[] = {
	{ .kind = AK_NEED_PROGRAM, .name = "sh" },
	{ .kind = AK_NEED_PROGRAM, .name = "no-such-program", .package = "nowhere",
	  .what_for = "what it does" },
	{ .kind = AK_NEED_PATH, .name = "/proc/self" },
	{ .kind = AK_NEED_PATH, .name = "/proc/no-such-path" },
	{ .kind = AK_NEED_LINUX, .name = "3.10" },
	{ .kind = AK_NEED_LINUX, .name = "99.0" },
	{ .kind = AK_NEED_CAPABILITY, .name = "CAP_SYS_NICE" },
	{ .kind = AK_NEED_PROGRAM, .name = "no-such-helper", .optional = true },
	AK_NEEDS_END
};

static const struct ak_need small_needs[] = {
	{ .kind = AK_NEED_PROGRAM, .name = "sh" },
	{ .kind = AK_NEED_PROGRAM, .name = "no-such-helper", .optional = true },
	AK_NEEDS_END
};

static int
keep(struct ak_call *call, void *state)
{
	struct keeper_state *s = state;

	snprintf(s->known, sizeof(s->known), "%s", "known");
	snprintf(s->secrets.word, sizeof(s->secrets.word), "%s",
	    ak_config_string(call, "word"));
	return 0;
}

static int
tell(struct ak_call *call, void *state)
{
	const struct keeper_state *s = state;

	ak_message(call, AK_INFO, "%s and %s", s->known, s->secrets.word);
	return 0;
}

const struct ak_action action_needy = {
	.id = "org.actionkit.test.needy",
	.label = "Needy",
	.version = "1.0.0",
	.description = "Needs what is not there.",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.parameters = keeper_parameters,
	.state = AK_STATE(struct keeper_state, keeper_fields),
	.needs = needs,
	.prepare = keep,
	.start = tell,
	.stop = tell,
};

const struct ak_action action_guarded = {
	.id = "org.actionkit.test.guarded",
	.label = "Guarded",
	.version = "1.0.0",
	.description = "Must be asked for.",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.flags = AK_GUARDED,
	.parameters = keeper_parameters,
	.state = AK_STATE(struct keeper_state, keeper_fields),
	.needs = small_needs,
	.prepare = keep,
	.start = tell,
	.status = tell,
	.stop = tell,
};
