/*
 * base_path.h: what nginx serves an extension below: empty, or "/chaos".
 */
#ifndef FCGI_HTTP_BASE_PATH_H
#define FCGI_HTTP_BASE_PATH_H

#define BASE_PATH_BYTES 256

/*
 * What is wrong with a base path (an option's, or sent by nginx), in words; NULL: nothing. One
 * without fault has less than BASE_PATH_BYTES.
 */
const char *base_path_fault(const char *path);

#endif
