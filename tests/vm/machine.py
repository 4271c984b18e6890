"""A machine of our own, in qemu, for what must not be tried on the one that builds.

It has the kernel of Debian's cloud images, an initramfs that is made for the test, and no
network but its own. What a test script prints comes back over the serial line.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import (  # noqa: E402
    ACTIONKIT, NGINX, TOP_BUILDDIR, Skip, check, nginx_files)

QEMU = "qemu-system-x86_64"
TOOLS = (QEMU, "busybox", "cpio", "depmod", "gzip", "mkfs.ext4")
INSIDE = ("nft", "tc", "ip", "sqlite3", "setquota", "wg")
KERNEL_PACKAGE = "linux-image-cloud-amd64"
KERNEL = os.environ.get("VM_KERNEL") or os.path.join(TOP_BUILDDIR, "tests/vm/kernel")
# Where it must run, what is missing is a failure.
DEMANDED = os.environ.get("ACTIONKIT_DEMAND_QEMU") == "1"
LIFE_S = 180            # of a machine at most
MEMORY_MIB = 512
MODULES = "virtio_pci virtio_blk ext4 quota_v2 nf_tables"
SEARCH = os.environ["PATH"] + ":/usr/sbin:/sbin"
FETCHING = threading.Lock()


def missing():
    """What is not there that a machine needs; fetches the kernel where that is possible.

    For one test at a time: the others wait for what it fetches.
    """
    for tool in TOOLS + INSIDE:
        if not shutil.which(tool, path=SEARCH):
            return f"{tool} is not installed"
    with FETCHING:
        if not glob.glob(os.path.join(KERNEL, "boot/vmlinuz-*")) and not fetch_kernel():
            return f"the package {KERNEL_PACKAGE} cannot be had"
    return None


def fetch_kernel():
    """Unpacks the kernel's package; installs nothing."""
    depends = subprocess.run(["apt-cache", "depends", KERNEL_PACKAGE], check=False,
                             capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in depends.splitlines() if "linux-image-" in line]
    with tempfile.TemporaryDirectory(prefix="ak-kernel-") as folder:
        if not names or subprocess.run(["apt-get", "download", names[-1]], cwd=folder, check=False,
                                       capture_output=True).returncode:
            return False
        [package] = glob.glob(os.path.join(folder, "*.deb"))
        new = f"{KERNEL}.{os.getpid()}"
        subprocess.run(["dpkg-deb", "-x", package, new], check=True)
    # The package is not installed, so its modules have no list of what they need.
    [version] = os.listdir(os.path.join(new, "lib/modules"))
    subprocess.run(["depmod", "-b", new, version], check=True, env={**os.environ, "PATH": SEARCH})
    shutil.rmtree(KERNEL, ignore_errors=True)
    os.rename(new, KERNEL)
    return True


def require():
    """Skips the test where there can be no machine."""
    what = missing()
    check(not (what and DEMANDED), what)
    if what:
        raise Skip(what)


class Machine:
    """One that boots with a test script, as often as is asked.

    shared are scripts that it reads; enter is a command that executes qemu.
    """

    def __init__(self, script, *shared, modules=MODULES, disk_mib=0, enter=(), arguments=()):
        self.dir = tempfile.mkdtemp(prefix="ak-vm-")
        self.image = os.path.join(self.dir, "initramfs")
        self.enter = list(enter)
        self.arguments = list(arguments)
        # Its own files are at the top of the machine, and what nginx writes is not.
        nginx_files(self.dir, lambda _, text: text.replace("@RUN_DIR@/actionkit", "/actionkit"), {
            "@PORT@": "8085", "@SOCKET@": "/tmp/fcgi.sock", "@RUN_DIR@": "/tmp/nginx"})
        names = {"init": "init", "guest.sh": "guest.sh", script: "test.sh",
                 **{name: name for name in shared}}
        files = [f"{os.path.join(HERE, name)}={target}" for name, target in names.items()]
        files += [f"{os.path.join(self.dir, name)}={name}" for name in os.listdir(self.dir)]
        self.actionkit = os.path.join(self.dir, "actionkit")
        shutil.copy(ACTIONKIT, self.actionkit)
        subprocess.run(["sh", os.path.join(HERE, "initramfs.sh"), KERNEL, self.image, *files,
                        self.actionkit, NGINX, *INSIDE], check=True,
                       env={**os.environ, "MODULES": modules, "PATH": SEARCH})
        if disk_mib:
            self.disk = os.path.join(self.dir, "disk")
            with open(self.disk, "wb") as file:
                file.truncate(disk_mib * 1024 * 1024)
            subprocess.run(["mkfs.ext4", "-q", "-O", "quota", self.disk], check=True,
                           env={**os.environ, "PATH": SEARCH})
            self.arguments += ["-drive", f"file={self.disk},if=virtio,format=raw"]

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        shutil.rmtree(self.dir)

    def network(self):
        return [] if "-netdev" in self.arguments else ["-nic", "none"]

    def boot(self, argument=""):
        """Runs it until it is off; all that it has said."""
        try:
            done = subprocess.run(
                [*self.enter, QEMU, "-accel", "tcg", "-M", "pc", "-m", str(MEMORY_MIB),
                 "-nographic", "-no-reboot", *self.network(), "-kernel",
                 self.image + ".kernel",
                 "-initrd", self.image, *self.arguments,
                 "-append", f"console=ttyS0 panic=-1 quiet {argument}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=LIFE_S, check=False)
        except subprocess.TimeoutExpired as fault:
            raise AssertionError("the machine does not end: " +
                                 (fault.stdout or b"").decode(errors="replace")) from None
        return done.stdout.decode(errors="replace").replace("\r\n", "\n")

    def passes(self, argument=""):
        """Boots it, and all its tests are ok; what they have said."""
        said = self.boot(argument)
        check("\nall done\n" in said and "not ok" not in said, said)
        return said
