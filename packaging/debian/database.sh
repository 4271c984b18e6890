# Where the options file has the state directory; else where it is by itself.
database=$(sed -n 's/^[[:blank:]]*state-dir[[:blank:]]*//p' /etc/actionkit/actionkit.conf \
    2>/dev/null | sed 's/[[:blank:]]*$//') || true
database=${database:-/var/lib/actionkit}/actionkit.db
