#!/usr/bin/env python3
"""Who may open what in the state directory: modes and groups, whoever made the files and how."""

import functools
import os
import stat

from harness import (
    EX_CONFIG, NOBODY, SOME_GROUP, Server, Skip, check, command, contains, equal, main,
    nobodys_server, test, wait_for)

SHARED = {"actionkit.db", "actionkit.db-wal", "actionkit.db-shm", "scoreboard"}
PRIVATE = {"ballast", "server.lock", "reaper.lock", "gate.lock", "executions.lock"}
DIRECTORIES = {"files", "files/incoming"}
ALL = {".", *SHARED, *PRIVATE, *DIRECTORIES}
# Of the test's programs only, or named after what is in it.
OTHERS = ("coverage",)


def found(server, *names):
    """Modes of what is in the state directory, or of these."""
    names = names or {".", *(os.path.relpath(os.path.join(folder, name), server.state_dir)
                             for folder, folders, files in os.walk(server.state_dir)
                             for name in folders + files)}
    return {name: stat.S_IMODE(os.lstat(os.path.join(server.state_dir, name)).st_mode)
            for name in names if not name.startswith(OTHERS)}


def wanted(names, grouped):
    """The modes that these should have."""
    return {name: (0o750 if name == "." and grouped else
                   0o640 if name in SHARED and grouped else
                   0o700 if name == "." or name in DIRECTORIES else 0o600) for name in names}


def in_octal(modes):
    return {name: f"{mode:04o}" for name, mode in sorted(modes.items())}


def check_modes(server, grouped):
    equal(in_octal(found(server)), in_octal(wanted(found(server), grouped)), "modes")


def used(server):
    """Has a server make all that it ever makes."""
    execution = server.effect()
    execution.upload(("file", "x", "name")).ok()
    execution.stop().ok()
    wait_for(lambda: SHARED | PRIVATE <= set(os.listdir(server.state_dir)), "all files")


def tried(server, grouped):
    used(server)
    check_modes(server, grouped)
    if grouped:
        groups = {name: os.lstat(os.path.join(server.state_dir, name)).st_gid
                  for name in {".", *SHARED}}
        equal(groups, dict.fromkeys(groups, SOME_GROUP), "groups")


def under(make, grouped):
    """A server that makes its directory, and one that finds it; who it belongs to."""
    with make(**({"state_group": SOME_GROUP} if grouped else {})) as server:
        os.rmdir(server.state_dir)
        server.serve()
        tried(server, grouped)
        server.kill_all()
        server.serve()
        check_modes(server, grouped)
        owners = {os.lstat(os.path.join(server.state_dir, name)).st_uid
                  for name in found(server)}
        equal(len(owners), 1, "owners")
        return owners.pop()


def umasks(grouped, umask):
    """A server of this user's, and one of a user without rights, under an umask."""
    if grouped and os.geteuid() != 0:
        raise Skip("a group of our own can be had as root only")
    equal(under(functools.partial(Server, serve=False, before=lambda: os.umask(umask)),
                grouped), os.geteuid(), "owner")
    if os.geteuid() == 0:
        equal(under(functools.partial(nobodys_server, SOME_GROUP, umask=umask), grouped),
              NOBODY, "owner")


@test
def umask_077():
    """umask 077: nobody but the service's user"""
    umasks(False, 0o077)


@test
def umask_077_group():
    """umask 077 and --state-group: its members may read"""
    umasks(True, 0o077)


@test
def umask_0():
    """umask 0: nobody but the service's user"""
    umasks(False, 0)


@test
def umask_0_group():
    """umask 0 and --state-group: its members may read, and no more"""
    umasks(True, 0)


@test
def uploads():
    """Directories of uploads have their modes under any umask"""
    with Server(serve=False, before=lambda: os.umask(0o777 if os.geteuid() == 0 else 0)) \
            as server:
        server.serve()
        execution = server.effect()
        execution.upload(("file", "x", "name")).ok()
        names = ("files", "files/incoming", f"files/{execution.id}")
        equal(in_octal(found(server, *names)), dict.fromkeys(sorted(names), "0700"), "modes")


@test
def restored():
    """Wrong modes, as of a copy, are found by check, and corrected at the start"""
    with Server() as server:
        used(server)
        server.kill_all()
        for name in ALL:
            os.chmod(os.path.join(server.state_dir, name), 0o777)
        said = command("check", server=server, status=1).out
        for name, mode in wanted(ALL, False).items():
            path = os.path.normpath(os.path.join(server.state_dir, name))
            contains(said, f"{path}: has mode 0777, it should have {mode:04o}", "check")
        os.chmod(server.state_dir, 0o755)
        server.serve()
        check_modes(server, False)
        contains(server.log(), "gate.lock: has mode 0777, it should have 0600: corrected",
                 "log")
        equal([line for line in command("check", server=server).out.splitlines()
               if line.startswith("failed")], [], "check")
        # The other way: too little.
        server.kill_all()
        for name in sorted(ALL - {"."}, reverse=True):
            os.chmod(os.path.join(server.state_dir, name), 0)
        server.serve()
        server.running().stop().ok()
        check_modes(server, False)


@test
def restored_for_a_group():
    """With --state-group check wants what serve makes, and says so where it is not given"""
    with Server(serve=False, state_group=SOME_GROUP) as server:
        if os.geteuid() != 0:
            raise Skip("a group of our own can be had as root only")
        server.serve()
        used(server)
        command("check", "--state-group", SOME_GROUP, server=server)
        contains(command("check", server=server, status=1).out,
                 "where serve has a --state-group, check needs it too", "check")
        os.chown(server.database, -1, SOME_GROUP + 1)
        contains(command("check", "--state-group", SOME_GROUP, server=server, status=1).out,
                 f"actionkit.db: has group {SOME_GROUP + 1}, it should have group "
                 f"{SOME_GROUP}", "check")


@test
def group_that_cannot_be_had():
    """A group that the service's user is not in is refused, and nothing is served"""
    with nobodys_server(state_group=SOME_GROUP) as server:
        server.serve(ready=False)
        equal(server.wait_exit(), 78, "exit status")
        contains(server.log(), f"state-group {SOME_GROUP}: the service's user is no member of "
                 "this group", "log")
        check(not os.path.exists(server.socket), "it has served")
    with nobodys_server(socket_group=SOME_GROUP) as server:
        server.serve(ready=False)
        equal(server.wait_exit(), 78, "exit status")
        contains(server.log(), f"socket-group {SOME_GROUP}: the service's user is no member of "
                 "this group", "log")


@test
def not_to_be_trusted():
    """What others may have written is refused, with exit status 78, and left as it is"""
    with Server(serve=False) as server:
        server.serve()
        used(server)
        server.kill_all()

        def refused(words):
            before = in_octal(found(server))
            for arguments in ([], ["--test"]):
                done = command("serve", "--socket", server.socket, *arguments, server=server,
                               status=EX_CONFIG)
                contains(done.out + done.err, words, f"serve {arguments}")
            equal(in_octal(found(server)), before, "modes")
        for mode in (0o770, 0o720, 0o702, 0o777, 0o1777):
            os.chmod(server.state_dir, mode)
            refused(f"has mode {mode:04o}, so others may have changed what is in it")
        os.chmod(server.state_dir, 0o700)
        for name in SHARED | PRIVATE | {"files"}:
            path = os.path.join(server.state_dir, name)
            if not os.path.exists(path):
                continue
            os.rename(path, path + ".away")
            for target in (path + ".away", "/nowhere"):
                os.symlink(target, path)
                refused(f"{name}: is a symbolic link")
                os.unlink(path)
            os.rename(path + ".away", path)
        if os.geteuid() == 0:
            os.chown(server.state_dir, NOBODY, -1)
            refused(f"belongs to user {NOBODY}, and this is user 0")
            os.chown(server.state_dir, 0, -1)
        # A directory that a link leads to is one.
        os.rename(server.state_dir, server.state_dir + ".there")
        os.symlink(server.state_dir + ".there", server.state_dir)
        command("serve", "--socket", server.socket, "--test", server=server)


@test
def files_of_others():
    """A file of somebody else's is left as it is, and named; hard links are not followed"""
    with nobodys_server(unclean=True) as server:
        server.serve()
        used(server)
        server.kill_all()
        os.chown(os.path.join(server.state_dir, "ballast"), 0, 0)
        os.chmod(os.path.join(server.state_dir, "ballast"), 0o666)
        other = os.path.join(server.dir, "other")
        with open(other, "wb"):
            os.chmod(other, 0o644)
        os.chown(other, NOBODY, NOBODY)
        os.unlink(os.path.join(server.state_dir, "gate.lock"))
        os.link(other, os.path.join(server.state_dir, "gate.lock"))
        server.serve()
        for text in ("ballast: belongs to user 0, it should belong to user 65534",
                     "gate.lock: has mode 0644, it should have 0600: Operation not permitted"):
            contains(server.log(), text, "log")
        equal(f"{stat.S_IMODE(os.stat(other).st_mode):04o}", "0644", "the other file")


main()
