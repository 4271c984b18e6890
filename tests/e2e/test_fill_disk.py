#!/usr/bin/env python3
"""The action fill-disk, on small file systems of its own."""

import os
import subprocess

from harness import (ACTIONKIT, Execution, Server, check, contains, equal, main, server_on,
                     small_disk, test, texts, wait_for)

FILL = "org.actionkit.fill-disk"
MIB = 1024 * 1024
DISK_BYTES = 64 * MIB
STATE_DISK_BYTES = 128 * MIB
RESERVED = 64 * MIB


class Fill(Execution):
    def __init__(self, server, path, size, mode="MB_TO_FILL", **config):
        super().__init__(server, FILL, {"duration": 60000, "mode": mode, "size": size,
                                        "path": path, **config})
        self.file = os.path.join(path, f".ak-fill-{self.id}")

    def filled(self):
        self.prepare().ok()
        return self.start().ok()

    def exists(self):
        return os.path.exists(self.file)


def available(path):
    space = os.statvfs(path)
    return space.f_bavail * space.f_frsize


def percent(path):
    """As df shows it."""
    space = os.statvfs(path)
    used = space.f_blocks - space.f_bfree
    return 100 * used / (used + space.f_bavail)


@test
def modes():
    """So many MB, so many left, a percentage as df shows it; gone after the stop"""
    with small_disk(DISK_BYTES) as disk, Server(ACTIONKIT) as server:
        before = available(disk)
        for method in ("AT_ONCE", "OVER_TIME"):
            for mode, size, reached in (
                    ("MB_TO_FILL", 10, lambda: before - available(disk) >= 10 * MIB),
                    ("MB_LEFT", 20, lambda: available(disk) <= 20 * MIB),
                    ("PERCENTAGE", 70, lambda: abs(percent(disk) - 70) < 1.5)):
                execution = Fill(server, disk, size, mode, method=method, blocksize=1)
                contains(texts(execution.filled())[0], "MB", "messages")
                wait_for(reached, f"{size} {mode} {method}")
                wait_for(lambda: execution.status().ok().get("metrics"), "a metric")
                execution.stop().ok()
                check(not execution.exists(), "the file is left")
                equal(available(disk), before, "space")
                execution.stop().ok()


@test
def more_than_there_is():
    """A disk that gets full is a success, and is free again after the stop"""
    with small_disk(DISK_BYTES) as disk, Server(ACTIONKIT) as server:
        before = available(disk)
        for method in ("AT_ONCE", "OVER_TIME"):
            execution = Fill(server, disk, 1000, method=method)
            execution.filled()
            wait_for(lambda: available(disk) < 64 * 1024, "a full disk")
            equal(execution.status().ok()["completed"], False, "completed")
            execution.stop().ok()
            equal(available(disk), before, "space")


@test
def full_already():
    """Fuller than asked is no error, and nothing is done"""
    with small_disk(DISK_BYTES) as disk, Server(ACTIONKIT) as server:
        execution = Fill(server, disk, 100, "MB_LEFT")
        contains(texts(execution.filled())[0], "as full as asked for already", "messages")
        check(not execution.exists(), "there is a file")
        contains(texts(execution.stop().ok())[0], "Nothing to remove", "messages of stop")


@test
def refused():
    """What cannot be filled is refused before anything is made"""
    with Server(ACTIONKIT) as server, small_disk(DISK_BYTES) as disk:
        file = os.path.join(disk, "file")
        with open(file, "w", encoding="ascii"):
            pass
        for path, mode, words in (("tmp", "MB_TO_FILL", "not an absolute path"),
                                  ("/no/such/path", "MB_TO_FILL", "Failed to find"),
                                  (file, "MB_TO_FILL", "Failed to open the directory"),
                                  ("/proc", "MB_TO_FILL", "no space that could be used"),
                                  (disk, "PERCENTAGE", "more than there is")):
            execution = Fill(server, path, 101, mode)
            contains(execution.prepare().failed()["title"], words, path)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        contains(Fill(server, disk, 1).prepare().failed()["title"], "can only be read", "ro")


@test
def one_at_a_time():
    """Two fills of one file system are refused with a sentence, and links are followed first"""
    with small_disk(DISK_BYTES) as disk, Server(ACTIONKIT) as server:
        link = os.path.join(server.dir, "link")
        os.symlink(disk, link)
        first = Fill(server, disk, 10)
        first.filled()
        second = Fill(server, link, 10)
        contains(second.prepare().failed()["title"], "In use by another execution", "title")
        first.stop().ok()
        second.filled()
        check(os.path.exists(os.path.join(disk, os.path.basename(second.file))), "no file")
        second.stop().ok()
        equal(os.listdir(disk), [], "what is left")


@test
def everything_dies():
    """SIGKILL for everything: the next server, or a missed agent, removes the file"""
    for method in ("AT_ONCE", "OVER_TIME"):
        with small_disk(DISK_BYTES) as disk, Server(ACTIONKIT) as server:
            execution = Fill(server, disk, 40, method=method, blocksize=1)
            execution.filled()
            wait_for(execution.exists, "the file")
            server.kill_all()
            check(execution.exists(), "the file is gone")
            server.serve()
            server.operator_stop(execution, "the end")
            execution.wait_phase("stopped")
            check(not execution.exists(), "the file is left")


@test
def other_file_systems():
    """What was filled is not mounted: an error, until it is; a directory that is gone is none"""
    with Server(ACTIONKIT, stop_retry="200ms") as server, small_disk(DISK_BYTES) as disk:
        below = os.path.join(disk, "below")
        os.mkdir(below)
        execution = Fill(server, below, 10)
        execution.filled()
        os.unlink(execution.file)
        contains(texts(execution.status().ok())[0], "Somebody has removed", "status")
        os.rmdir(below)
        contains(texts(execution.stop().ok())[-1], "below is gone", "stop")
        execution = Fill(server, disk, 10)
        execution.filled()
        subprocess.run(["umount", "-l", disk], check=True)
        execution.stop().refused(500, "is not mounted at")
        equal(execution.phase(), "stopping", "phase")
        # The tmpfs is gone with its file: a person says so.
        server.unclean = True


@test
def the_servers_own_disk():
    """On the file system of the state 64 MiB stay free, and the stop is recorded"""
    with small_disk(STATE_DISK_BYTES) as disk, server_on(disk, ACTIONKIT,
                                                         keep_free="1MiB") as server:
        execution = Fill(server, disk, 1000)
        contains(texts(execution.filled())[0], "64 MB stay free", "messages")
        check(abs(available(disk) - RESERVED) < 4 * MIB, f"{available(disk)} are free")
        execution.stop().ok()
        check(not execution.exists(), "the file is left")


@test
def hostile_states():
    """An adopted state removes nothing but the file of its own execution"""
    with small_disk(DISK_BYTES) as disk, Server(ACTIONKIT, unclean=True) as server:
        other = os.path.join(disk, ".ak-fill-11111111-1111-4111-8111-111111111111")
        for name in (other, os.path.join(disk, "file")):
            with open(name, "w", encoding="ascii"):
                pass
        execution = Fill(server, disk, 10)
        for path in (disk, f"{disk}/../..", f"{disk}/file", "", "relative", "/proc"):
            execution.state = {"path": path, "made": True, "size": 1, "mode": "../../x"}
            execution.stop()
            execution.id = execution.id[:-4] + f"{hash(path) % 10000:04d}"
        equal(sorted(os.listdir(disk)), [os.path.basename(other), "file"], "what is left")


main()
