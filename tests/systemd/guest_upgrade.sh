# guest_upgrade.sh: from this version to the next and back, as operate.md says; a part of
# guest_packages.sh.

upgrade()
{
	documented Upgrade 1 's|\./actionkit_[^ ]*|/packages/next/actionkit_*.deb|'
}

roll_back()
{
	documented Rollback 1 's|\./actionkit_[^ ]*|/packages/this/actionkit_*.deb|'
}

program()
{
	dpkg-query -W -f '${Status} ${Version} ' actionkit
	md5sum /usr/bin/actionkit
}

same_program()
{
	program
	test "$(program)" = "$before"
}

status_of_package()
{
	dpkg-query -W -f '${db:Status-Status}' actionkit | grep -x "$1"
}

stopped_as_silent()
{
	runuser -u actionkit -- actionkit list --all --json | grep 'heartbeat timeout'
}

pause
check "a copy of the database, as documented" documented "Backup and restore" 1
log_mark
step "upgrade, as documented" 0 goes_on upgrade
check "the next version serves" await log_has_new 'actionkit .*+next, schema'
check "the agent goes on, too" pgrep -u agent

before=$(program)
step "downgrade below the schema: refused" 0 \
    goes_on refused_with 'schema version .*, this version knows' installed this --allow-downgrades
check "the program is the same" same_program

silence
log_mark
step "rollback, as documented" 60 ends 15 roll_back
check "the older version serves" await log_has_new 'actionkit [0-9.]*, schema'
check "with what was active in the copy" await log_has_new '1 execution is not stopped: it goes on'

pause
log_mark
echo 'respnders 3' >>$options
step "upgrade that postinst refuses" 0 \
    goes_on refused_with 'the version before goes on serving' installed next
check "the package is not configured" status_of_package half-configured
check "the log names the line" log_has_new "$options:$(wc -l <$options): respnders"
sed -i '/^respnders/d' $options
step "dpkg --configure -a" 0 goes_on dpkg --configure -a
check "now the next version serves" await log_has_new 'actionkit .*+next, schema'
check "and is configured" status_of_package installed

silence
log_mark
step "restore of the copy, as documented" 60 ends 15 documented "Backup and restore" 2
check "it is brought to the schema" await log_has_new 'the database was migrated from'
check "what was active in it goes on" log_has_new '1 execution is not stopped: it goes on'
begun=$(now)
check "until its agent has been silent for too long" within $silence_seconds nothing_active
check "which is why it was stopped" stopped_as_silent
