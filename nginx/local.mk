NGINX_SNIPPETS = actionkit.conf actionkit-errors.conf actionkit-location.conf \
	actionkit-metrics.conf actionkit-page.conf actionkit-page-headers.conf \
	actionkit-upstream.conf
# The operator's page, as it is.
PAGE = nginx/page/icon.svg nginx/page/index.html nginx/page/page.css nginx/page/page.js
pagedir = $(datadir)/actionkit/page
dist_page_DATA = $(PAGE)
EXTRA_DIST += $(NGINX_SNIPPETS:%=nginx/%.in) nginx/nginx.conf.in nginx/run.sh
CLEANFILES += $(NGINX_SNIPPETS) $(NGINX_SNIPPETS:=.new)

# The snippets for an nginx that is there, with the socket that `serve` has by default, and with
# the directory that they are in.
nginxdir = $(datadir)/actionkit/nginx
nodist_nginx_DATA = $(NGINX_SNIPPETS)
$(NGINX_SNIPPETS): %: nginx/%.in
	$(AM_V_GEN)$(SED) -e 's|@SOCKET@|/run/actionkit/fcgi.sock|g' \
	    -e 's|@RUN_DIR@|$(nginxdir)|g' -e 's|@PAGE_DIR@|$(pagedir)|g' $< >$@.new
	$(AM_V_at)mv $@.new $@

# PORT and RUN_DIR may be set: make run PORT=9000
.PHONY: run
run: actionkit
	@ACTIONKIT='$(abs_top_builddir)/actionkit' NGINX='$(NGINX)' \
	    RUN_DIR="$${RUN_DIR:-$(abs_top_builddir)/run}" \
	    $(srcdir)/nginx/run.sh
