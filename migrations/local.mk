# In order; tests/build/test_embed.sh tells when one is forgotten.
MIGRATIONS = \
	migrations/0001_executions.sql \
	migrations/0002_state_version.sql \
	migrations/0003_files.sql \
	migrations/0004_ends_and_errors.sql \
	migrations/0005_health.sql \
	migrations/0006_workers.sql \
	migrations/0007_events_by_id.sql \
	migrations/0008_operators.sql

EXTRA_DIST += $(MIGRATIONS) migrations/embed.sh
CLEANFILES += migrations/migrations.c migrations/migrations.c.new

migrations/migrations.c: $(MIGRATIONS) migrations/embed.sh
	$(AM_V_at)$(MKDIR_P) migrations
	$(AM_V_GEN)(cd $(srcdir) && $(SHELL) migrations/embed.sh $(MIGRATIONS)) >$@.new
	$(AM_V_at)mv $@.new $@
