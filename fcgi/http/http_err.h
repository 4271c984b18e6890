/*
 * http_err.h: what can be wrong with a request before it means anything to core: codes for
 * struct err, behind those of err.h.
 */
#ifndef FCGI_HTTP_HTTP_ERR_H
#define FCGI_HTTP_HTTP_ERR_H

#include "core/base/err.h"

enum http_err_code {
	HTTP_ERR_METHOD = ERR_LAST,	/* path exists, method does not */
	HTTP_ERR_LENGTH,		/* length of the body is not known */
	HTTP_ERR_MEDIA_TYPE,		/* content type is not understood */
	HTTP_ERR_ORIGIN			/* a web page sent it that is not allowed to */
};

#endif
