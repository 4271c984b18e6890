noinst_LTLIBRARIES += libfcgi_server.la
libfcgi_server_la_LIBTOOLFLAGS = $(CONVENIENCE)
libfcgi_server_la_SOURCES = \
	fcgi/server/children.c fcgi/server/children.h \
	fcgi/server/notify.c fcgi/server/notify.h \
	fcgi/server/reexec.c fcgi/server/reexec.h \
	fcgi/server/serve.c fcgi/server/serve.h \
	fcgi/server/shutdown.c fcgi/server/shutdown.h \
	fcgi/server/socket.c fcgi/server/socket.h \
	fcgi/server/spawn.c \
	fcgi/server/state_dir.c fcgi/server/state_dir.h \
	fcgi/server/state_dir_internal.h \
	fcgi/server/state_dir_test.c \
	fcgi/server/supervisor.c fcgi/server/supervisor.h \
	fcgi/server/watchdog.c \
	fcgi/http/base_path.c fcgi/http/base_path.h \
	fcgi/http/body.c fcgi/http/body.h \
	fcgi/http/connection.c fcgi/http/connection.h \
	fcgi/http/coverage.h \
	fcgi/http/dispatch.c fcgi/http/dispatch.h \
	fcgi/http/discovery.c fcgi/http/discovery.h \
	fcgi/http/etag.c fcgi/http/etag.h \
	fcgi/http/front.c fcgi/http/front.h \
	fcgi/http/health.c fcgi/http/health.h \
	fcgi/http/http_err.h \
	fcgi/http/index.c fcgi/http/index.h \
	fcgi/http/metrics.c fcgi/http/metrics.h \
	fcgi/http/mime.c fcgi/http/mime.h \
	fcgi/http/multipart.c fcgi/http/multipart.h \
	fcgi/http/multipart_header.c fcgi/http/multipart_header.h \
	fcgi/http/origin.c fcgi/http/origin.h \
	fcgi/http/records.c fcgi/http/records.h \
	fcgi/http/page.c fcgi/http/page.h \
	fcgi/http/page_check.c \
	fcgi/http/percent.c fcgi/http/percent.h \
	fcgi/http/query_string.c fcgi/http/query_string.h \
	fcgi/http/reply.c fcgi/http/reply.h \
	fcgi/http/request.c fcgi/http/request.h \
	fcgi/http/responder.c fcgi/http/responder.h \
	fcgi/http/route.c fcgi/http/route.h \
	fcgi/http/site.h \
	fcgi/http/server_options.c fcgi/http/server_options.h \
	fcgi/http/upload.c fcgi/http/upload.h \
	fcgi/http/verbs.c fcgi/http/verbs.h

# A program of a coverage build carries the notes of all that is compiled for `actionkit`.
EXTRA_DIST += fcgi/http/notes.sh
if COVERAGE
libfcgi_server_la_SOURCES += fcgi/http/coverage.c
noinst_LTLIBRARIES += libnotes.la
libnotes_la_LIBTOOLFLAGS = $(CONVENIENCE)
libnotes_la_SOURCES = fcgi/http/notes.c
NOTES_LIBS = libnotes.la
NOTED_OBJECTS = $(libcore_la_OBJECTS) $(libfcgi_server_la_OBJECTS) \
	$(libcli_la_OBJECTS) $(actionkit_OBJECTS)
CLEANFILES += fcgi/http/notes.tar fcgi/http/notes.tar.new \
	*/*.gcda */*.gcno */*/*.gcda */*/*.gcno

$(libnotes_la_OBJECTS): fcgi/http/notes.tar
fcgi/http/notes.tar: $(NOTED_OBJECTS) fcgi/http/notes.sh
	$(AM_V_GEN)$(SHELL) $(srcdir)/fcgi/http/notes.sh $(NOTED_OBJECTS) >$@.new
	$(AM_V_at)mv $@.new $@
endif
