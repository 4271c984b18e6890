include_HEADERS += core/actionkit.h
dist_man_MANS += core/actionkit.3
pkgconfig_DATA = core/actionkit.pc

noinst_LTLIBRARIES += libcore.la
libcore_la_LIBTOOLFLAGS = $(CONVENIENCE)
nodist_libcore_la_SOURCES = migrations/migrations.c
libcore_la_SOURCES = \
	core/view/list.c core/view/list.h \
	core/view/processes.c core/view/processes.h \
	core/view/rows.c core/view/rows.h \
	core/view/show.c core/view/show.h \
	core/view/space_used.c core/view/space_used.h \
	core/keeper/body.c core/keeper/body.h \
	core/keeper/descendants.c core/keeper/descendants.h \
	core/keeper/keeper.c core/keeper/keeper.h \
	core/keeper/memory_kills.c core/keeper/memory_kills.h \
	core/reaper/blocked.c core/reaper/blocked.h \
	core/reaper/due.c core/reaper/due.h \
	core/reaper/file_sweep.c core/reaper/file_sweep.h \
	core/reaper/housekeeping.c core/reaper/housekeeping.h \
	core/reaper/leftovers.c core/reaper/leftovers.h \
	core/reaper/reaper.c core/reaper/reaper.h \
	core/reaper/recovery.c core/reaper/recovery.h \
	core/reaper/stopper.c core/reaper/stopper.h \
	core/reaper/takeover.c core/reaper/takeover.h \
	core/reaper/worker_sweep.c core/reaper/worker_sweep.h \
	core/calls/abandon.c core/calls/abandon.h \
	core/calls/attempt.c core/calls/attempt.h \
	core/calls/calls.c core/calls/calls.h \
	core/calls/calls_internal.h \
	core/calls/deliver.c core/calls/deliver.h \
	core/calls/directory.c core/calls/directory.h \
	core/calls/download.c core/calls/download.h \
	core/calls/incoming.c core/calls/incoming.h \
	core/calls/prepare.c \
	core/calls/prepare_files.c core/calls/prepare_files.h \
	core/calls/query.c \
	core/calls/session.c core/calls/session.h \
	core/calls/start.c \
	core/calls/status.c \
	core/calls/stop.c \
	core/calls/stop_request.c core/calls/stop_request.h \
	core/calls/visit.c core/calls/visit.h \
	core/worker/death.c core/worker/death.h \
	core/worker/halt.c core/worker/halt.h \
	core/worker/spawn.c core/worker/spawn.h \
	core/store/ballast.c core/store/ballast.h \
	core/store/claim.c core/store/claim.h \
	core/store/database_files.c core/store/database_files.h \
	core/store/execution.c core/store/execution.h \
	core/store/execution_id.c core/store/execution_id.h \
	core/store/files.c core/store/files.h \
	core/store/fitness.c core/store/fitness.h \
	core/store/gate.c core/store/gate.h \
	core/store/lifecycle.c core/store/lifecycle.h \
	core/store/lock.c core/store/lock.h \
	core/store/loss.c core/store/loss.h \
	core/store/migrate.c \
	core/store/migrations.h \
	core/store/outbox.c core/store/outbox.h \
	core/store/ready.c \
	core/store/rebase.c \
	core/store/rehearse.c \
	core/store/rescue.c core/store/rescue.h \
	core/store/space.c core/store/space.h \
	core/store/stop_mark.c core/store/stop_mark.h \
	core/store/store.c core/store/store.h \
	core/store/store_internal.h \
	core/store/worker.c core/store/worker.h \
	core/config/counters.c core/config/counters.h \
	core/config/discovery_options.c core/config/discovery_options.h \
	core/config/option_file.c core/config/option_file.h \
	core/config/option_table.c core/config/option_table.h \
	core/config/option_values.c core/config/option_values.h \
	core/config/options.c core/config/options.h \
	core/config/scoreboard.c core/config/scoreboard.h \
	core/action/artifact.c \
	core/action/call.c core/action/call.h \
	core/action/context.c core/action/context.h \
	core/action/describe_discovery.c core/action/describe_discovery.h \
	core/action/describe_parameters.c \
	core/action/describe_targets.c \
	core/action/describe_widgets.c \
	core/action/description.c core/action/description.h \
	core/action/description_internal.h \
	core/action/discover.c core/action/discover.h \
	core/action/discovered.c core/action/discovered.h \
	core/action/discovery.c core/action/discovery.h \
	core/action/exec.c \
	core/action/getters.c \
	core/action/keep.c \
	core/action/modification.c \
	core/action/needs.c core/action/needs.h \
	core/action/outcome.c \
	core/action/parameter_rules.c core/action/parameter_rules.h \
	core/action/parameter_types.c core/action/parameter_types.h \
	core/action/parameters.c core/action/parameters.h \
	core/action/registry.c core/action/registry.h \
	core/action/reserved.c \
	core/action/said.c core/action/said.h \
	core/action/state.c core/action/state.h \
	core/action/stop_others.c \
	core/action/tail.c core/action/tail.h \
	core/action/verify.c core/action/verify.h \
	core/action/verify_discovery.c \
	core/action/verify_mistakes.c core/action/verify_mistakes.h \
	core/action/verify_parameters.c \
	core/action/verify_parts.h \
	core/action/verify_state.c \
	core/action/verify_targets.c \
	core/action/verify_widgets.c \
	core/action/work.c \
	core/base/base64.c core/base/base64.h \
	core/base/bitrate.c core/base/bitrate.h \
	core/base/cgroup.c core/base/cgroup.h \
	core/base/clock.c core/base/clock.h \
	core/base/command_line.c core/base/command_line.h \
	core/base/coverage.h \
	core/base/descriptors.c core/base/descriptors.h \
	core/base/duration.c core/base/duration.h \
	core/base/err.c core/base/err.h \
	core/base/file_name.c core/base/file_name.h \
	core/base/file_tree.c core/base/file_tree.h \
	core/base/holder.c core/base/holder.h \
	core/base/json.c core/base/json.h \
	core/base/json_parse.c \
	core/base/json_scan.c core/base/json_scan.h \
	core/base/log.c core/base/log.h \
	core/base/patience.c core/base/patience.h \
	core/base/number_file.c core/base/number_file.h \
	core/base/process.c core/base/process.h \
	core/base/program.c core/base/program.h \
	core/base/state_file.c core/base/state_file.h \
	core/base/state_path.c core/base/state_path.h \
	core/base/text.c core/base/text.h \
	core/base/url.c core/base/url.h \
	core/base/utf8.c core/base/utf8.h \
	core/base/uuid_text.c core/base/uuid_text.h
if COVERAGE
libcore_la_SOURCES += core/base/coverage.c
endif

# What is installed, static or shared, is one object, in which only what actionkit.h marks with
# AK_API is a symbol for others: the library's own names collide with nobody's.
EXTRA_DIST += core/actionkit.map core/layout.txt core/one_object.sh
LIBRARY_LIBS = libcli.la libfcgi_server.la libcore.la $(NOTES_LIBS)
ONE_OBJECT = LIBTOOL='$(LIBTOOL) $(AM_V_lt)' CC='$(CC)' OBJCOPY='$(OBJCOPY)' \
	$(SHELL) $(srcdir)/core/one_object.sh
core/library.lo: $(LIBRARY_LIBS) core/one_object.sh
	$(AM_V_GEN)$(ONE_OBJECT) $@ $(LIBRARY_LIBS)
CLEANFILES += core/library.lo core/.libs/library.o

# A new major number where an installed program would not run any more, and a new node of the map
# for each release that adds functions: tests/build/test_layout.sh looks.
VERSION_INFO = 0:0:0
lib_LTLIBRARIES += libactionkit.la
libactionkit_la_SOURCES =
libactionkit_la_LIBADD = core/library.lo $(DEPS_LIBS)
EXTRA_libactionkit_la_DEPENDENCIES = core/actionkit.map
libactionkit_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -version-info $(VERSION_INFO) \
	-Wl,--version-script=$(srcdir)/core/actionkit.map

# Records what programs know of the library, as far as it may change.
.PHONY: layout
layout:
	@CC='$(CC)' CHANGES='$(srcdir)/CHANGES' VERSION='$(VERSION)' \
	    VERSION_INFO='$(VERSION_INFO)' $(PYTHON) $(srcdir)/tests/build/layout.py update \
	    $(srcdir)/core/actionkit.h $(srcdir)/core/layout.txt
