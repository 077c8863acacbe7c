"""Passes a descriptor that becomes ready when a line on standard input says so:

    python3 readiness.py PATH KIND
"""

import ctypes
import os
import platform
import socket
import struct
import subprocess
import sys
import tempfile

libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def pidfd():
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)  # ends with this process at the latest
    return os.pidfd_open(child.pid), child.stdin.close


def eventfd():
    fd = checked(libc.eventfd(0, 0))
    return fd, lambda: os.write(fd, struct.pack("=Q", 1))


def inotify():
    folder = tempfile.mkdtemp()
    fd = checked(libc.inotify_init1(0))
    IN_CREATE = 0x100
    checked(libc.inotify_add_watch(fd, folder.encode(), IN_CREATE))

    def touch():
        path = os.path.join(folder, "file")
        open(path, "w").close()
        os.unlink(path)
        os.rmdir(folder)

    return fd, touch


def epoll():
    import select

    a, b = socket.socketpair()
    poll = select.epoll()
    poll.register(a, select.EPOLLIN)
    return poll.fileno(), lambda keep=(poll, a): b.send(b"x")


def timerfd():
    CLOCK_MONOTONIC = 1
    fd = checked(libc.timerfd_create(CLOCK_MONOTONIC, 0))

    def start():
        checked(libc.timerfd_settime(fd, 0, struct.pack("=4q", 0, 0, 0, 1), None))

    return fd, start


def seccomp():
    """A notification for each getppid(2), which this process then waits for."""
    SYS_SECCOMP, SYS_GETPPID = {"x86_64": (317, 110), "aarch64": (277, 173)}[platform.machine()]
    PR_SET_NO_NEW_PRIVS = 38
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
    USER_NOTIF, ALLOW = 0x7FC00000, 0x7FFF0000
    program = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, SYS_GETPPID), (RETURN, 0, 0, USER_NOTIF), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *it) for it in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    SECCOMP_SET_MODE_FILTER, NEW_LISTENER = 1, 1 << 3
    fd = checked(libc.syscall(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, NEW_LISTENER, header))
    return fd, os.getppid


path, kind = sys.argv[1:]
fd, make_ready = {it.__name__: it for it in (pidfd, eventfd, inotify, epoll, timerfd, seccomp)}[kind]()
with socket.socket(socket.AF_UNIX) as s:
    s.connect(path)
    socket.send_fds(s, [b"x"], [fd])
    sys.stdin.readline()
    make_ready()
    sys.stdin.readline()
