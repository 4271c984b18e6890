"""includes.py: what is included is used.

usage: includes.py DIRECTORY CC FLAG... Prints a line for each header that a file below DIRECTORY
includes without using anything of it; the exit status is 0 if there is none.

A header offers its macros, functions, variables, types and enumerators, as the preprocessor
finds them in it: no list of them is kept by hand. To a header of the system belongs what it
includes of those that are not for users, and those in its own folder (curl/). x.c may always
include x.h.
"""

import concurrent.futures
import glob
import os
import re
import subprocess
import sys

FOLDERS = ("actions", "cli", "core", "fcgi", "kit", "tests")
STANDS_FOR = {'"core/base/json.h"': "/json-c/"}     # a library that a header of ours hands on
FLAGS = ("-std=gnu11", "-D_GNU_SOURCE", "-DENABLE_COVERAGE", "-I.", "-Icore", "-Ikit")
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(<[^>]+\.h>|\"[^\"]+\.h\")", re.M)
NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
MARKER = re.compile(r"# \d+ \"([^\"]*)\"((?: \d)*)")
DEFINE = re.compile(r"#define (\w+)")
FOR_THE_SYSTEM = re.compile(r"/(bits|asm|asm-generic|linux)/")
TOKEN = re.compile(r"[A-Za-z_]\w*|\S")
WORD = re.compile(r"[A-Za-z_]\w*")
NO_NAMES = frozenset(
    "char const double enum extern float inline int long register restrict short signed static "
    "struct typedef union unsigned void volatile _Atomic _Bool _Noreturn _Thread_local "
    "__extension__ __inline __restrict __const".split())
WITH_ARGUMENTS = ("__attribute__", "__asm__", "_Alignas", "_Static_assert")


def is_name(token):
    return WORD.fullmatch(token) and token not in NO_NAMES


def declared_by(declaration):
    """The names of a declaration without what is in parentheses, brackets and braces."""
    found, last = [], None
    for token in declaration + [","]:
        if is_name(token):
            last = token
        elif token in "(,=[:" and last:
            found.append(last)
            if token == "(" and "typedef" not in declaration:
                break       # of a function; macros may follow
            last = None
    return found


def names(text):
    """What preprocessed text declares, outside of structs and functions."""
    found, declaration, before = set(), [], ["", ""]
    depth, attribute, enumerators = 0, False, False
    for token in TOKEN.findall(NO_CODE.sub(" 0 ", text)):
        if token in WITH_ARGUMENTS and not depth:
            attribute = True
        elif token in "({[":
            if not depth and not attribute:
                if token == "{":
                    enumerators = "enum" in declaration[-2:]
                    found.update(filter(is_name, declaration[-1:]))     # the tag
                declaration.append(token)
            depth += 1
        elif token in ")}]":
            depth -= 1
            if not depth:
                enumerators = attribute = False
                # What has parameters and a body is a function.
                if token == "}" and "(" in declaration and "=" not in declaration:
                    declaration.append(";")
        elif depth == 1 and enumerators and before[1] in "{,":
            found.add(token)
        elif depth == 1 and before == ["(", "*"] and not attribute and is_name(token):
            declaration[-1:] = [token, "("]     # (*name)
        elif not depth and token != ";":
            declaration.append(token)
        if not depth and (token == ";" or declaration[-1:] == [";"]):
            found.update(declared_by(declaration))
            declaration = []
        before = [before[1], token]
    return found


def is_part(path, include, of_part):
    """Whether a file is part of a header; of_part: whether who includes it is."""
    name, folder = include[1:-1], os.path.dirname(include[1:])
    if f"/{path}".endswith(f"/{name}") or STANDS_FOR.get(include, "\n") in path:
        return True
    return include[0] == "<" and of_part and bool(
        os.path.basename(path) == os.path.basename(name) or FOR_THE_SYSTEM.search(path) or
        folder not in ("", "sys") and f"/{folder}/" in path)


def offered(command, include):
    """The names that a header offers."""
    done = subprocess.run([*command, *FLAGS, "-E", "-dD", "-x", "c", "-"],
                          input=f"#include {include}\n", text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{include}: {done.stderr}")
    found, text, inside = set(), [], [False]
    for line in done.stdout.split("\n"):
        if marker := MARKER.match(line):
            if " 1" in marker[2]:
                inside.append(is_part(marker[1], include, len(inside) == 1 or inside[-1]))
            elif " 2" in marker[2]:
                inside.pop()
        elif not inside[-1]:
            continue
        elif define := DEFINE.match(line):
            found.add(define[1])
        elif not line.startswith("#"):
            text.append(line)
    return found | names("\n".join(text))


def main(top, *command):
    os.chdir(top)
    uses, includes = {}, []
    for path in sorted(path for folder in FOLDERS
                       for path in glob.glob(f"{folder}/**/*.[ch]", recursive=True)):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        own = f'"{os.path.splitext(path)[0]}.h"'
        includes += [(path, include) for include in INCLUDE.findall(text)
                     if include not in (own, '"config.h"')]
        uses[path] = set(WORD.findall(NO_CODE.sub(" 0 ", INCLUDE.sub("", text))))
    headers = sorted({include for _, include in includes})
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        offers = dict(zip(headers, pool.map(lambda name: offered(command, name), headers)))
    unused = [(path, include) for path, include in includes
              if offers[include].isdisjoint(uses[path])]
    for path, include in unused:
        print(f"{path}: nothing of {include} is used")
    if not includes:
        print(f"nothing to look at in {top}")
    return 1 if unused or not includes else 0


sys.exit(main(*sys.argv[1:]))
