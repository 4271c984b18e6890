# What a system knows of the service: its units, its user, its directories, its options.
EXTRA_DIST += packaging/actionkit.conf packaging/actionkit.service.in \
	packaging/actionkit.socket packaging/actionkit.sysusers packaging/actionkit.tmpfiles \
	packaging/steadybit-extension.yaml
CLEANFILES += actionkit.service actionkit.service.new actionkit.bash actionkit.bash.new

systemdunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
completiondir = $(datadir)/bash-completion/completions
examplesdir = $(datadir)/actionkit/examples
dist_systemdunit_DATA = packaging/actionkit.socket
nodist_systemdunit_DATA = actionkit.service
dist_examples_DATA = packaging/actionkit.rules.yml packaging/steadybit-extension.yaml
# To be copied to /etc/systemd/system/actionkit.service.d: what actions need beyond the unit.
dropinsdir = $(examplesdir)/actionkit.service.d
dist_dropins_DATA = packaging/actionkit.service.d/cpu-speed.conf \
	packaging/actionkit.service.d/fill-disk.conf packaging/actionkit.service.d/memory.conf \
	packaging/actionkit.service.d/network.conf packaging/actionkit.service.d/shutdown.conf \
	packaging/actionkit.service.d/time-travel.conf
# In brackets, so that config.status leaves the name alone.
actionkit.service: packaging/actionkit.service.in
	$(AM_V_GEN)$(SED) 's|[@]bindir[@]|$(bindir)|g' \
	    $(srcdir)/packaging/actionkit.service.in >$@.new
	$(AM_V_at)mv $@.new $@
all-local: actionkit.bash
actionkit.bash: actionkit
	$(AM_V_GEN)./actionkit completion bash >$@.new
	$(AM_V_at)mv $@.new $@

# The names that these have where they are installed. Options that somebody has edited stay.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)' \
	    '$(DESTDIR)$(completiondir)' '$(DESTDIR)$(sysconfdir)/actionkit'
	$(INSTALL_DATA) $(srcdir)/packaging/actionkit.sysusers \
	    '$(DESTDIR)$(sysusersdir)/actionkit.conf'
	$(INSTALL_DATA) $(srcdir)/packaging/actionkit.tmpfiles \
	    '$(DESTDIR)$(tmpfilesdir)/actionkit.conf'
	$(INSTALL_DATA) actionkit.bash '$(DESTDIR)$(completiondir)/actionkit'
	test -e '$(DESTDIR)$(sysconfdir)/actionkit/actionkit.conf' || \
	    $(INSTALL_DATA) $(srcdir)/packaging/actionkit.conf \
	    '$(DESTDIR)$(sysconfdir)/actionkit/actionkit.conf'
uninstall-local:
	rm -f '$(DESTDIR)$(sysusersdir)/actionkit.conf' \
	    '$(DESTDIR)$(tmpfilesdir)/actionkit.conf' \
	    '$(DESTDIR)$(completiondir)/actionkit'
	cmp -s $(srcdir)/packaging/actionkit.conf \
	    '$(DESTDIR)$(sysconfdir)/actionkit/actionkit.conf' && \
	    rm -f '$(DESTDIR)$(sysconfdir)/actionkit/actionkit.conf' || :

# Debian packages of this tree, in packages/.
EXTRA_DIST += packaging/deb.sh packaging/debian
DEB_TREE = packages/$(PACKAGE)-$(VERSION)
.PHONY: deb
deb:
	@rm -rf packages && $(MKDIR_P) packages
	@$(MAKE) $(AM_MAKEFLAGS) distdir distdir='$(DEB_TREE)'
	@$(SHELL) $(srcdir)/packaging/deb.sh '$(DEB_TREE)'
