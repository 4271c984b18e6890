/*
 * verify_targets.c: checks how the targets of an action are chosen.
 */
#include "config.h"

#include <inttypes.h>
#include <stdint.h>

#include "core/action/verify_mistakes.h"
#include "core/action/verify_parts.h"

/* Limits of the schema; text is counted in characters. */
#define QUERY_CHARACTERS_MAX 1024
#define TEMPLATE_LABEL_CHARACTERS_MAX 128
#define TEMPLATE_DESCRIPTION_CHARACTERS_MAX 1024

#define PERCENT_MAX 100

static bool
is_end(const struct ak_target_template *template_)
{
	return template_->label == NULL && template_->description == NULL &&
	    template_->query == NULL;
}

void
verify_target_templates(struct verify *verify, const struct ak_target_template *table)
{
	const struct ak_target_template *template_;
	size_t outer;

	if (table == NULL)
		return;
	if (is_end(table))
		verify_mistake(verify, "templates are empty");
	for (template_ = table; !is_end(template_); template_++) {
		if (!VERIFY_IS_ROW(verify, template_ - table, "a template",
		    "AK_TARGET_TEMPLATES_END", template_->label, template_->description,
		    template_->query))
			return;
		outer = verify_enter(verify, "template %zu",
		    (size_t)(template_ - table) + 1);
		verify_text(verify, "label", template_->label, true,
		    TEMPLATE_LABEL_CHARACTERS_MAX);
		verify_text(verify, "description", template_->description, false,
		    TEMPLATE_DESCRIPTION_CHARACTERS_MAX);
		verify_text(verify, "query", template_->query, true,
		    QUERY_CHARACTERS_MAX);
		verify_leave(verify, outer);
	}
}

static void
check_blast_radius(struct verify *verify, const struct ak_blast_radius *radius)
{
	size_t outer = verify_enter(verify, "default_blast_radius");

	if (radius->mode == 0 && radius->value != 0)
		verify_mistake(verify, "mode is missing");
	verify_enum(verify, "mode", (int)radius->mode, AK_BLAST_MAXIMUM);
	if (radius->value < 0)
		verify_mistake(verify, "value %" PRId64 " is negative", radius->value);
	else if (radius->mode == AK_BLAST_PERCENTAGE && radius->value > PERCENT_MAX)
		verify_mistake(verify, "value %" PRId64 " is more than %d percent",
		    radius->value, PERCENT_MAX);
	verify_leave(verify, outer);
}

void
verify_target_selection(struct verify *verify, const struct ak_target_selection *selection)
{
	size_t outer;

	if (selection == NULL)
		return;
	outer = verify_enter(verify, "target_selection");
	verify_text(verify, "target_type", selection->target_type, true, SIZE_MAX);
	verify_text(verify, "target_query", selection->target_query, false,
	    QUERY_CHARACTERS_MAX);
	verify_target_templates(verify, selection->templates);
	verify_enum(verify, "quantity", (int)selection->quantity, AK_ALL_TARGETS);
	check_blast_radius(verify, &selection->default_blast_radius);
	verify_enum(verify, "missing_query", (int)selection->missing_query,
	    AK_INCLUDE_NONE);
	verify_leave(verify, outer);
}
