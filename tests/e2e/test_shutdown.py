#!/usr/bin/env python3
"""The action shutdown, as far as it goes without a machine to be shut down: see tests/vm."""

import os

from harness import ACTIONKIT, Execution, Server, contains, main, skip_all, test

SHUTDOWN = "org.actionkit.shutdown"


@test
def not_offered():
    """Nobody has it who has not asked for it by name"""
    with Server(ACTIONKIT) as server:
        Execution(server, SHUTDOWN, {"reboot": True}).prepare().refused(404)
    with Server(ACTIONKIT, enable_action="all") as server:
        Execution(server, SHUTDOWN, {"reboot": True}).prepare().refused(404)


@test
def in_a_container():
    """A container cannot shut its host down, and says so"""
    prefix = ["unshare", "-p", "-f", "--kill-child=TERM", "--mount-proc"]
    with Server(ACTIONKIT, enable_action=SHUTDOWN, prefix=prefix, unclean=True) as server:
        contains(str(Execution(server, SHUTDOWN, {"reboot": True}).prepare().json()),
                 "container", "error")


if os.geteuid() != 0 or os.system("unshare -p -f true 2>/dev/null"):
    skip_all("needs a namespace of processes")
main()
