# What the program `actionkit` has compiled in.
ACTIONS = \
	actions/actions.def \
	actions/example.c \
	actions/pause_process.c

# Pictures that become the icon of an action: actions/x.svg is the array x_icon.
ICONS = \
	actions/example.svg
nodist_actionkit_SOURCES = actions/example_icon.c

EXTRA_DIST += $(ICONS)
CLEANFILES += actions/example_icon.c actions/example_icon.c.new

# For the extensions of others, too.
icondir = $(datadir)/actionkit
dist_icon_SCRIPTS = actions/icon.sh

actions/example_icon.c: actions/example.svg actions/icon.sh
	$(AM_V_at)$(MKDIR_P) actions
	$(AM_V_GEN)$(SHELL) $(srcdir)/actions/icon.sh example_icon \
	    $(srcdir)/actions/example.svg >$@.new
	$(AM_V_at)mv $@.new $@
