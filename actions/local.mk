# What the program `actionkit` has compiled in.
ACTIONS = \
	actions/actions.def \
	actions/clocks.c actions/clocks.h \
	actions/cpu_speed.c \
	actions/directory.c actions/directory.h \
	actions/example.c \
	actions/fill_disk.c \
	actions/fill_memory.c \
	actions/host.c \
	actions/http_bandwidth.c \
	actions/http_check.c \
	actions/http_client.c actions/http_client.h \
	actions/machine.c actions/machine.h \
	actions/network.c actions/network.h \
	actions/network_bandwidth.c \
	actions/network_blackhole.c \
	actions/network_block_dns.c \
	actions/network_corruption.c \
	actions/network_delay.c \
	actions/network_filter.c actions/network_filter.h \
	actions/network_interfaces.c actions/network_interfaces.h \
	actions/network_loss.c \
	actions/network_rules.c actions/network_rules.h \
	actions/network_shape.c actions/network_shape.h \
	actions/nft.c actions/nft.h \
	actions/oom.c actions/oom.h \
	actions/pause_process.c \
	actions/processes.c actions/processes.h \
	actions/run_script.c \
	actions/shutdown.c \
	actions/status_codes.c actions/status_codes.h \
	actions/stop_process.c \
	actions/stress_cpu.c \
	actions/stress_io.c \
	actions/stress_memory.c \
	actions/stress_ng.c actions/stress_ng.h \
	actions/tcp_reset.c \
	actions/text.c actions/text.h \
	actions/this_boot.c actions/this_boot.h \
	actions/this_host.c actions/this_host.h \
	actions/time_travel.c

# Pictures that become icons: actions/x.svg is the array x_icon.
ICONS = \
	actions/example.svg \
	actions/host.svg
nodist_actionkit_SOURCES = $(ICONS:.svg=_icon.c)

EXTRA_DIST += $(ICONS)
CLEANFILES += $(ICONS:.svg=_icon.c) $(ICONS:.svg=_icon.c.new)

# For the extensions of others, too.
icondir = $(datadir)/actionkit
dist_icon_SCRIPTS = actions/icon.sh
# What there is to copy from, with its picture and its tests.
icon_DATA = actions/example.c actions/example.svg tests/unit/test_example.c

$(ICONS:.svg=_icon.c): actions/icon.sh
	$(AM_V_at)$(MKDIR_P) actions
	$(AM_V_GEN)name=$$(basename $@ .c) && $(SHELL) $(srcdir)/actions/icon.sh "$$name" \
	    "$(srcdir)/actions/$${name%_icon}.svg" >$@.new
	$(AM_V_at)mv $@.new $@
actions/example_icon.c: actions/example.svg
actions/host_icon.c: actions/host.svg
