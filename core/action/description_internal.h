/*
 * description_internal.h: the parts that description.c puts together. Each makes the JSON of a
 * table, owned by the caller.
 */
#ifndef CORE_ACTION_DESCRIPTION_INTERNAL_H
#define CORE_ACTION_DESCRIPTION_INTERNAL_H

#include "core/actionkit.h"
#include "core/base/json.h"

/* {method, path}, with base_path before the path. */
struct json_object *description_reference(const char *method, const char *base_path,
    const char *path);

/* The array of a table of parameters; an empty one for NULL. */
struct json_object *description_parameters(const struct ak_parameter *parameter);

struct json_object *description_target_selection(
    const struct ak_target_selection *selection);
struct json_object *description_target_templates(
    const struct ak_target_template *template_);
struct json_object *description_widgets(const struct ak_widget *widget);

/* Adds "hint" to the object, if there is one. */
void description_hint(struct json_object *object, const struct ak_hint *hint);

#endif
