/*
 * uuid_text.h: UUIDs as text, in lower case: ids of executions and of requests.
 */
#ifndef CORE_BASE_UUID_TEXT_H
#define CORE_BASE_UUID_TEXT_H

#define UUID_TEXT_BYTES 37	/* with the NUL */

/*
 * Reads a UUID in any case. Returns 0 and ret_text in lower case; 1 for the nil UUID, which
 * names nothing; or -1 if it is none.
 */
int uuid_text_parse(const char *text, char ret_text[UUID_TEXT_BYTES]);

/* A new random one. */
void uuid_text_random(char ret_text[UUID_TEXT_BYTES]);

#endif
