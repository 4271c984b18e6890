#!/bin/sh
# Embedding migrations: what is embedded is what the files say, and what is refused.
. "$(dirname "$0")/tap.sh"

embed="sh $top_srcdir/migrations/embed.sh"
files=$tap_dir/migrations
mkdir "$files" || exit 99
printf 'CREATE TABLE a (b TEXT);\n' >"$files/0001_first.sql"
printf 'INSERT INTO a VALUES (%s);\n' "'\"\\ ä'" >"$files/0002_second.sql"
printf 'x\000y' >"$files/0002_nul.sql"
: >"$files/0002_empty.sql"
for name in 0000_zero 0002_twice 0003_gap 2_short 0002_Upper 0002; do
	echo 'SELECT 1;' >"$files/$name.sql"
done

embed()
{
	embed_files=
	for embed_name; do
		embed_files="$embed_files $files/$embed_name.sql"
	done
	$embed $embed_files
}

# Compiles and prints what is embedded, and compares it to the files.
same_text()
{
	embed 0001_first 0002_second >"$tap_dir/migrations.c" || return 1
	cat >"$tap_dir/print.c" <<END
#include <stdio.h>
#include <string.h>
#include "core/store/migrations.h"

int
main(void)
{
	for (size_t i = 0; i < migrations_count; i++) {
		printf("%d %s\n", migrations[i].version, migrations[i].name);
		if (strlen((const char *)migrations[i].sql) != migrations[i].size)
			return 1;
		fwrite(migrations[i].sql, 1, migrations[i].size, stdout);
	}
	return 0;
}
END
	$CC -I"$top_builddir" -I"$top_srcdir" -Wall -Wextra -Wpedantic -Werror \
	    -o "$tap_dir/print" "$tap_dir/print.c" "$tap_dir/migrations.c" || return 1
	"$tap_dir/print" >"$tap_dir/printed" || return 1
	{
		echo 1 0001_first
		cat "$files/0001_first.sql"
		echo 2 0002_second
		cat "$files/0002_second.sql"
	} >"$tap_dir/expected"
	diff "$tap_dir/expected" "$tap_dir/printed"
}

# A file that nobody named in migrations/local.mk would be missing in the program.
all_named()
{
	for file in "$top_srcdir"/migrations/*.sql; do
		case " $MIGRATIONS " in
		*" migrations/$(basename "$file") "*) ;;
		*) echo "not in migrations/local.mk: $file"; return 1 ;;
		esac
	done
}

check "embeds the text of the files" same_text
check "embeds every file of migrations/" all_named
check "refuses a gap" refuses "expected 0002" embed 0001_first 0003_gap
check "refuses a double" refuses "expected 0003" embed 0001_first 0002_second 0002_twice
check "refuses to begin elsewhere" refuses "expected 0001" embed 0002_second
check "refuses number 0" refuses "expected 0001" embed 0000_zero
check "refuses the wrong order" refuses "expected 0001" embed 0002_second 0001_first
check "refuses a short number" refuses "must be like" embed 0001_first 2_short
check "refuses capitals" refuses "must be like" embed 0001_first 0002_Upper
check "refuses a number alone" refuses "must be like" embed 0001_first 0002
check "refuses an empty file" refuses "is empty" embed 0001_first 0002_empty
check "refuses a NUL" refuses "contains a NUL" embed 0001_first 0002_nul
check "refuses a missing file" refuses "cannot be read" embed 0001_first 0002_none
check "refuses no files" refuses "no migrations" embed
tap_done
