dist_man_MANS += cli/actionkit.1

noinst_LTLIBRARIES += libcli.la
libcli_la_LIBTOOLFLAGS = $(CONVENIENCE)
libcli_la_SOURCES = \
	cli/actions.c \
	cli/agent.c cli/agent.h \
	cli/agent_call.c cli/agent_internal.h \
	cli/arguments.c cli/arguments.h \
	cli/artifacts.c cli/artifacts.h \
	cli/check.c \
	cli/check_discovery.c cli/check_discovery.h \
	cli/check_nginx.c cli/check_nginx.h \
	cli/completion.c \
	cli/describe.c \
	cli/describe_markdown.c cli/describe_markdown.h \
	cli/described.c cli/described.h \
	cli/discover.c \
	cli/http.c cli/http.h \
	cli/kept.c cli/kept.h \
	cli/list.c \
	cli/main.c \
	cli/metrics.c cli/metrics.h \
	cli/new.c \
	cli/nginx.c \
	cli/output.c cli/output.h \
	cli/prove.c cli/prove.h \
	cli/prove_ask.c cli/prove_ask.h \
	cli/prove_life.c \
	cli/prove_points.c \
	cli/prove_scenes.c \
	cli/prove_server.c cli/prove_server.h \
	cli/prove_tell.c cli/prove_tell.h \
	cli/prove_trace.c cli/prove_trace.h \
	cli/recover.c \
	cli/report.c cli/report.h \
	cli/run.c \
	cli/show.c \
	cli/sparkline.c cli/sparkline.h \
	cli/status.c \
	cli/stop.c \
	cli/stop_outcome.c cli/stop_outcome.h \
	cli/subcommand.h \
	cli/table.c \
	cli/value_source.c cli/value_source.h \
	cli/texts.c cli/texts.h \
	cli/values.c cli/values.h \
	cli/work.c

# What `new` writes, and what `nginx` fills in.
EMBEDDED = cli/new/action.c.in cli/new/gitignore.in cli/new/makefile.in cli/new/test.c.in \
	cli/new/test.sh.in \
	nginx/actionkit.conf.in nginx/actionkit-upstream.conf.in
EXTRA_DIST += cli/embed.sh cli/new/action.c.in cli/new/gitignore.in cli/new/makefile.in \
	cli/new/test.c.in cli/new/test.sh.in
CLEANFILES += cli/embedded.c cli/embedded.c.new
cli/embedded.c: $(EMBEDDED) cli/embed.sh Makefile
	$(AM_V_at)$(MKDIR_P) cli
	$(AM_V_GEN)(cd $(srcdir) && $(SHELL) cli/embed.sh '$(nginxdir)' $(EMBEDDED)) >$@.new
	$(AM_V_at)mv $@.new $@

# The names of system calls, for people.
nodist_libcli_la_SOURCES = cli/embedded.c cli/syscalls.c
EXTRA_DIST += cli/syscalls.sh
CLEANFILES += cli/syscalls.c cli/syscalls.c.new
cli/syscalls.c: cli/syscalls.sh
	$(AM_V_at)$(MKDIR_P) cli
	$(AM_V_GEN)$(SHELL) $(srcdir)/cli/syscalls.sh $(CC) >$@.new
	$(AM_V_at)mv $@.new $@

bin_PROGRAMS += actionkit
actionkit_SOURCES = cli/actionkit.c $(ACTIONS)
actionkit_LDADD = $(AK_LIBS)
actionkit_LDFLAGS = $(AM_LDFLAGS) $(AK_PROGRAM_LDFLAGS)
