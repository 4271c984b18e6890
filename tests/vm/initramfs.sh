#!/bin/sh
# Makes an initramfs, and takes the kernel, for a machine of machine.py: busybox, programs with
# their libraries, files, and modules of the kernel with those that they need.
# usage: initramfs.sh KERNEL OUT FILE=TARGET|PROGRAM...
# KERNEL: where a package linux-image was unpacked, after depmod. OUT: the archive; OUT.kernel
# is the kernel.
# MODULES in the environment: what is loaded, in this order.
set -eu
test $# -ge 3 || { sed -n 2,8p "$0" >&2; exit 2; }
kernel=$1
out=$2
shift 2
PATH=$PATH:/usr/sbin:/sbin

version=$(ls "$kernel/lib/modules")
test "$(echo "$version" | wc -l)" -eq 1
tree=$kernel/lib/modules/$version

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in bin dev etc modules proc run sys tmp usr/sbin var; do
	mkdir -p "$work/$folder"
done
chmod 1777 "$work/tmp"
cp "$(command -v busybox)" "$work/bin/busybox"
ln -s bin "$work/sbin"

# "name => /path (0x...)" and "/lib64/ld-linux... (0x...)"; ldd fails for what is static.
libraries()
{
	{ ldd "$1" 2>/dev/null || :; } |
	    sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p'
}

copy_program()
{
	cp -L "$1" "$work/bin/"
	libraries "$1" | while read -r library; do
		mkdir -p "$work$(dirname "$library")"
		cp -nL "$library" "$work$library"
	done
}

for item; do
	case $item in
	*=*)
		mkdir -p "$work/$(dirname "${item#*=}")"
		cp -L "${item%%=*}" "$work/${item#*=}" ;;
	*)
		copy_program "$(command -v "$item")" ;;
	esac
done

chmod 755 "$work" "$work/init"

# A line of modules.dep: "path.ko: nearest.ko ... deepest.ko". What is built in has none.
: >"$work/modules.list"
for module in ${MODULES-}; do
	pattern=$(echo "$module" | sed 's/[-_]/[-_]/g')
	line=$(grep -E "(^|/)$pattern\.ko[^:]*:" "$tree/modules.dep") || continue
	for file in $(echo "$line" | tr -d : | awk '{ for (i = NF; i >= 1; i--) print $i }'); do
		name=$(basename "$file")
		test ! -e "$work/modules/$name" || continue
		cp "$tree/$file" "$work/modules/"
		echo "$name" >>"$work/modules.list"
	done
done
(cd "$work" && find . | cpio --quiet -o -H newc | gzip -1) >"$out"
cp "$kernel/boot/vmlinuz-$version" "$out.kernel"
