dist_man_MANS += cli/actionkit.1

noinst_LTLIBRARIES += libcli.la
libcli_la_LIBTOOLFLAGS = $(CONVENIENCE)
libcli_la_SOURCES = \
	cli/actions.c \
	cli/arguments.c cli/arguments.h \
	cli/check.c \
	cli/describe.c \
	cli/list.c \
	cli/main.c \
	cli/outcome.c cli/outcome.h \
	cli/output.c cli/output.h \
	cli/recover.c \
	cli/rows.c cli/rows.h \
	cli/show.c \
	cli/status.c \
	cli/stop.c \
	cli/subcommand.h \
	cli/table.c

bin_PROGRAMS += actionkit
actionkit_SOURCES = cli/actionkit.c $(ACTIONS)
actionkit_LDADD = $(AK_LIBS)
