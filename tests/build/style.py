"""style.py: what every text of ours keeps, whoever edits it.

usage: style.py DIRECTORY. Prints a line for each fault; the exit status is 0 if there is none.
"""

import os
import sys

COLUMNS_MAX = 100
TAB_COLUMNS = 8
ENDINGS = (".c", ".h", ".sh", ".py", ".mk", ".ac", ".am", ".sql")
MADE = "/* Made by"     # so begins what the build writes into a source tree
FOREIGN = ("autom4te.cache", "build-aux", "include", "m4")


def files(top):
    """What people write, in a tree that may be configured, or hold builds and tarballs."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(
            name for name in folders
            if not name.startswith((".", "actionkit-fcgi-")) and name not in FOREIGN and
            not os.path.exists(os.path.join(folder, name, "config.status")))
        for name in sorted(names):
            if name.endswith(ENDINGS) and (folder, name) != (top, "config.h"):
                yield os.path.join(folder, name)


def faults(text):
    """The faults of a text, each with its line."""
    lines = text.split("\n")
    if lines.pop():
        yield len(lines) + 1, "no end of line at the end"
    for number, line in enumerate(lines, 1):
        columns = len(line.expandtabs(TAB_COLUMNS))
        if columns > COLUMNS_MAX:
            yield number, f"{columns} columns"
        if line != line.rstrip():
            yield number, "blanks at the end"
    if lines and not lines[-1]:
        yield len(lines), "an empty line at the end"


def main(top):
    looked = found = 0
    for path in files(top):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.startswith(MADE):
            continue
        looked += 1
        for number, what in faults(text):
            found += 1
            print(f"{os.path.relpath(path, top)}:{number}: {what}")
    if not looked:
        print(f"nothing to look at in {top}")
    return 0 if looked and not found else 1


sys.exit(main(sys.argv[1]))
