# Unit tests: each is a program of its own, tests/unit/test_x.c.
UNIT_TESTS = \
	tests/unit/test_arguments \
	tests/unit/test_ballast \
	tests/unit/test_bitrate \
	tests/unit/test_call \
	tests/unit/test_children \
	tests/unit/test_description \
	tests/unit/test_descriptors \
	tests/unit/test_discovery \
	tests/unit/test_duration \
	tests/unit/test_example \
	tests/unit/test_execution \
	tests/unit/test_holder \
	tests/unit/test_host \
	tests/unit/test_incoming \
	tests/unit/test_json \
	tests/unit/test_keep \
	tests/unit/test_kit \
	tests/unit/test_log \
	tests/unit/test_model \
	tests/unit/test_multipart \
	tests/unit/test_options \
	tests/unit/test_parameters \
	tests/unit/test_process \
	tests/unit/test_reply \
	tests/unit/test_request \
	tests/unit/test_route \
	tests/unit/test_state \
	tests/unit/test_tail \
	tests/unit/test_takeover \
	tests/unit/test_url \
	tests/unit/test_verify

# End-to-end tests: real processes behind a real nginx.
E2E_TESTS = \
	tests/e2e/test_cli_check.py \
	tests/e2e/test_cli_completion.py \
	tests/e2e/test_cli_hostile.py \
	tests/e2e/test_cli_look.py \
	tests/e2e/test_cli_recover.py \
	tests/e2e/test_cli_run.py \
	tests/e2e/test_cli_stop.py \
	tests/e2e/test_coverage.py \
	tests/e2e/test_crash.py \
	tests/e2e/test_cpu_speed.py \
	tests/e2e/test_descriptors.py \
	tests/e2e/test_discovery.py \
	tests/e2e/test_file_life.py \
	tests/e2e/test_file_urls.py \
	tests/e2e/test_files.py \
	tests/e2e/test_fill_disk.py \
	tests/e2e/test_guard.py \
	tests/e2e/test_heartbeat.py \
	tests/e2e/test_http_check.py \
	tests/e2e/test_kept.py \
	tests/e2e/test_metrics.py \
	tests/e2e/test_page.py \
	tests/e2e/test_needs.py \
	tests/e2e/test_nginx.py \
	tests/e2e/test_network.py \
	tests/e2e/test_notify.py \
	tests/e2e/test_options.py \
	tests/e2e/test_pause_process.py \
	tests/e2e/test_race.py \
	tests/e2e/test_programs.py \
	tests/e2e/test_ready.py \
	tests/e2e/test_repeat.py \
	tests/e2e/test_requests.py \
	tests/e2e/test_room.py \
	tests/e2e/test_run_script.py \
	tests/e2e/test_schema.py \
	tests/e2e/test_shutdown.py \
	tests/e2e/test_signals.py \
	tests/e2e/test_socket.py \
	tests/e2e/test_standby.py \
	tests/e2e/test_state_dir.py \
	tests/e2e/test_stop.py \
	tests/e2e/test_stop_process.py \
	tests/e2e/test_stress.py \
	tests/e2e/test_time_travel.py \
	tests/e2e/test_unrecorded.py \
	tests/e2e/test_upgrade.py \
	tests/e2e/test_work.py

# Tests of what the build makes, and of the rules that the sources keep.
BUILD_TESTS = \
	tests/build/test_author.sh \
	tests/build/test_autogen.sh \
	tests/build/test_configure.sh \
	tests/build/test_dependencies.sh \
	tests/build/test_documents.py \
	tests/build/test_embed.sh \
	tests/build/test_hardening.sh \
	tests/build/test_headers.sh \
	tests/build/test_icon.sh \
	tests/build/test_includes.sh \
	tests/build/test_install.sh \
	tests/build/test_layout.sh \
	tests/build/test_style.sh

# The lifecycle as a model: all of it takes minutes, "make check" a part.
MODEL_TESTS = tests/model/test_model.sh
EXTRA_DIST += $(MODEL_TESTS) tests/model/guard.pml tests/model/lifecycle.pml \
	tests/model/outbox.pml tests/model/worker.pml \
	tests/model/model.sh tests/model/moves.pml tests/model/rules.txt
.PHONY: model
model:
	@CC='$(CC)' $(SHELL) $(top_srcdir)/tests/model/model.sh

# Kills at every system call and of two processes at once, faults, and a soak: all of it takes
# minutes, "make check" a sample.
CRASH_TESTS = tests/crash/test_clock.py tests/crash/test_faults.py \
	tests/crash/test_pairs.py tests/crash/test_points.py tests/crash/test_prove.py \
	tests/crash/test_soak.py \
	tests/crash/test_starve.py
check_PROGRAMS += tests/crash/action tests/crash/faulty tests/crash/killat
tests_crash_faulty_LDADD = $(AK_LIBS)
tests_crash_action_LDADD = $(AK_LIBS)
tests_crash_action_SOURCES = tests/crash/action.c tests/crash/nomem.c
tests_crash_killat_LDADD = $(AK_LIBS)

# The program of a version to come, with a migration more; its table replaces the library's.
check_PROGRAMS += tests/crash/action_next
tests_crash_action_next_LDADD = $(AK_LIBS)
tests_crash_action_next_SOURCES = $(tests_crash_action_SOURCES)
nodist_tests_crash_action_next_SOURCES = tests/crash/next_migrations.c
CLEANFILES += tests/crash/next_migrations.c tests/crash/next_migrations.c.new
tests/crash/next_migrations.c: $(MIGRATIONS) migrations/embed.sh
	$(AM_V_at)$(MKDIR_P) tests/crash/next
	$(AM_V_GEN)next=`printf '%04d_next.sql' $$(($$(echo '$(MIGRATIONS)' | wc -w) + 1))`; \
	    echo 'ALTER TABLE executions ADD COLUMN next INTEGER;' >tests/crash/next/$$next; \
	    top=`pwd`; (cd $(srcdir) && $(SHELL) migrations/embed.sh $(MIGRATIONS) \
	    $$top/tests/crash/next/$$next) >$@.new
	$(AM_V_at)rm -r tests/crash/next
	$(AM_V_at)mv $@.new $@
EXTRA_DIST += $(CRASH_TESTS) tests/crash/crash.py
# make crash CRASH_PAIRS=100
CRASH_PAIRS = 2000
.PHONY: crash faults soak
crash: $(check_PROGRAMS)
	@$(AM_TESTS_ENVIRONMENT) CRASH_DEPTH=full \
	    $(PYTHON) $(top_srcdir)/tests/crash/test_points.py
	@$(AM_TESTS_ENVIRONMENT) CRASH_DEPTH=full \
	    $(PYTHON) $(top_srcdir)/tests/crash/test_prove.py
	@$(AM_TESTS_ENVIRONMENT) PAIRS='$(CRASH_PAIRS)' \
	    $(PYTHON) $(top_srcdir)/tests/crash/test_pairs.py
faults: $(check_PROGRAMS)
	@$(AM_TESTS_ENVIRONMENT) FAULTS_DEPTH=full \
	    $(PYTHON) $(top_srcdir)/tests/crash/test_faults.py
# make soak SOAK_SECONDS=60
SOAK_SECONDS = 600
SOAK_AGENTS = 50
SOAK_EXECUTIONS = 2000
SOAK_RESPONDERS = 8
# 1000 metrics in each of so many seconds.
SOAK_TELL_SECONDS = 60
soak: $(check_PROGRAMS)
	@$(AM_TESTS_ENVIRONMENT) SOAK_SECONDS='$(SOAK_SECONDS)' \
	    SOAK_AGENTS='$(SOAK_AGENTS)' SOAK_EXECUTIONS='$(SOAK_EXECUTIONS)' \
	    SOAK_RESPONDERS='$(SOAK_RESPONDERS)' \
	    $(PYTHON) $(top_srcdir)/tests/crash/test_soak.py
	@$(AM_TESTS_ENVIRONMENT) TELL_SECONDS='$(SOAK_TELL_SECONDS)' \
	    $(PYTHON) $(top_srcdir)/tests/e2e/test_work.py thousand_metrics_a_second

# In machines of their own (qemu), for what must not be tried on this one: "make check" does
# without. ACTIONKIT_DEMAND_QEMU=1 makes what is missing a failure.
VM_FILES = tests/vm/disk.sh tests/vm/guest.sh tests/vm/init tests/vm/initramfs.sh \
	tests/vm/machine.py tests/vm/memory.sh tests/vm/network_beside.sh \
	tests/vm/network_guest.sh tests/vm/network_queues.sh tests/vm/network_tunnels.sh \
	tests/vm/network_virtio.sh tests/vm/quota.sh tests/vm/shutdown.sh \
	tests/vm/test_vm.py tests/vm/time_travel.sh
EXTRA_DIST += $(VM_FILES)
.PHONY: vm-check
vm-check: actionkit
	@$(MKDIR_P) tests/vm
	@$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(top_srcdir)/tests/vm/test_vm.py

# The packages, built for a suite of Debian and tried in a machine of it with a systemd of its own:
# as root, with debootstrap. What is made once of each suite is kept in MACHINES.
# make package-check SUITE=trixie
SUITE = bookworm
MACHINES = $(abs_top_builddir)/tests/systemd
SYSTEMD_FILES = tests/systemd/check_packages.sh tests/systemd/guest.sh \
	tests/systemd/guest_packages.sh tests/systemd/guest_removal.sh \
	tests/systemd/guest_unit.sh tests/systemd/guest_upgrade.sh tests/systemd/machine.sh
EXTRA_DIST += $(SYSTEMD_FILES)
.PHONY: package-check
package-check:
	@rm -rf packages && $(MKDIR_P) packages tests/systemd '$(MACHINES)'
	@$(MAKE) $(AM_MAKEFLAGS) -s distdir distdir=packages/source
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(top_srcdir)/tests/systemd/check_packages.sh $(SUITE) \
	    '$(MACHINES)/.$(SUITE)' '$(abs_top_builddir)/tests/systemd/.machine-$(SUITE)'

# How fast it is, beside a bare libfcgi and whatever BENCH_PEER names: "make check" looks
# whether it works at all.
BENCH_TESTS = tests/bench/test_bench.py
BENCHMARKS = tests/bench/action tests/bench/echo tests/bench/load
check_PROGRAMS += $(BENCHMARKS)
tests_bench_action_LDADD = $(AK_LIBS)
tests_bench_echo_LDADD = $(DEPS_LIBS)
tests_bench_load_LDADD = $(DEPS_LIBS)
EXTRA_DIST += $(BENCH_TESTS) tests/bench/bench.py tests/bench/peer/main.go tests/bench/peer/go.mod
.PHONY: bench
bench: $(BENCHMARKS)
	@$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(top_srcdir)/tests/bench/bench.py

# Fuzz targets: "make check" runs them over the inputs that are kept, "make fuzz" searches for
# new ones, with clang.
FUZZ_TESTS = tests/fuzz/json tests/fuzz/multipart tests/fuzz/records tests/fuzz/reply \
	tests/fuzz/request
check_PROGRAMS += $(FUZZ_TESTS)
tests_fuzz_json_LDADD = $(AK_LIBS)
tests_fuzz_json_SOURCES = tests/fuzz/json.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_multipart_LDADD = $(AK_LIBS)
tests_fuzz_multipart_SOURCES = tests/fuzz/multipart.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_records_LDADD = $(AK_LIBS)
tests_fuzz_records_SOURCES = tests/fuzz/records.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_reply_LDADD = $(AK_LIBS)
tests_fuzz_reply_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_boot_ms -Wl,--wrap=clock_sleep_ms \
	-Wl,--wrap=http_call
tests_fuzz_reply_SOURCES = tests/fuzz/reply.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_request_LDADD = $(AK_LIBS)
tests_fuzz_request_SOURCES = tests/fuzz/request.c tests/fuzz/exchange.c \
	tests/fuzz/exchange.h tests/fuzz/stub.c tests/fuzz/stub.h tests/fuzz/replay.c \
	tests/fuzz/fuzz.h
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/fuzz.sh tests/fuzz/json.dict \
	tests/fuzz/multipart.dict tests/fuzz/records.dict tests/fuzz/reply.dict \
	tests/fuzz/request.dict
# make fuzz FUZZ_SECONDS=600 FUZZ_TARGETS=request
FUZZ_SECONDS = 60
FUZZ_TARGETS = json multipart records reply request
FUZZED_RUN = cli/agent.c cli/agent_call.c cli/artifacts.c cli/http.c cli/kept.c cli/metrics.c \
	cli/output.c cli/report.c cli/sparkline.c cli/values.c
FUZZED = $(libcore_la_SOURCES) $(nodist_libcore_la_SOURCES) \
	$(libfcgi_server_la_SOURCES) $(FUZZED_RUN)
FUZZ = CLANG='$(CLANG)' FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_TARGETS='$(FUZZ_TARGETS)' \
	top_srcdir='$(top_srcdir)' $(SHELL) $(top_srcdir)/tests/fuzz/fuzz.sh
tests/fuzz/clang/built: $(FUZZED) $(tests_fuzz_json_SOURCES) \
	$(tests_fuzz_multipart_SOURCES) $(tests_fuzz_records_SOURCES) $(tests_fuzz_reply_SOURCES) \
	$(tests_fuzz_request_SOURCES) tests/fuzz/fuzz.sh
	@$(FUZZ) build '$(DEPS_CFLAGS)' '$(DEPS_LIBS)' $(FUZZED)
	@touch $@
.PHONY: fuzz
fuzz: tests/fuzz/clang/built
	@$(FUZZ)
clean-local:
	rm -rf packages tests/fuzz/clang tests/systemd/.[a-z]* tests/vm/kernel

check_PROGRAMS += $(UNIT_TESTS) tests/e2e/extension

# To be preloaded: a clock that tests may set. A place to install it makes it a shared library.
check_LTLIBRARIES = tests/e2e/fake_clock.la
tests_e2e_fake_clock_la_SOURCES = tests/e2e/fake_clock.c
tests_e2e_fake_clock_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
LDADD = $(AK_LIBS) $(CHECK_LIBS)
tests_e2e_extension_LDADD = $(AK_LIBS)
# With the kit, which has clocks of its own.
tests_unit_test_example_LDADD = libkit.la $(AK_LIBS) $(CHECK_LIBS)
tests_unit_test_example_SOURCES = tests/unit/test_example.c actions/example.c
nodist_tests_unit_test_example_SOURCES = actions/example_icon.c
tests_unit_test_kit_LDADD = $(tests_unit_test_example_LDADD)
tests_e2e_extension_SOURCES = tests/e2e/extension.c tests/e2e/extension.h \
	tests/e2e/everything.c tests/e2e/labour.c tests/e2e/needy.c \
	tests/e2e/programs.c tests/e2e/room.c
# check.h is needed by tests only; a variable of its own for every test would be the price
# of keeping it from the others.
AM_CPPFLAGS += $(CHECK_CFLAGS)

EXTRA_DIST += $(E2E_TESTS) $(BUILD_TESTS) tests/build/includes.py tests/build/layout.py \
	tests/build/style.py tests/build/tap.sh tests/e2e/clock.py tests/e2e/fake.py \
	tests/e2e/fastcgi.py tests/e2e/harness.py tests/e2e/network.py tests/unit/unit.h

# The slow ones first: they run beside all others.
TESTS += $(E2E_TESTS) $(CRASH_TESTS) $(MODEL_TESTS) $(BUILD_TESTS) $(BENCH_TESTS) \
	$(FUZZ_TESTS) $(UNIT_TESTS)
TEST_EXTENSIONS = .py .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = $(PYTHON)
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	ACTIONKIT='$(abs_top_builddir)/actionkit'; \
	ACTIONKIT_EXTENSION='$(abs_top_builddir)/tests/e2e/extension'; \
	NGINX='$(NGINX)'; \
	PYTHONDONTWRITEBYTECODE=1; \
	top_builddir='$(abs_top_builddir)'; \
	top_srcdir='$(abs_top_srcdir)'; \
	export ACTIONKIT ACTIONKIT_EXTENSION NGINX PYTHONDONTWRITEBYTECODE \
	    top_builddir top_srcdir; \
	$(BUILD_TESTS_ENVIRONMENT)

# What the tests of the build know of it.
BUILD_TESTS_ENVIRONMENT = \
	AK_INSTRUMENT='$(AK_INSTRUMENT)'; CC='$(CC)'; DEPS_CFLAGS='$(DEPS_CFLAGS)'; \
	MIGRATIONS='$(MIGRATIONS)'; NM='$(NM)'; PKG_CONFIG='$(PKG_CONFIG)'; \
	PYTHON='$(PYTHON)'; VERSION='$(VERSION)'; VERSION_INFO='$(VERSION_INFO)'; \
	bindir='$(bindir)'; datadir='$(datadir)'; \
	includedir='$(includedir)'; libdir='$(libdir)'; mandir='$(mandir)'; \
	pkgconfigdir='$(pkgconfigdir)'; prefix='$(prefix)'; sysconfdir='$(sysconfdir)'; \
	export AK_INSTRUMENT CC DEPS_CFLAGS MIGRATIONS NM PKG_CONFIG PYTHON VERSION \
	    VERSION_INFO bindir datadir includedir libdir mandir pkgconfigdir prefix \
	    sysconfdir;
