dist_man_MANS += cli/actionkit.1

noinst_LTLIBRARIES += libcli.la
libcli_la_LIBTOOLFLAGS = $(CONVENIENCE)
libcli_la_SOURCES = \
	cli/main.c \
	cli/subcommand.h

bin_PROGRAMS += actionkit
actionkit_SOURCES = cli/actionkit.c $(ACTIONS)
actionkit_LDADD = $(AK_LIBS)
