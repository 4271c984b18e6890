#!/usr/bin/env python3
"""Actions that change the whole machine, in one that is made for it: see machine.py."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from machine import Machine, require  # noqa: E402
from harness import check, contains, main, test  # noqa: E402


# Those that the actions name, and the queues beside which they are tried.
NETWORK_MODULES = "veth ifb sch_netem sch_ingress sch_fq sch_fq_codel sch_htb cls_bpf " \
    "act_mirred act_skbedit act_gact nf_tables nft_objref nft_numgen nft_reject_inet"


@test
def time_travel():
    """The clock of the machine, there and back, and after SIGKILL of everything"""
    require()
    with Machine("time_travel.sh") as machine:
        machine.passes()


@test
def memory():
    """Killed for want of memory: who is killed, what the action comes to, what is reserved"""
    require()
    with Machine("memory.sh") as machine:
        machine.passes()


@test
def shutdown():
    """A reboot: what ran is undone after it, the shutdown itself is over; then it is turned off"""
    require()
    with Machine("shutdown.sh", disk_mib=256) as machine:
        said = machine.boot("ak_boot=1")
        contains(said, "shutdown: asked", "first boot")
        check("machine: down" not in said and "not ok" not in said, said)
        contains(said, "reboot: Restarting system", "first boot")
        said = machine.boot("ak_boot=2")
        contains(said, "second boot: clean", "second boot")
        check("not ok" not in said, said)
        contains(said, "reboot: Power down", "second boot")


@test
def disk():
    """fill-disk on ext4 with blocks of root: percent as df shows, full, and after a hard reset"""
    require()
    with Machine("disk.sh", disk_mib=256) as machine:
        machine.boot("ak_boot=1")
        machine.passes("ak_boot=2")


@test
def quota():
    """fill-disk by a user with a quota: it is used up, which is no fault, and free again"""
    require()
    with Machine("quota.sh", disk_mib=64) as machine:
        machine.passes()


@test
def network():
    """Delay and corruption beside all usual queues, and what is left of them: nothing"""
    require()
    with Machine("network.sh", modules=NETWORK_MODULES) as machine:
        machine.passes()


main(workers=2)
