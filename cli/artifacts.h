/*
 * artifacts.h: files that an extension hands out.
 */
#ifndef CLI_ARTIFACTS_H
#define CLI_ARTIFACTS_H

#include "core/base/err.h"
#include "core/base/json.h"

#define ARTIFACT_NAME_BYTES 128

/*
 * Saves an artifact ({label, data}) in a directory, which is made if it is missing, under a
 * name made from its label: never outside, never over another file, never hidden. 0 and the
 * name, or -1 with err.
 */
int artifact_save(const char *directory, struct json_object *artifact,
    char ret_name[ARTIFACT_NAME_BYTES], struct err *err);

#endif
