"""System calls that a firmware may not use, by machine, and what people call them.

Numbers: the kernel's ``syscall_64.tbl`` (x86_64) and ``asm-generic/unistd.h`` (aarch64).
"""

from dataclasses import dataclass

TABLE = """
mmap                 9 222 start threads or programs
clone               56 220 start a process or a thread
fork                57   - start a process
vfork               58   - start a process
clone3             435 435 start a process or a thread
execve              59 221 run a program
execveat           322 281 run a program
socket              41 198 use the network
socketpair          53 199 use sockets
connect             42 203 use the network
accept              43 202 use the network
accept4            288 242 use the network
bind                49 200 use the network
listen              50 201 use the network
kill                62 129 send signals
tkill              200 130 send signals
tgkill             234 131 send signals
rt_sigqueueinfo    129 138 send signals
rt_tgsigqueueinfo  297 240 send signals
pidfd_send_signal  424 424 send signals
pidfd_open         434 434 reach into other processes
pidfd_getfd        438 438 reach into other processes
ptrace             101 117 reach into other processes
process_vm_readv   310 270 reach into other processes
process_vm_writev  311 271 reach into other processes
open                 2   - write files
openat             257  56 write files
openat2            437 437 open files so
creat               85   - write files
unlink              87   - remove files
unlinkat           263  35 remove files
rename              82   - rename files
renameat           264  38 rename files
renameat2          316 276 rename files
mkdir               83   - make folders
mkdirat            258  34 make folders
rmdir               84   - remove folders
link                86   - make links
linkat             265  37 make links
symlink             88   - make links
symlinkat          266  36 make links
mknod              133   - make devices
mknodat            259  33 make devices
truncate            76  45 write files
ftruncate           77  46 write files
chmod               90   - change files
fchmod              91  52 change files
fchmodat           268  53 change files
chown               92   - change files
fchown              93  55 change files
lchown              94   - change files
fchownat           260  54 change files
mount              165  40 mount
umount2            166  39 mount
pivot_root         155  41 mount
chroot             161  51 mount
setns              308 268 change namespaces
unshare            272  97 change namespaces
bpf                321 280 change the kernel
perf_event_open    298 241 change the kernel
init_module        175 105 change the kernel
finit_module       313 273 change the kernel
delete_module      176 106 change the kernel
reboot             169 142 change the kernel
keyctl             250 219 use keys
add_key            248 217 use keys
request_key        249 218 use keys
userfaultfd        323 282 handle page faults
io_uring_setup     425 425 use io_uring
io_uring_enter     426 426 use io_uring
io_uring_register  427 427 use io_uring
"""
"""Name, number on x86_64, number on aarch64, what it is for."""


@dataclass(frozen=True)
class SystemCall:
    """A system call that a firmware may not use.

    Attributes:
        name: Of the kernel.
        number: On this machine.
        purpose: "may not ...".
    """

    name: str
    number: int
    purpose: str


def forbidden_calls(machine: str) -> dict[int, SystemCall]:
    """By number; empty for a machine that is not known."""
    column = {"x86_64": 1, "aarch64": 2}.get(machine)
    if column is None:
        return {}
    rows = [line.split(maxsplit=3) for line in TABLE.strip().splitlines()]
    calls = [SystemCall(row[0], int(row[column]), row[3]) for row in rows if row[column] != "-"]
    return {call.number: call for call in calls}
