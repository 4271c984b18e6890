EXTRA_DIST += nginx/actionkit.conf.in nginx/nginx.conf.in nginx/run.sh
CLEANFILES += actionkit.conf actionkit.conf.new

# The snippet for an nginx that is there, with the socket that `serve` has by default.
nginxdir = $(datadir)/actionkit/nginx
nodist_nginx_DATA = actionkit.conf
actionkit.conf: nginx/actionkit.conf.in
	$(AM_V_GEN)$(SED) 's|@SOCKET@|/run/actionkit/fcgi.sock|g' \
	    $(srcdir)/nginx/actionkit.conf.in >$@.new
	$(AM_V_at)mv $@.new $@

# PORT and RUN_DIR may be set: make run PORT=9000
.PHONY: run
run: actionkit
	@ACTIONKIT='$(abs_top_builddir)/actionkit' NGINX='$(NGINX)' \
	    RUN_DIR="$${RUN_DIR:-$(abs_top_builddir)/run}" \
	    $(srcdir)/nginx/run.sh
