/*
 * percent.h: bytes that are written with a percent sign (RFC 3986, section 2.1).
 */
#ifndef FCGI_HTTP_PERCENT_H
#define FCGI_HTTP_PERCENT_H

/* The byte that "%41" at the beginning of a text stands for; -1 without two digits. */
int percent_byte(const char *text);

#endif
