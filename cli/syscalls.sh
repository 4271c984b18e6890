#!/bin/sh
# Writes the C source with the names of this system's calls, for prove_trace.h, to the standard
# output.
# usage: syscalls.sh CC...
set -eu

printf '/* Made by cli/syscalls.sh. */\n#include "config.h"\n\n'
printf '#include "cli/prove_trace.h"\n\n#include <stddef.h>\n\n'
printf 'const struct trace_call trace_calls[] = {\n'
echo '#include <sys/syscall.h>' | "$@" -dM -E - |
    sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9][0-9]*\)$/\t{ \2, "\1" },/p' | sort
printf '\t{ -1, NULL }\n};\n'
