"""Works with one file that is passed to it, or that it makes and passes: files.py PATH

It connects to PATH, and answers each line of JSON on its standard input, `[command, argument…]`, by one on its
standard output: the result, or `{"error": "EPERM"}`. Bytes are in hexadecimal.
"""

import errno
import fcntl
import json
import mmap
import os
import socket
import sys

F_ADD_SEALS, F_GET_SEALS = 1033, 1034

peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
file = -1
memory = None


def take():
    global file
    file = socket.recv_fds(peer, 1, 1)[1][0]


def make(size, seals):
    """Make a memory file, seal it, and pass it."""
    global file
    file = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, size)
    seal(seals)
    socket.send_fds(peer, [b"x"], [file])


def seal(seals):
    fcntl.fcntl(file, F_ADD_SEALS, seals)


def seals():
    return fcntl.fcntl(file, F_GET_SEALS)


def truncate(size):
    os.ftruncate(file, size)


def pread(size, offset):
    return os.pread(file, size, offset).hex()


def pwrite(data, offset):
    return os.pwrite(file, bytes.fromhex(data), offset)


def is_nonblocking():
    return not os.get_blocking(file)


def set_nonblocking(on):
    os.set_blocking(file, not on)


def map_shared(size):
    global memory
    memory = mmap.mmap(file, size)


def unmap():
    memory.close()


def peek(start, end):
    return memory[start:end].hex()


def poke(start, data):
    memory[start : start + len(data) // 2] = bytes.fromhex(data)


commands = {
    it.__name__: it
    for it in (
        take,
        make,
        seal,
        seals,
        truncate,
        pread,
        pwrite,
        is_nonblocking,
        set_nonblocking,
        map_shared,
        unmap,
        peek,
        poke,
    )
}
for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = commands[name](*arguments)
    except OSError as error:
        answer = {"error": errno.errorcode[error.errno]}
    print(json.dumps(answer), flush=True)
