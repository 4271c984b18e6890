#!/bin/sh
# Writes the C source that core/store/migrations.h declares, with the files named on the command
# line as byte arrays (string literals have a limit), to the standard output.
# usage: embed.sh FILE... (NNNN_name.sql, from 0001 on, in order)
set -eu
LC_ALL=C
export LC_ALL

refuse()
{
	echo "embed.sh: $*" >&2
	exit 1
}

test $# -gt 0 || refuse "no migrations"

version=0
for file; do
	version=$((version + 1))
	expected=$(printf '%04d' $version)
	name=$(basename "$file")
	test -r "$file" || refuse "$file: cannot be read"
	test -s "$file" || refuse "$file: is empty"
	printf '%s\n' "$name" | grep -Eq '^[0-9]{4}_[a-z0-9_]+\.sql$' ||
	    refuse "$name: the name must be like 0001_some_words.sql"
	case $name in
	${expected}_*) ;;
	*) refuse "$name: expected $expected here: numbers have no gap and no double" ;;
	esac
	# SQLite would take a NUL for the end.
	test "$(tr -d '\000' <"$file" | wc -c)" -eq "$(wc -c <"$file")" ||
	    refuse "$name: contains a NUL"
done

printf '/* Made by migrations/embed.sh. */\n#include "config.h"\n\n'
printf '#include "core/store/migrations.h"\n'

version=0
for file; do
	version=$((version + 1))
	printf '\nstatic const unsigned char sql_%d[] = {\n' $version
	od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	printf '\t0\n};\n'
done

printf '\nconst struct migration migrations[] = {\n'
version=0
for file; do
	version=$((version + 1))
	printf '\t{ %d, "%s", sql_%d, sizeof(sql_%d) - 1 },\n' \
	    $version "$(basename "$file" .sql)" $version $version
done
printf '};\n\nconst size_t migrations_count = %d;\n' $version
