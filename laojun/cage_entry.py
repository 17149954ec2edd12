"""Start a program behind walls: limits, no network, no further processes, an unprivileged user.

Runs as a script of its own, with the standard library only, so that nothing of the platform is in the
caged process. argv[1] is the JSON of the order, argv[2] the descriptor on which the outcome is told.
A first child becomes the only parent inside a process namespace of its own (where that is allowed):
when it goes, the kernel ends everything that was started below it, new sessions included.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_THREAD = 0x00010000
PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
NOBODY = 65534
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READS = EXECUTE | READ_FILE | READ_DIR
WRITES = WRITE_FILE | sum(1 << bit for bit in range(4, 15))
READABLE = (
    "/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip
# numbers of fork, vfork, clone, clone3 and the kernel's name of the architecture
SYSCALLS = {
    "x86_64": (0xC000003E, 57, 58, 56, 435),
    "aarch64": (0xC00000B7, -1, -1, 220, 435),
}
libc = ctypes.CDLL(None, use_errno=True)


def namespaces(order):
    """Enter an empty network and a process namespace. Tells which walls stand."""
    wanted = CLONE_NEWNET | CLONE_NEWPID
    user, group = os.getuid(), os.getgid()
    if user == 0 and libc.unshare(wanted) == 0:
        return True
    if libc.unshare(CLONE_NEWUSER | wanted) != 0:
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        try:
            Path(f"/proc/self/{name}").write_text(text)
        except OSError:
            return True
    return True


def readable_by_nobody(order):
    """Ask a forked child that has already become nobody whether it could run the program at all."""
    child = os.fork()
    if child == 0:
        try:
            become_nobody()
            seen = all(os.access(path, os.R_OK) for path in order["must_read"])
            seen = seen and os.access(order["argv"][0], os.X_OK)
            parent = Path(order["directory"]).parent
            os._exit(0 if seen and os.access(parent, os.X_OK) else 1)
        except OSError:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def hand_over(directory):
    for folder, _, names in os.walk(directory):
        os.chown(folder, NOBODY, NOBODY)
        for name in names:
            os.chown(f"{folder}/{name}", NOBODY, NOBODY, follow_symlinks=False)


def become_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def limit(limits):
    cpu = limits["cpu_seconds"]
    pairs = [
        (resource.RLIMIT_CPU, (cpu, cpu + 2)),
        (resource.RLIMIT_AS, limits["address_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        (resource.RLIMIT_CORE, 0),
    ]
    for what, value in pairs:
        resource.setrlimit(what, value if isinstance(value, tuple) else (value, value))


def forbid_processes():
    """A system call filter: fork and friends answer EPERM, threads stay possible."""
    if platform.machine() not in SYSCALLS:
        return False
    arch, fork, vfork, clone, clone3 = SYSCALLS[platform.machine()]
    load, equal, flag, answer = 0x20, 0x15, 0x45, 0x06
    allow, refuse, absent = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
    program = [
        (load, 0, 0, 4),
        (equal, 0, 8, arch),
        (load, 0, 0, 0),
        (equal, 7, 0, fork & 0xFFFFFFFF),
        (equal, 6, 0, vfork & 0xFFFFFFFF),
        (equal, 3, 0, clone3),
        (equal, 0, 3, clone),
        (load, 0, 0, 16),
        (flag, 1, 2, CLONE_THREAD),
        (answer, 0, 0, absent),
        (answer, 0, 0, allow),
        (answer, 0, 0, refuse),
    ]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    return libc.prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(header), 0, 0) == 0


def forbid_files(order):
    """Landlock: the work folder may be written, the interpreter and the system's libraries may be read.

    Nothing else of the file system can be opened, whoever the user is. False where the kernel has none.
    """
    abi = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 3:
        return False
    everything = ctypes.c_uint64(WRITES | READS)
    rules = libc.syscall(LANDLOCK_CREATE, ctypes.byref(everything), ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    allowed = [(path, READS) for path in [*order["must_read"], *READABLE] if Path(path).exists()]
    # imports look for packages in the folder above
    allowed += [(path, READ_DIR) for path in order["may_list"]]
    allowed += [("/dev/null", WRITE_FILE | READ_FILE), (order["directory"], WRITES | READS)]
    for path, rights in allowed:
        rights = rights if Path(path).is_dir() else rights & (EXECUTE | WRITE_FILE | READ_FILE)
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", rights, handle)
        libc.syscall(LANDLOCK_ADD, rules, 1, ctypes.c_char_p(rule), 0)
        os.close(handle)
    return libc.syscall(LANDLOCK_RESTRICT, rules, 0) == 0


def launch(order, status):
    """Become the program. Never returns."""
    os.chdir(order["directory"])
    if order["drop_user"]:
        become_nobody()
    limit(order["limits"])
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    fenced = order["limits"]["walls"] and forbid_files(order)
    os.write(status, json.dumps({"fenced": fenced}).encode() + b"\n")
    if not order["limits"]["may_fork"]:
        forbid_processes()
    os.execve(order["argv"][0], order["argv"], order["environment"])


def wait_for(child, status):
    """Be the parent inside: reap everything, and tell how the program itself ended."""
    while True:
        seen, code = os.wait()
        if seen == child:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = os.waitstatus_to_exitcode(code)
    outcome = {"ended": ended, "cpu": round(used.ru_utime + used.ru_stime, 3)}
    outcome["peak_bytes"] = used.ru_maxrss * 1024
    os.write(status, json.dumps(outcome).encode() + b"\n")
    os._exit(0)


def main():
    order, status = json.loads(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(status, False)
    root = os.getuid() == 0
    order["drop_user"] = False
    if root and order["limits"]["unprivileged"]:
        order["drop_user"] = readable_by_nobody(order)
        if order["drop_user"]:
            hand_over(order["directory"])
    walled = namespaces(order) if order["limits"]["walls"] else False
    told = {"walled": walled, "dropped": order["drop_user"], "root": root}
    os.write(status, json.dumps(told).encode() + b"\n")
    inside = os.fork()
    if inside:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.waitpid(inside, 0)
        os._exit(0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        launch(order, status)
    wait_for(child, status)


if __name__ == "__main__":
    main()
