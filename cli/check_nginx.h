/*
 * check_nginx.h: what nginx's configuration says of the socket of an installation.
 */
#ifndef CLI_CHECK_NGINX_H
#define CLI_CHECK_NGINX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads the configuration and what it includes, as far as they can be read. Returns whether it
 * passes anything on to this socket; then *ret_read_ms is the least fastcgi_read_timeout there.
 */
bool check_nginx(const char *file, const char *socket, int64_t *ret_read_ms);

#endif
