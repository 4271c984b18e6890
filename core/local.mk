include_HEADERS += core/actionkit.h
dist_man_MANS += core/actionkit.3
pkgconfig_DATA = core/actionkit.pc

noinst_LTLIBRARIES += libcore.la
libcore_la_LIBTOOLFLAGS = $(CONVENIENCE)
nodist_libcore_la_SOURCES = migrations/migrations.c
libcore_la_SOURCES = \
	core/abandon.c core/abandon.h \
	core/artifact.c \
	core/ballast.c core/ballast.h \
	core/base64.c core/base64.h \
	core/bitrate.c core/bitrate.h \
	core/call.c core/call.h \
	core/claim.c core/claim.h \
	core/clock.c core/clock.h \
	core/context.c core/context.h \
	core/coverage.h \
	core/describe_parameters.c \
	core/describe_targets.c \
	core/describe_widgets.c \
	core/description.c core/description.h \
	core/description_internal.h \
	core/download.c core/download.h \
	core/due.c core/due.h \
	core/duration.c core/duration.h \
	core/err.c core/err.h \
	core/execution.c core/execution.h \
	core/file_name.c core/file_name.h \
	core/file_sweep.c core/file_sweep.h \
	core/file_tree.c core/file_tree.h \
	core/files.c core/files.h \
	core/gate.c core/gate.h \
	core/getters.c \
	core/housekeeping.c core/housekeeping.h \
	core/incoming.c core/incoming.h \
	core/json.c core/json.h \
	core/json_parse.c \
	core/json_scan.c core/json_scan.h \
	core/lifecycle.c core/lifecycle.h \
	core/lock.c core/lock.h \
	core/log.c core/log.h \
	core/migrate.c \
	core/migrations.h \
	core/modification.c \
	core/option_values.c core/option_values.h \
	core/options.c core/options.h \
	core/outcome.c \
	core/parameter_types.c core/parameter_types.h \
	core/parameters.c core/parameters.h \
	core/prepare.c \
	core/prepare_files.c core/prepare_files.h \
	core/process.c core/process.h \
	core/query.c \
	core/reaper.c core/reaper.h \
	core/recovery.c core/recovery.h \
	core/registry.c core/registry.h \
	core/scoreboard.c core/scoreboard.h \
	core/start.c \
	core/state.c core/state.h \
	core/status.c \
	core/stop.c \
	core/stopper.c core/stopper.h \
	core/store.c core/store.h \
	core/store_internal.h \
	core/takeover.c core/takeover.h \
	core/url.c core/url.h \
	core/utf8.c core/utf8.h \
	core/verify.c core/verify.h \
	core/verify_internal.h \
	core/verify_parameters.c \
	core/verify_state.c \
	core/verify_targets.c \
	core/verify_widgets.c \
	core/visit.c core/visit.h
if COVERAGE
libcore_la_SOURCES += core/coverage.c
endif

# Only what actionkit.h marks with AK_API is visible in the shared library.
lib_LTLIBRARIES += libactionkit.la
libactionkit_la_SOURCES =
libactionkit_la_LIBADD = $(AK_LIBS)
libactionkit_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -version-info 0:0:0
