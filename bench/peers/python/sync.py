"""Blocking work on a socket pair."""

import os
import socket


async def pass_sync(_role, _path):
    a, b = socket.socketpair()
    passed = [os.open("/dev/null", os.O_RDONLY)]

    def run(operations):
        right = 0
        for i in range(operations):
            byte = bytes((i & 0xFF,))
            socket.send_fds(a, [byte], passed)
            data, fds, _, _ = socket.recv_fds(b, 1, 1)
            os.close(fds[0])
            if data == byte:
                right += 1
        return right

    return {"run": run}


async def small_sync(_role, _path):
    a, b = socket.socketpair()

    def run(operations):
        sent, received = bytearray(64), bytearray(64)
        right = 0
        for i in range(operations):
            sent[0] = i & 0xFF
            a.send(sent)
            if b.recv_into(received) == 64 and received[0] == i & 0xFF:
                right += 1
        return right

    return {"run": run}
