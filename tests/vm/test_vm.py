#!/usr/bin/env python3
"""Actions that change the whole machine, in one that is made for it: see machine.py."""

import contextlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from machine import Machine, require  # noqa: E402
from harness import check, contains, main, test  # noqa: E402
from network import Net, require as needs_networks  # noqa: E402


# Those that the actions name, and the queues beside which they are tried.
NETWORK_MODULES = "veth ifb sch_netem sch_ingress sch_fq sch_fq_codel sch_htb sch_tbf cls_bpf " \
    "act_mirred act_skbedit act_gact nf_tables nft_objref nft_numgen nft_reject_inet " \
    "bridge vxlan ip_gre wireguard virtio_pci virtio_net"
TAP = "tap0"


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


def network(script, **options):
    with Machine(script, "network_guest.sh", modules=NETWORK_MODULES, **options) as machine:
        machine.passes()


@test
def network_queues():
    """Delay beside all usual queues, of what was there before, and together with loss"""
    require()
    network("network_queues.sh")


@test
def network_tunnels():
    """Delay of what goes through a tunnel, at its interface and below"""
    require()
    network("network_tunnels.sh")


@test
def network_beside():
    """All attacks on the network beside what others have there: it is the same to the byte"""
    require()
    network("network_beside.sh")


@test
def network_virtio():
    """At an interface of virtio with several queues: delay, loss, corruption, bandwidth, resets"""
    require()
    needs_networks()
    with contextlib.closing(Net()) as net, contextlib.ExitStack() as closers:
        net.run("sh", "-ec", f"""ip tuntap add dev {TAP} mode tap multi_queue
            ip addr add 10.78.0.2/24 dev {TAP}
            ip addr add fd78::2/64 dev {TAP} nodad
            ip link set {TAP} up""")
        net.peer(closers, [7001])
        network("network_virtio.sh", enter=net.enter, arguments=[
            "-smp", "2", "-device", "virtio-net-pci,netdev=wire,mq=on,vectors=6",
            "-netdev", f"tap,id=wire,ifname={TAP},script=no,downscript=no,queues=2"])


main(workers=2)
