#!/bin/sh
# Writes the C source that cli/texts.h declares, with the files named on the command line as byte
# arrays (string literals have a limit), to the standard output.
# usage: embed.sh NGINX_DIR FILE...
set -eu
LC_ALL=C
export LC_ALL

nginx_dir=$1
shift
printf '/* Made by cli/embed.sh. */\n#include "config.h"\n\n#include "cli/texts.h"\n\n'
printf '#include <stddef.h>\n\nconst char texts_nginx_dir[] = "%s";\n' "$nginx_dir"
number=0
for file; do
	number=$((number + 1))
	printf '\nstatic const char text_%d[] = {\n' $number
	od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
	printf '\t0\n};\n'
done
printf '\nconst struct text texts[] = {\n'
number=0
for file; do
	number=$((number + 1))
	printf '\t{ "%s", text_%d },\n' "${file##*/}" $number
done
printf '\t{ NULL, NULL }\n};\n'
