#!/usr/bin/env python3
"""What the documents say is so: links, paths, options, the example.

Each check reads a copy of the documents, and returns what is wrong with it; so each is also
tried on a copy in which something is wrong.
"""

import contextlib
import functools
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import (  # noqa: E402
    ACTIONKIT, TOP_BUILDDIR, TOP_SRCDIR, check, clean_environment, contains, equal, main,
    test)

README = "README.md"
README_LINES_MAX = 220
OPERATE = "docs/operate.md"
MANUAL = "cli/actionkit.1"
# Below these nothing is in the tree until make has made it.
MADE = ("tests/fuzz/clang/",)
# Options of gcc and of the program itself, and what stands for any of them.
OTHERS = ("coverage", "version", "option")
WARNINGS = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.M)
# A file without its folder.
BARE = re.compile(r"[\w.-]+\.(?:[ch]|mk|sql|py|sh|md|am|ac|in|def|pml)$")
# What stands for a part of a name: NAME, NNNN, <name>.
PLACEHOLDER = re.compile(r"NAME|NNNN|<\w+>")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def documents(root):
    """The documents in Markdown, by their paths in the tree."""
    return sorted(os.path.relpath(path, root)
                  for path in glob.glob(f"{root}/*.md") + glob.glob(f"{root}/docs/*.md"))


# Links and paths

def folders():
    """The folders of the tree; those that a build makes are none."""
    made = {os.path.basename(os.path.dirname(path))
            for path in glob.glob(f"{TOP_SRCDIR}/*/local.mk")}
    return made | {"docs", ".ci"}


def names():
    """The names of all files of the tree, without their folders."""
    found = set(os.listdir(TOP_SRCDIR)) | set(os.listdir(TOP_BUILDDIR))
    for folder in folders():
        for top in (TOP_SRCDIR, TOP_BUILDDIR):
            for _, _, files in os.walk(os.path.join(top, folder)):
                found.update(files)
    return found


def exists(path):
    pattern = PLACEHOLDER.sub("*", path)
    return path.startswith(MADE) or any(
        glob.glob(os.path.join(top, pattern)) for top in (TOP_SRCDIR, TOP_BUILDDIR))


def anchors(text):
    """Those that the headings have, by GitHub's rule."""
    found = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(slug)
    return found


def broken_links(root):
    faults = []
    for document in documents(root):
        prose = SPAN.sub("", FENCE.sub("", read(root, document)))
        for link in LINK.findall(prose):
            if re.match(r"\w+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(document), path)) \
                if path else document
            if not exists(target):
                faults.append(f"{document}: {link}: no such file")
            elif anchor and anchor not in anchors(read(root, target)):
                faults.append(f"{document}: {link}: no such heading")
    return faults


def words(text):
    """What may be a path: without the punctuation around it, "./" and an anchor."""
    for word in re.split(r"[\s'\"=,;:()|]+", text):
        yield word.split("#")[0].removeprefix("./").rstrip(".")


def missing_paths(root):
    """Paths in backquotes and in examples, which begin with a folder of the tree; and names."""
    top, known, faults = folders(), names(), []
    known.update(os.path.basename(name) for name, _ in examples(root))
    for document in documents(root):
        text = read(root, document)
        fences = [fence for _, fence in FENCE.findall(text)]
        spans = SPAN.findall(FENCE.sub("", text))
        for word in (word for part in fences + spans for word in words(part)):
            if word.split("/")[0] in top and "/" in word and not exists(word):
                faults.append(f"{document}: {word}: no such file")
        for word in (word for span in spans for word in words(span)):
            if BARE.match(word) and not PLACEHOLDER.search(word) and word not in known:
                faults.append(f"{document}: {word}: no file has this name")
    return faults


def long_readme(root):
    lines = read(root, README).count("\n")
    return [f"{README}: {lines} lines, at most {README_LINES_MAX}"] \
        if lines > README_LINES_MAX else []


# Options

class Option:
    """An option as it is shown somewhere: argument, default and variables."""

    def __init__(self, argument, default, variables):
        self.argument = argument.lower()
        self.default = default
        self.variables = variables

    def __repr__(self):
        return f"argument {self.argument or 'none'}, default {self.default or 'none'}, " \
            f"environment {' '.join(self.variables) or 'none'}"


@functools.cache
def help_of(*arguments):
    done = subprocess.run([ACTIONKIT, *arguments, "--help"], stdout=subprocess.PIPE,
                          env=clean_environment(), text=True, check=True)
    return done.stdout


def subcommands():
    listed = help_of().partition("Subcommands:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()]


@functools.cache
def options_of(subcommand):
    """Options by name, as --help has them; of one option in a line, or in a paragraph."""
    text = help_of(subcommand)
    found = {}
    for match in re.finditer(r"^  --(\S+)(?: ([A-Z=]+))?(?: +(.*))?\n((?:   .*\n)*)", text,
                             re.M):
        name, argument, line, paragraph = match.groups(default="")
        about = " ".join(f"{line} {paragraph}".split())
        default = re.search(r"Default: (.+?)[.,](?: |$)", about)
        variables = re.search(r"(?:Environment: |or )((?:[A-Z]+_[A-Z_]+(?:, )?)+)\.?$", about)
        found[name] = Option(argument, default and default.group(1),
                             variables.group(1).split(", ") if variables else [])
    check(found, f"no options in the help of {subcommand}")
    return found


def table_options(root):
    """Options by name, as the table of operate.md has them."""
    found = {}
    for line in read(root, OPERATE).splitlines():
        if line.startswith("| `--"):
            option, default, variables, _ = [cell.strip() for cell in
                                             line.strip("|").split("|")]
            name, _, argument = option.strip("`").removeprefix("--").partition(" ")
            spans = SPAN.findall(default)
            found[name] = Option(argument, spans[0] if spans else None, SPAN.findall(variables))
    return found


def plain(line):
    """A line of mdoc as text."""
    if not line.startswith("."):
        return line
    line = re.sub(r"\b(?:Ar|Cm|Dv|Ev|Fl|Fn|Li|No|Pa|Ql|Qq|Sx|Xr) ", "", line[1:] + " ")
    return re.sub(r" ([.,:;]) ", r"\1 ", line)


def manual_sections(root):
    """The subsections of the manual, by the first word of their titles."""
    sections = {}
    for section in re.split(r"^\.S[sh] ", read(root, MANUAL), flags=re.M)[1:]:
        sections[section.split()[0]] = section
    return sections


def manual_options(section):
    """Options by name, from the list in a subsection of the manual."""
    found = {}
    for item in re.split(r"^\.It ", section, flags=re.M)[1:]:
        head, _, body = item.partition("\n")
        match = re.match(r"Fl Fl (\S+)(?: Ar (.*?))?(?: Pq Ev (.*))?$", head)
        if match is None:
            continue
        name, argument, variables = match.groups(default="")
        text = " ".join(" ".join(plain(line) for line in body.splitlines()).split())
        default = re.search(r"The default is (.+?)[.:](?: |$)", text)
        found[name] = Option(argument.replace(" Ns = Ns Ar ", "="),
                             default and default.group(1), variables.split(" , ")
                             if variables else [])
    return found


def synopsis_options(root):
    """The names of options by subcommand, as in SYNOPSIS."""
    found = {}
    for entry in manual_sections(root)["SYNOPSIS"].split("\n.Nm\n")[1:]:
        match = re.match(r"\.Cm (\w+)", entry)
        if match is not None:
            found.setdefault(match.group(1), set()).update(
                re.findall(r"\bFl Fl ([\w-]+)", entry))
    return found


def compare(where, shown, real):
    faults = [f"{where}: --{name} is missing" for name in real.keys() - shown.keys()]
    faults += [f"{where}: there is no --{name}" for name in shown.keys() - real.keys()]
    faults += [f"{where}: --{name}: {shown[name]}; it has {real[name]}"
               for name in real.keys() & shown.keys() if repr(shown[name]) != repr(real[name])]
    return sorted(faults)


def wrong_table(root):
    return compare(OPERATE, table_options(root), options_of("serve"))


def wrong_manual(root):
    sections, synopsis, faults = manual_sections(root), synopsis_options(root), []
    for subcommand in subcommands():
        where = f"{MANUAL}, {subcommand}"
        if subcommand not in sections or subcommand not in synopsis:
            faults.append(f"{where}: is not there")
            continue
        real = options_of(subcommand)
        if subcommand == "serve":
            faults += compare(where, manual_options(sections[subcommand]), real)
            continue
        # What all have is said once.
        real = {name: real[name] for name in real if name != "help"}
        faults += compare(where, manual_options(sections[subcommand]), real)
        faults += [f"{where}: --{name} in SYNOPSIS or in the help only"
                   for name in sorted(real.keys() ^ synopsis[subcommand])]
    return faults


def commands(root):
    """Command lines of the program in a document: what follows `actionkit`, or a subcommand."""
    for document in documents(root):
        text = read(root, document)
        lines = [line for _, fence in FENCE.findall(text) for line in fence.splitlines()]
        for line in [*lines, *SPAN.findall(FENCE.sub("", text))]:
            called = re.split(r"(?:^|[ /])(?:actionkit|marker) ", line)[-1].split()
            if called:
                yield document, called


def unknown_options(root):
    """Options that a subcommand does not have, or nothing does that this tree has."""
    anywhere = set(OTHERS).union(*map(options_of, subcommands()))
    anywhere.update(f"enable-{name}" for name in re.findall(
        r"AC_ARG_ENABLE\(\[(\w+)\]", read(TOP_SRCDIR, "configure.ac")))
    faults = []
    for document, called in commands(root):
        if called[0] in subcommands():
            known = options_of(called[0])
        elif re.match(r"--\w", called[0]):
            known = anywhere
        else:
            continue
        faults += [f"{document}: {' '.join(called)}: there is no {word}" for word in called
                   if word.startswith("--") and word[2:].partition("=")[0] not in known]
    return faults


# The example

def examples(root):
    """Name and text of the programs in the documents: /* name.c: ... */ is their first line."""
    for document in documents(root):
        for language, text in FENCE.findall(read(root, document)):
            if language == "c":
                yield re.match(r"/\* (\w+\.c):", text).group(1), text


def built(directory, name, text):
    """Compiles and links it as its author would, in this tree; what failed, or None."""
    source = os.path.join(directory, name)
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    instrument = shlex.split(os.environ.get("AK_INSTRUMENT", ""))
    commands = (
        [*compiler, *WARNINGS.split(), *instrument, f"-I{TOP_SRCDIR}/core", "-c", source,
         "-o", f"{directory}/example.o"],
        [f"{TOP_BUILDDIR}/libtool", "--quiet", "--tag=CC", "--mode=link", *compiler,
         *instrument, "-o", f"{directory}/example", f"{directory}/example.o",
         f"{TOP_BUILDDIR}/libactionkit.la"],
        [f"{directory}/example", "serve", "--test", "--socket", f"{directory}/socket",
         "--state-dir", directory])
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=directory, env=clean_environment(), text=True, check=False)
        if done.returncode != 0:
            return done.stdout
    return None


def broken_examples(root):
    found, faults = list(examples(root)), []
    check(found, "there is no example")
    for name, text in found:
        with tempfile.TemporaryDirectory(prefix="ak-documents-") as directory:
            output = built(directory, name, text)
            if output is not None:
                faults.append(f"{name}: {output}")
    return faults


# The tests

@contextlib.contextmanager
def copy():
    """A copy of what is read of the documents."""
    with tempfile.TemporaryDirectory(prefix="ak-documents-") as root:
        for path in [*documents(TOP_SRCDIR), MANUAL]:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            shutil.copy(os.path.join(TOP_SRCDIR, path), os.path.join(root, path))
        yield root


def change(root, path, old, new):
    text = read(root, path)
    contains(text, old, path)
    os.chmod(os.path.join(root, path), 0o644)
    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))


def notices(look, path, old, new, *faults):
    """Whether a check says these faults, and no others, where old has become new."""
    with copy() as root:
        change(root, path, old, new)
        found = look(root)
        equal(len(found), len(faults), f"faults in {found}")
        for fault, text in zip(faults, found):
            contains(text, fault, f"{old!r} -> {new!r}")


def holds(look):
    equal(look(TOP_SRCDIR), [], look.__name__)


@test
def links():
    """Every link leads to a file and a heading"""
    holds(broken_links)


@test
def links_that_are_broken():
    """A link to no file, and one to no heading, are noticed"""
    notices(broken_links, README, "](SECURITY.md)", "](SAFETY.md)",
            "README.md: SAFETY.md: no such file")
    notices(broken_links, README, "(docs/develop.md#add-an-action)",
            "(docs/develop.md#add-a-house)", "#add-a-house: no such heading")
    notices(broken_links, OPERATE, "](../SECURITY.md)", "](SECURITY.md)",
            "docs/operate.md: SECURITY.md: no such file")
    notices(broken_links, OPERATE, "## Deploy", "## Install",
            "SECURITY.md: docs/operate.md#deploy: no such heading",
            "docs/operate.md: #deploy: no such heading")


@test
def paths():
    """Every path of the tree that is named exists"""
    holds(missing_paths)


@test
def paths_that_are_missing():
    """A path that is missing is noticed: in prose, in an example, as a bare name"""
    notices(missing_paths, README, "`core/actionkit.3`", "`core/actionkit.4`",
            "README.md: core/actionkit.4: no such file")
    notices(missing_paths, README, "$ ./marker serve", "$ tests/e2e/marker serve",
            "README.md: tests/e2e/marker: no such file")
    notices(missing_paths, "CONTRIBUTING.md", "`.editorconfig`", "`editor.py`",
            "CONTRIBUTING.md: editor.py: no file has this name")
    notices(missing_paths, "docs/develop.md", "`migrations/NNNN_NAME.sql`",
            "`migrations/NNNN_NAME.sqlite`", "NNNN_NAME.sqlite: no such file")


@test
def readme():
    """README.md is short, and one line too many is noticed"""
    holds(long_readme)
    notices(long_readme, README, "# ", "\n" * README_LINES_MAX + "# ", "at most 220")


@test
def table_of_options():
    """The table of options in operate.md has all of serve, with defaults and variables"""
    holds(wrong_table)


@test
def table_that_is_wrong():
    """A row that is missing, one too many, and a wrong cell are noticed"""
    row = next(line for line in read(TOP_SRCDIR, OPERATE).splitlines()
               if line.startswith("| `--grace"))
    notices(wrong_table, OPERATE, row + "\n", "", "--grace is missing")
    notices(wrong_table, OPERATE, row, row + "\n" + row.replace("--grace", "--mercy"),
            "there is no --mercy")
    notices(wrong_table, OPERATE, row, row.replace("`30s`", "`31s`"), "default 31s")
    notices(wrong_table, OPERATE, row, row.replace("`30s`", "half a minute"), "default none")
    notices(wrong_table, OPERATE, row, row.replace("ACTIONKIT_GRACE", "GRACE"),
            "environment GRACE")
    notices(wrong_table, OPERATE, row, row.replace("DURATION", "COUNT"), "argument count")


@test
def manual():
    """actionkit(1) has all subcommands and options, with defaults and variables"""
    holds(wrong_manual)


@test
def manual_that_is_wrong():
    """A missing option, one too many, and a wrong default or variable are noticed"""
    notices(wrong_manual, MANUAL, "\n.It Fl Fl grace Ar", "\n.It Fl Fl mercy Ar",
            "serve: --grace is missing", "serve: there is no --mercy")
    notices(wrong_manual, MANUAL, "The default is 5m.", "The default is 2h.",
            "serve: --never-started")
    notices(wrong_manual, MANUAL, "Pq Ev ACTIONKIT_GRACE", "Pq Ev ACTIONKIT_MERCY",
            "environment ACTIONKIT_MERCY")
    notices(wrong_manual, MANUAL, "The default is 90s.", "The default is 9s.",
            "run: --stop-timeout")
    notices(wrong_manual, MANUAL, "\n.It Fl Fl watch\n", "\n.It Fl Fl look\n",
            "list: --watch is missing", "list: there is no --look")
    notices(wrong_manual, MANUAL, "\n.Op Fl Fl watch\n", "\n",
            "list: --watch in SYNOPSIS or in the help only")
    notices(wrong_manual, MANUAL, "\n.Ss recover\n", "\n.Ss rescue\n", "recover: is not there")


@test
def options():
    """Every option that is named in a document exists"""
    holds(unknown_options)


@test
def options_that_are_none():
    """An option that no subcommand has, or not this one, is noticed"""
    notices(unknown_options, "SECURITY.md", "`--allow-file-url`", "`--allow-url`",
            "there is no --allow-url")
    notices(unknown_options, OPERATE, "`actionkit stop --all --reason 'incident 42'`",
            "`actionkit stop --everything`", "there is no --everything")
    notices(unknown_options, OPERATE, "`list --watch`", "`show --watch`",
            "show --watch: there is no --watch")
    notices(unknown_options, "docs/develop.md", "`--enable-werror`", "`--enable-error`",
            "there is no --enable-error")


@test
def example():
    """The program in README.md compiles without a warning, and its tables are right"""
    holds(broken_examples)


@test
def example_that_is_wrong():
    """One that does not compile, and one whose table is wrong, are noticed"""
    notices(broken_examples, README, "AK_TEXT(", "AK_WORDS(", "AK_WORDS")
    notices(broken_examples, README, '.label = "Marker file"', '.label = ""',
            "org.example.marker")


def actions_of_the_program():
    return subprocess.run([ACTIONKIT, "describe", "--markdown"], check=True, text=True,
                          stdout=subprocess.PIPE, env=clean_environment()).stdout


@test
def page_of_the_actions():
    """docs/actions.md is what the program says of its actions"""
    equal(read(TOP_SRCDIR, "docs/actions.md"), actions_of_the_program(),
          "docs/actions.md, written by `actionkit describe --markdown`,")


CAPABILITY = re.compile(r"\bCAP_[A-Z_]+\b")
DROP_INS = "packaging/actionkit.service.d"
UNIT = "packaging/actionkit.service.in"


def needed_capabilities():
    """By action: what it needs, and what it does more with, where either is a capability."""
    needed, action = {}, None
    for line in actions_of_the_program().splitlines():
        found = re.match(r"`org\.actionkit\.([a-z-]+)`, version", line)
        if found:
            action = found[1]
        for place, words in enumerate(("Needs ", "Does more with ")):
            if action and line.startswith(words):
                for name in CAPABILITY.findall(line):
                    needed.setdefault(action, (set(), set()))[place].add(name)
    return needed


def table_of_capabilities(root):
    rows = re.findall(r"^\| `([a-z-]+)` \|(.*)\|(.*)\| (.*) \|$",
                      read(root, OPERATE).partition("### Capabilities by action")[2]
                      .partition("\n## ")[0], re.M)
    return {action: (set(CAPABILITY.findall(needs)), set(CAPABILITY.findall(more)), where)
            for action, needs, more, where in rows}


def wrong_capabilities(root):
    """Where the table is not what actions say, or a drop-in does not give what one needs."""
    shown, needed = table_of_capabilities(root), needed_capabilities()
    faults = [f"{action}: the table has {shown.get(action, (None, None))[:2]}, not {real}"
              for action, real in needed.items() if shown.get(action, ())[:2] != real]
    faults += [f"{action}: is in the table and needs none"
               for action in shown if action not in needed]
    for action, (needs, more, where) in shown.items():
        path = UNIT if where == "the unit has it" else os.path.join(DROP_INS, where.strip("`"))
        given = [set(CAPABILITY.findall(line)) for line in read(TOP_SRCDIR, path).splitlines()
                 if line.startswith(("AmbientCapabilities=", "CapabilityBoundingSet="))]
        # Modules are loaded by others: the unit is to have no right to.
        wanted = (needs | more) - {"CAP_SYS_MODULE"}
        faults += [f"{action}: {path} gives {names}" for names in given if not wanted <= names]
        if len(given) != 2:
            faults.append(f"{action}: {path} gives nothing")
    return faults


@test
def capabilities():
    """The table of capabilities is what actions say, and the drop-ins give them"""
    holds(wrong_capabilities)


@test
def capabilities_that_are_wrong():
    """What the table lacks, has too much of, or has in another drop-in, is noticed"""
    row = "| `tcp-reset` | `CAP_NET_ADMIN` | | `network.conf` |\n"
    notices(wrong_capabilities, OPERATE, row, "", "tcp-reset: the table has")
    notices(wrong_capabilities, OPERATE, row, row + row.replace("tcp-reset", "run-script"),
            "run-script: is in the table")
    notices(wrong_capabilities, OPERATE, row, row.replace("network", "shutdown"),
            "tcp-reset: packaging/actionkit.service.d/shutdown.conf",
            "tcp-reset: packaging/actionkit.service.d/shutdown.conf")
    notices(wrong_capabilities, OPERATE, row, row.replace("NET_ADMIN", "NET_RAW"),
            "tcp-reset: the table has", "tcp-reset: packaging", "tcp-reset: packaging")


if __name__ == "__main__":
    main()
