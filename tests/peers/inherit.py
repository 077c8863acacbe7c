"""Starts a program with a socket as descriptor 3, as a service manager does: inherit.py PATH KIND COMMAND…

KIND is "listener", "stream", "seqpacket" or "dgram": a listener and a datagram socket are bound to PATH,
the others connected to it.
"""

import os
import socket
import sys

path, kind, *command = sys.argv[1:]
types = {"seqpacket": socket.SOCK_SEQPACKET, "dgram": socket.SOCK_DGRAM}
sock = socket.socket(socket.AF_UNIX, types.get(kind, socket.SOCK_STREAM))
if kind in ("listener", "dgram"):
    sock.bind(path)
else:
    sock.connect(path)
if kind == "listener":
    sock.listen()
if sock.fileno() == 3:
    os.set_inheritable(3, True)
else:
    os.dup2(sock.fileno(), 3, inheritable=True)
os.execvp(command[0], command)
