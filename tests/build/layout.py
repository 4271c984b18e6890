#!/usr/bin/env python3
"""What a compiled program knows of actionkit.h: sizes, offsets, numbers, functions.

layout.py check HEADER FILE   compares them with those in the file, and says what is to be done
layout.py update HEADER FILE  writes the file anew, unless programs that exist would break

CC is the compiler, VERSION_INFO the -version-info of the library, CHANGES the file of that name.
The file's first line says which libactionkit.so it is of, and the version that had it first.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

CC = shlex.split(os.environ.get("CC", "cc"))
FIRST = re.compile(r"libactionkit\.so\.(\d+) since (\S+)\n")


def run(command, text=None):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def declarations(header):
    """The text of the header itself, without what it includes and without comments."""
    with open(header, encoding="utf-8") as file:
        text = re.sub(r"^#\s*include\b.*$", "", file.read(), flags=re.M)
    text = run([*CC, "-E", "-P", "-x", "c", "-"], text)
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)(?=\s|;)", "", text)
    return " ".join(text.split())


def members(body):
    for member in filter(None, (part.strip() for part in body.split(";"))):
        found = re.search(r"\(\*(?:const )?(\w+)\)", member) or \
            re.search(r"(\w+)(?:\[[^\]]*\])*$", member)
        yield found.group(1)


def structs(text):
    """Pairs of a name and its members, in their order."""
    for name, body in re.findall(r"struct (ak_\w+) \{(.*?)\};", text):
        yield name, list(members(body))


def numbers(text):
    for body in re.findall(r"enum ak_\w+ \{(.*?)\};", text):
        yield from re.findall(r"(AK_\w+)", re.sub(r"=[^,]*", "", body))


def functions(text):
    """The declarations of functions; those that are defined here are the program's own."""
    found = []
    for statement in re.split(r"[;{}]", text):
        match = re.fullmatch(r"(?!return )[\w *]+?(ak_\w+)\(.*\)", statement.strip())
        if match is not None and not statement.strip().startswith("static"):
            found.append(f"{match.group(1)}: {statement.strip()}")
    return sorted(found)


def layout(header):
    """A line for everything that must stay as it is."""
    text = declarations(header)
    lines = ["#include <stddef.h>", "#include <stdio.h>", f'#include "{os.path.abspath(header)}"',
             "int main(void) {"]
    for name, names in structs(text):
        lines.append(f'printf("struct {name}: %zu\\n", sizeof(struct {name}));')
        lines += [f'printf("{name}.{member}: %zu, %zu\\n", offsetof(struct {name}, {member}), '
                  f'sizeof(((struct {name} *)0)->{member}));' for member in names]
    lines += [f'printf("{number}: %d\\n", (int){number});' for number in numbers(text)]
    lines.append("}")
    with tempfile.TemporaryDirectory(prefix="ak-layout-") as directory:
        program = os.path.join(directory, "layout")
        run([*CC, "-x", "c", "-o", program, "-"], "\n".join(lines))
        shown = run([program])
    return shown.splitlines() + functions(text)


def unlisted(header):
    """Structs that a program and its library need not agree on."""
    with open(header, encoding="utf-8") as file:
        listed = re.findall(r"item_\((ak_\w+)\)", file.read())
    # The first compares; the second is asked for with its size.
    known = {*listed, "ak_layout", "ak_restricted_endpoint"}
    return [name for name, _ in structs(declarations(header)) if name not in known]


def released(version):
    with open(os.environ["CHANGES"], encoding="utf-8") as file:
        return re.search(rf"^{re.escape(version)}, unreleased$", file.read(), re.M) is None


def say(words):
    print(words)
    return 1


def judge(header, path):
    """The file's first line as it is to be, and what forbids to write it, or None."""
    with open(path, encoding="utf-8") as file:
        first, recorded = file.readline(), file.read().splitlines()
    number, since = FIRST.fullmatch(first).groups()
    major = os.environ["VERSION_INFO"].split(":")[0]
    now = set(layout(header))
    broken = [line for line in recorded if line not in now]
    if major != number:
        return f"libactionkit.so.{major} since {os.environ['VERSION']}\n", None
    if broken and released(since):
        return first, (f"programs of {since} would break: {'; '.join(broken[:3])}: core/local.mk "
                       "needs a new major number in -version-info, then: make layout")
    return first, None


def update(header, path):
    first, forbidden = judge(header, path)
    if forbidden is not None:
        return say(forbidden)
    with open(path, "w", encoding="utf-8") as file:
        file.write(first + "".join(f"{line}\n" for line in layout(header)))
    return 0


def check(header, path):
    first, forbidden = judge(header, path)
    if forbidden is not None:
        return say(forbidden)
    missing = unlisted(header)
    if missing:
        return say(f"{', '.join(missing)}: not in AK_STRUCTS_ of {header}")
    with open(path, encoding="utf-8") as file:
        if file.read().splitlines() != [first.rstrip("\n"), *layout(header)]:
            return say(f"{path} is not up to date: make layout")
    return 0


if __name__ == "__main__":
    sys.exit({"check": check, "update": update}[sys.argv[1]](*sys.argv[2:]))
