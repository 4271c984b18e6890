#!/bin/sh
# Writes a C source with the array NAME, a data URI of the picture in FILE for the icon of
# an action, to the standard output. The action declares it: extern const char NAME[];
# usage: icon.sh NAME FILE (.svg, .png, .jpg, .jpeg, .gif, .webp)
set -eu
LC_ALL=C
export LC_ALL

# The schema's limit of a data URI.
characters_max=1000000

refuse()
{
	echo "icon.sh: $*" >&2
	exit 1
}

test $# -eq 2 || refuse "usage: icon.sh NAME FILE"
name=$1
file=$2
printf '%s\n' "$name" | grep -Eq '^[A-Za-z_][A-Za-z0-9_]*$' ||
    refuse "$name: is no name in C"
test -r "$file" || refuse "$file: cannot be read"
test -s "$file" || refuse "$file: is empty"
case $file in
*.svg) type=image/svg+xml ;;
*.png) type=image/png ;;
*.jpg | *.jpeg) type=image/jpeg ;;
*.gif) type=image/gif ;;
*.webp) type=image/webp ;;
*) refuse "$file: must end in .svg, .png, .jpg, .jpeg, .gif or .webp" ;;
esac

uri()
{
	printf 'data:%s;base64,' "$type"
	base64 <"$file" | tr -d '\n'
}

characters=$(uri | wc -c)
test "$characters" -le $characters_max ||
    refuse "$file: makes $((characters)) characters, more than $characters_max"

# Bytes: compilers have a limit for string literals.
printf '/* Made by icon.sh of %s. */\n' "$(basename "$file")"
printf 'extern const char %s[];\nconst char %s[] = {\n' "$name" "$name"
uri | od -An -v -tu1 | sed 's/[0-9][0-9]*/&,/g'
printf '\t0\n};\n'
