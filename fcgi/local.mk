noinst_LTLIBRARIES += libfcgi_server.la
libfcgi_server_la_LIBTOOLFLAGS = $(CONVENIENCE)
libfcgi_server_la_SOURCES = \
	fcgi/body.c fcgi/body.h \
	fcgi/children.c fcgi/children.h \
	fcgi/dispatch.c fcgi/dispatch.h \
	fcgi/health.c fcgi/health.h \
	fcgi/index.c fcgi/index.h \
	fcgi/mime.c fcgi/mime.h \
	fcgi/multipart.c fcgi/multipart.h \
	fcgi/multipart_header.c fcgi/multipart_internal.h \
	fcgi/notify.c fcgi/notify.h \
	fcgi/reexec.c fcgi/reexec.h \
	fcgi/reply.c fcgi/reply.h \
	fcgi/request.c fcgi/request.h \
	fcgi/responder.c fcgi/responder.h \
	fcgi/route.c fcgi/route.h \
	fcgi/serve.c fcgi/serve.h \
	fcgi/shutdown.c \
	fcgi/socket.c fcgi/socket.h \
	fcgi/spawn.c \
	fcgi/supervisor.c fcgi/supervisor.h \
	fcgi/upload.c fcgi/upload.h \
	fcgi/verbs.c fcgi/verbs.h \
	fcgi/watchdog.c
