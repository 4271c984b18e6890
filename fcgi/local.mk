noinst_LTLIBRARIES += libfcgi_server.la
libfcgi_server_la_LIBTOOLFLAGS = $(CONVENIENCE)
libfcgi_server_la_SOURCES = \
	fcgi/body.c fcgi/body.h \
	fcgi/children.c fcgi/children.h \
	fcgi/coverage.h \
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

# A program of a coverage build carries the notes of all that is compiled for `actionkit`.
EXTRA_DIST += fcgi/notes.sh
if COVERAGE
libfcgi_server_la_SOURCES += fcgi/coverage.c
noinst_LTLIBRARIES += libnotes.la
libnotes_la_LIBTOOLFLAGS = $(CONVENIENCE)
libnotes_la_SOURCES = fcgi/notes.c
NOTES_LIBS = libnotes.la
NOTED_OBJECTS = $(libcore_la_OBJECTS) $(libfcgi_server_la_OBJECTS) \
	$(libcli_la_OBJECTS) $(actionkit_OBJECTS)
CLEANFILES += fcgi/notes.tar fcgi/notes.tar.new \
	*/*.gcda */*.gcno */*/*.gcda */*/*.gcno

$(libnotes_la_OBJECTS): fcgi/notes.tar
fcgi/notes.tar: $(NOTED_OBJECTS) fcgi/notes.sh
	$(AM_V_GEN)$(SHELL) $(srcdir)/fcgi/notes.sh $(NOTED_OBJECTS) >$@.new
	$(AM_V_at)mv $@.new $@
endif
