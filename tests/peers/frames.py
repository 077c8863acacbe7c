"""Answers frames with a length of 4 bytes in front, by Python's own send_fds and recv_fds: frames.py PATH.

The answer has the body of the request, followed by the content of each descriptor that came with it, and
the same descriptors. The first byte of the body says how it is sent:

w  whole, in one message
p  the prefix first, the descriptors with the body
b  byte by byte, the descriptors with the last one
t  together with another frame without descriptors in one message
"""

import os
import socket
import struct
import sys


def receive(peer, size):
    """Receive exactly so many bytes, and what comes with them; None at the end."""
    data, fds = b"", []
    while len(data) < size:
        part, received, _, _ = socket.recv_fds(peer, size - len(data), 253)
        fds += received
        if not part:
            return None if not data else sys.exit("the stream ends in the middle of a frame")
        data += part
    return data, fds


def send(peer, data, fds):
    """Send all, the descriptors with the first byte."""
    sent = socket.send_fds(peer, [data], fds) if fds else 0
    peer.sendall(data[sent:])


def answer(peer, body, fds):
    frame = struct.pack("!I", len(body)) + body
    how = body[:1]
    if how == b"p":
        send(peer, frame[:4], [])
        send(peer, frame[4:], fds)
    elif how == b"b":
        for i in range(len(frame) - 1):
            send(peer, frame[i : i + 1], [])
        send(peer, frame[-1:], fds)
    elif how == b"t":
        send(peer, frame + struct.pack("!I", 5) + b"extra", fds)
    else:
        send(peer, frame, fds)


with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(sys.argv[1])
    while (head := receive(peer, 4)) is not None:
        (size,) = struct.unpack("!I", head[0])
        body, fds = receive(peer, size) if size else (b"", [])
        fds = head[1] + fds
        contents = b"".join(os.pread(fd, 1 << 20, 0) for fd in fds)
        answer(peer, body + contents, fds)
        for fd in fds:
            os.close(fd)
