#!/usr/bin/env python3
"""The actions that load processors, memory and disks, as seen from outside."""

import os
import shutil
import subprocess

from harness import (ACTIONKIT, Execution, Server, Skip, alive, check, contains, equal, kill, main,
                     pids, proc_read, proc_stat, said, small_disk, test, wait_for)

CPU = "org.actionkit.stress-cpu"
MEMORY = "org.actionkit.stress-memory"
IO = "org.actionkit.stress-io"
FILL = "org.actionkit.fill-memory"
MIB = 1024 * 1024
DISK_BYTES = 512 * MIB
DURATION = {"duration": 60000}


def begun(server, action, **config):
    return Execution(server, action, {**DURATION, **config}).begun()


def working(server, name):
    """Pids of the processes of this server's workers, and of what they run, that begin so."""
    sessions = {str(pid).encode() for pid in server.named("ak-worker")} | \
        {proc_stat(pid)[3] for pid in server.named("ak-work") if alive(pid)}
    return [pid for pid in pids() if proc_read(pid, "comm").decode().startswith(name) and
            (proc_stat(pid) or [None] * 4)[3] in sessions and alive(pid)]


def ticks(found):
    """Processor time of all of them."""
    return sum(int(field) for pid in found for field in proc_stat(pid)[11:13])


def resident(found):
    """Bytes of memory that they have, none counted twice."""
    total = 0
    for pid in found:
        for line in proc_read(pid, "smaps_rollup").decode().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def needs_stress_ng():
    if not shutil.which("stress-ng"):
        raise Skip("stress-ng is not installed")


def memory_total():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@test
def processors():
    """stress-cpu: so many processes take so much time; none is left after the stop"""
    needs_stress_ng()
    with Server(ACTIONKIT) as server:
        execution = begun(server, CPU, cpuLoad=50, workers=2)
        found = wait_for(lambda: (seen := working(server, "stress-ng-cpu")) and
                         len(seen) == 2 and seen, "two processes")
        before = ticks(found)
        wait_for(lambda: ticks(found) - before > 20, "time that they take")
        equal(execution.status().ok()["completed"], False, "completed")
        execution.stop().ok()
        check(not any(map(alive, found)), "some are left")
        execution.stop().ok()
        execution = Execution(server, CPU, {**DURATION, "cpuLoad": 1, "workers": 0})
        contains(said(execution.prepare().ok()),
                 f"on {len(os.sched_getaffinity(1))} processors", "all processors")


@test
def share_of_memory():
    """stress-memory: so much is taken, and given back; more than there may be is refused"""
    needs_stress_ng()
    with Server(ACTIONKIT) as server:
        execution = begun(server, MEMORY, percentage=1)
        share = memory_total() // 100
        wait_for(lambda: resident(working(server, "stress-ng")) > 0.9 * share, "memory")
        found = working(server, "stress-ng")
        execution.stop().ok()
        check(not any(map(alive, found)), "some are left")
        execution = Execution(server, MEMORY, {**DURATION, "percentage": 0})
        execution.prepare().refused(422, "percentage")


@test
def disk():
    """stress-io: files in a directory of its own, which is gone after the stop"""
    needs_stress_ng()
    with Server(ACTIONKIT) as server, small_disk(DISK_BYTES) as folder:
        for mode in ("read_write_and_flush", "read_write", "flush"):
            execution = begun(server, IO, path=folder, mode=mode, workers=1,
                              mbytes_per_worker=20)
            equal(os.listdir(folder), [f".ak-stress-{execution.id}"], mode)
            wait_for(lambda: os.statvfs(folder).f_bfree < os.statvfs(folder).f_blocks - 100,
                     "files")
            wait_for(lambda: working(server, "stress-ng-" +
                                     ("iomix" if mode == "flush" else "hdd")), mode)
            execution.stop().ok()
            equal(os.listdir(folder), [], f"after {mode}")
            execution.stop().ok()
        for config, words in (({"mbytes_per_worker": 1000}, "It needs 1000 MB"),
                              ({"path": "/proc"}, "no space"), ({"path": "x"}, "absolute")):
            execution = Execution(server, IO, {
                **DURATION, "mode": "flush", "workers": 1, "mbytes_per_worker": 1,
                "path": folder, **config})
            contains(execution.prepare().failed()["title"], words, str(config))


@test
def disk_is_left_by_others():
    """stress-io: SIGKILL for everything, then serve; a hostile state; links that lead away"""
    needs_stress_ng()
    with Server(ACTIONKIT, unclean=True) as server, small_disk(DISK_BYTES) as folder:
        execution = begun(server, IO, path=folder, mode="read_write", workers=1,
                          mbytes_per_worker=20)
        own = os.path.join(folder, f".ak-stress-{execution.id}")
        other = os.path.join(folder, "other")
        os.makedirs(os.path.join(other, "deep"))
        os.symlink(other, os.path.join(own, "link"))
        os.makedirs(os.path.join(own, "a/b"))
        server.kill_all()
        server.serve()
        server.operator_stop(execution, "the end")
        execution.wait_phase("stopped")
        equal(sorted(os.listdir(folder)), ["other"], "what is left")
        equal(os.listdir(other), ["deep"], "behind the link")
        hostile = Execution(server, IO, id=execution.id[:-4] + "0000")
        for path in (folder, other, "", "/", "relative"):
            hostile.state = {"path": path, "made": True}
            hostile.stop()
            hostile.id = hostile.id[:-4] + f"{hash(path) % 10000:04d}"
        equal(os.listdir(folder), ["other"], "after hostile states")


@test
def ends_with_it():
    """stress-ng that is killed is an error with its words; with its server it ends, too"""
    needs_stress_ng()
    with Server(ACTIONKIT) as server:
        execution = begun(server, CPU, cpuLoad=10, workers=1)
        [program] = wait_for(lambda: [pid for pid in working(server, "stress-ng")
                                      if b"--cpu\0" in proc_read(pid, "cmdline")][:1], "it")
        kill(program)
        wait_for(lambda: execution.status().json()["completed"], "the end")
        contains(execution.stop().failed()["title"], "stress-ng was killed by signal 9", "title")
        execution = begun(server, CPU, cpuLoad=10, workers=1)
        found = wait_for(lambda: working(server, "stress-ng-cpu"), "it")
        for pid in working(server, "ak-work"):
            kill(pid)
        wait_for(lambda: execution.status().json()["completed"], "the end")
        execution.stop()
        check(not any(map(alive, found)), "it is left")


@test
def memory():
    """fill-memory: so many MiB are held, told, and given back"""
    with Server(ACTIONKIT) as server:
        execution = begun(server, FILL, mode="absolute", size=200, unit="MiB")
        wait_for(lambda: resident(working(server, "ak-work")) > 200 * MIB, "memory")
        check(resident(working(server, "ak-work")) < 220 * MIB, "more than that")
        scores = sorted(proc_read(pid, "oom_score_adj") for pid in working(server, "ak-work"))
        equal(scores[-1], scores and b"1000\n", "who is killed first")
        metric = wait_for(lambda: execution.status().ok().get("metrics"), "a metric")[-1]
        check(metric["name"] == "memory_used" and metric["value"] > 200, f"{metric}")
        second = Execution(server, FILL, {**DURATION, "mode": "usage", "size": 1, "unit": "%"})
        contains(second.prepare().failed()["title"], "In use by another execution", "title")
        reply = execution.stop().ok()
        contains(reply["summary"]["text"], "Held 200 MiB", "summary")
        equal(working(server, "ak-work"), [], "what is left")
        execution.stop().ok()
        for config, words in (({"size": 101, "unit": "%"}, "101 percent"),
                              ({"size": 2 ** 30, "unit": "MiB"}, "--memory-reserve")):
            second.config.update(mode="absolute", **config)
            contains(second.prepare().failed()["title"], words, str(config))


def used_mib():
    with open("/proc/meminfo", encoding="ascii") as file:
        values = {line.split()[0]: int(line.split()[1]) for line in file}
    return (values["MemTotal:"] - values["MemAvailable:"]) // 1024


@test
def memory_usage():
    """fill-memory: the usage is brought where it should be and kept there; less is no work"""
    with Server(ACTIONKIT) as server:
        goal = used_mib() + 1400
        execution = begun(server, FILL, mode="usage", size=goal, unit="MiB")
        wait_for(lambda: used_mib() > goal - 100, "the goal")
        # So much that what the tests beside this one take and give back is little.
        [holder] = wait_for(lambda: [pid for pid in working(server, "ak-work")
                                     if resident([pid]) > 900 * MIB], "memory of its own")
        held = resident([holder])
        taker = subprocess.Popen(["python3", "-c",
                                  "x = b'x' * (1000 << 20); print(1, flush=True); input()"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        taker.stdout.readline()
        less = wait_for(lambda: (now := resident([holder])) < held - 200 * MIB and now,
                        "less, for others take it")
        taker.communicate(b"\n")
        wait_for(lambda: resident([holder]) > less + 100 * MIB, "more again")
        wait_for(lambda: abs(used_mib() - goal) < 100, "the goal again")
        server.kill_all()
        check(not alive(holder), "it is left")
        server.serve()
        wait_for(lambda: execution.status().json()["completed"], "completed")
        equal(execution.stop().failed()["title"], "The worker died", "title")
        execution = begun(server, FILL, mode="usage", size=1, unit="MiB")
        wait_for(lambda: execution.status().ok().get("metrics"), "a metric")
        contains(execution.stop().ok()["summary"]["text"], "Held 0 MiB", "summary")
        execution = begun(server, FILL, mode="absolute", size=64, unit="MiB")
        wait_for(lambda: resident(working(server, "ak-work")) > 64 * MIB, "memory")
        kill(max(working(server, "ak-work"), key=lambda pid: resident([pid])))
        wait_for(lambda: execution.status().json()["completed"], "the end")
        contains(execution.stop().failed()["title"], "was killed by signal 9", "title")


main()
