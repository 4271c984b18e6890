/*
 * verify_parts.h: the parts of an action that verify.c leaves to a file each. A part is NULL, or
 * empty, where the action has none. And what discoveries share with actions.
 */
#ifndef CORE_ACTION_VERIFY_PARTS_H
#define CORE_ACTION_VERIFY_PARTS_H

#include "core/action/verify_mistakes.h"
#include "core/actionkit.h"

void verify_target_selection(struct verify *verify,
    const struct ak_target_selection *selection);
void verify_target_templates(struct verify *verify, const struct ak_target_template *table);
void verify_widgets(struct verify *verify, const struct ak_widget *table);
void verify_state(struct verify *verify, const struct ak_state *state);

/* no_files says why no parameter may be of type file, or is NULL. */
void verify_parameters(struct verify *verify, const struct ak_parameter *table,
    const char *no_files);

/* All registered discoveries (verify_discovery.c). */
void verify_discoveries(struct verify *verify);

/* An id that paths are made of. */
void verify_id(struct verify *verify, const char *id);
/* A data URI, or NULL. */
void verify_icon(struct verify *verify, const char *icon);
/* That a path is neither one of the server's own nor an action's. */
void verify_path_is_free(struct verify *verify, const char *path);

#endif
