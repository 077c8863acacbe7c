"""A peer for interoperability tests: commands on standard input, one line each, answers on standard output.

Sockets have names that the test chooses. Bytes are written as "x" and their hexadecimal digits, nothing
as "-". An answer is "ok" with values, or "error" with the name of the error number; that of "later" comes before
its command runs, for tests that block in the meantime.
"""

import array
import errno
import os
import socket
import struct
import sys
import tempfile
import time

TYPES = {
    "stream": socket.SOCK_STREAM,
    "seqpacket": socket.SOCK_SEQPACKET,
    "dgram": socket.SOCK_DGRAM,
}
UCRED = struct.Struct("iII")
SO_PASSCRED = getattr(socket, "SO_PASSCRED", 16)
SO_PEERCRED = getattr(socket, "SO_PEERCRED", 17)
SCM_CREDENTIALS = 2
SO_PEERPIDFD = 77
SO_PASSRIGHTS = 83

sockets = {}
credentialed = set()


def decode(text):
    return None if text == "-" else bytes.fromhex(text[1:])


def encode(data):
    return "x" + data.hex()


def encode_name(name):
    """Names come as text for paths, and as bytes for abstract ones."""
    if name is None or name == "" or name == b"":
        return "-"
    return encode(os.fsencode(name) if isinstance(name, str) else name)


def file_with(content):
    file = tempfile.TemporaryFile()
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def content_of(fd):
    parts = []
    while True:
        part = os.pread(fd, 65536, sum(map(len, parts)))
        if not part:
            return b"".join(parts)
        parts.append(part)


def send(name, data, files, credentials, to):
    sock = sockets[name]
    data, to = decode(data), decode(to)
    opened = [] if files == "-" else [file_with(decode(it)) for it in files.split(",")]
    fds = [it.fileno() for it in opened]
    if credentials == "-" and to is None:  # send_fds passes no address on
        sent = socket.send_fds(sock, [data], fds) if fds else sock.send(data)
    else:
        ancillary = []
        if credentials != "-":
            ucred = UCRED.pack(*map(int, credentials.split(":")))
            ancillary.append((socket.SOL_SOCKET, SCM_CREDENTIALS, ucred))
        if fds:
            ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds)))
        sent = sock.sendmsg([data], ancillary, 0, *([] if to is None else [to]))
    if sock.type == socket.SOCK_STREAM:
        sock.sendall(data[sent:])
        sent = len(data)
    for file in opened:
        file.close()
    return str(sent)


def receive_once(name, sock, size, count):
    """Return the data, the descriptors, the flags, the address and the credentials."""
    if name not in credentialed:
        return *socket.recv_fds(sock, size, count), None
    room = socket.CMSG_SPACE(UCRED.size) + socket.CMSG_SPACE(count * 4)
    data, ancillary, flags, address = sock.recvmsg(size, room)
    fds, credentials = array.array("i"), None
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(value[: len(value) - len(value) % 4])
        if level == socket.SOL_SOCKET and kind == SCM_CREDENTIALS:
            credentials = ":".join(map(str, UCRED.unpack(value)))
    return data, list(fds), flags, address, credentials


def receive(name, size, count):
    sock, size, count = sockets[name], int(size), int(count)
    data, fds, flags, address, credentials = receive_once(name, sock, size, count)
    while sock.type == socket.SOCK_STREAM and len(data) < size:
        more, further, flags, _, _ = receive_once(name, sock, size - len(data), count)
        if not more:
            break
        data += more
        fds += further
    contents = ",".join(encode(content_of(fd)) for fd in fds)
    for fd in fds:
        os.close(fd)
    marks = "".join(
        mark
        for mark, flag in (("T", socket.MSG_TRUNC), ("C", socket.MSG_CTRUNC), ("E", socket.MSG_EOR))
        if flags & flag
    )
    return f"{encode(data)} {encode_name(address)} {marks or '-'} {credentials or '-'} {contents or '-'}"


def listen(name, kind, address, backlog):
    sockets[name] = sock = socket.socket(socket.AF_UNIX, TYPES[kind])
    sock.bind(decode(address) or b"")
    sock.listen(int(backlog))


def bind(name, address):
    sockets[name] = sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(decode(address) or b"")


def connect(name, kind, address, local):
    sockets[name] = sock = socket.socket(socket.AF_UNIX, TYPES[kind])
    if local != "-":
        sock.bind(decode(local))
    sock.connect(decode(address))


def accept(name, listener):
    sockets[name], _ = sockets[listener].accept()


def adopt(name, fd):
    sockets[name] = socket.socket(fileno=int(fd))


def local_name(name):
    return encode_name(sockets[name].getsockname())


def peer_name(name):
    return encode_name(sockets[name].getpeername())


def peer_credentials(name):
    value = sockets[name].getsockopt(socket.SOL_SOCKET, SO_PEERCRED, UCRED.size)
    return ":".join(map(str, UCRED.unpack(value)))


def peer_pid(name):
    fd = sockets[name].getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)
    with open(f"/proc/self/fdinfo/{fd}") as info:
        fields = dict(line.split(":", 1) for line in info)
    os.close(fd)
    return fields["Pid"].strip()


def pass_credentials(name):
    sockets[name].setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1)
    credentialed.add(name)


def pass_rights(name, on):
    sockets[name].setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, int(on))


def send_urgent(name, data):
    return str(sockets[name].send(decode(data), socket.MSG_OOB))


def receive_urgent(name):
    return encode(sockets[name].recv(1, socket.MSG_OOB))


def shutdown(name):
    sockets[name].shutdown(socket.SHUT_WR)


def close(name):
    credentialed.discard(name)
    sockets.pop(name).close()


COMMANDS = {
    "listen": listen,
    "bind": bind,
    "connect": connect,
    "accept": accept,
    "adopt": adopt,
    "send": send,
    "receive": receive,
    "name": local_name,
    "peer": peer_name,
    "peercred": peer_credentials,
    "peerpid": peer_pid,
    "passcred": pass_credentials,
    "passrights": pass_rights,
    "urgent": send_urgent,
    "receiveurgent": receive_urgent,
    "shutdown": shutdown,
    "close": close,
    "chdir": lambda path: os.chdir(decode(path)),
    "pid": lambda: f"{os.getpid()}:{os.getuid()}:{os.getgid()}",
    "descriptors": lambda: str(len(os.listdir("/proc/self/fd")) - 1),
}

for line in sys.stdin:
    command, *arguments = line.split()
    if command == "later":
        print("ok", flush=True)
        time.sleep(0.1)
        COMMANDS[arguments[0]](*arguments[1:])
        continue
    try:
        result = COMMANDS[command](*arguments)
        print("ok" if result is None else f"ok {result}", flush=True)
    except OSError as error:
        print(f"error {errno.errorcode.get(error.errno, error)}", flush=True)
