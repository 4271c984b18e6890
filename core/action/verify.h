/*
 * verify.h: everything that can be wrong with a table of an action or a discovery.
 */
#ifndef CORE_ACTION_VERIFY_H
#define CORE_ACTION_VERIFY_H

#include <stddef.h>

/*
 * Checks all registered actions and discoveries (protocol: "Registration refuses"; lengths,
 * patterns and enums of the OpenAPI schemas) and calls report for every mistake, with a sentence
 * that names what it is of and the member: "org.example.x: parameter \"pid\": label is missing".
 * Returns the number of mistakes.
 */
size_t verify_registry(void (*report)(void *context, const char *mistake), void *context);

#endif
