"""Both ends in one process: connections, datagrams, seqpacket messages."""

import asyncio
import socket

SIZE = 512


async def connect(_role, path):
    listener = nonblocking(socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    loop = asyncio.get_running_loop()

    async def run(operations):
        right = 0
        for _ in range(operations):
            client = nonblocking(socket.SOCK_STREAM)
            await loop.sock_connect(client, path)
            server, _ = await loop.sock_accept(listener)
            client.close()
            server.close()
            right += 1
        return right

    return {"run": run}


async def datagrams(_role, path):
    receiver = nonblocking(socket.SOCK_DGRAM)
    receiver.bind(path)
    sender = nonblocking(socket.SOCK_DGRAM)
    sender.connect(path)
    return {"run": lambda operations: flow(sender, receiver, operations)}


async def seqpacket(_role, _path):
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sender.setblocking(False)
    receiver.setblocking(False)
    return {"run": lambda operations: flow(sender, receiver, operations)}


def nonblocking(kind):
    made = socket.socket(socket.AF_UNIX, kind)
    made.setblocking(False)
    return made


async def flow(sender, receiver, operations):
    right, _ = await asyncio.gather(
        receive_all(receiver, operations), send_all(sender, operations)
    )
    return right


async def send_all(sender, operations):
    loop = asyncio.get_running_loop()
    data = bytearray(SIZE)
    for i in range(operations):
        data[0] = i & 0xFF
        await loop.sock_sendall(sender, data)


async def receive_all(receiver, operations):
    loop = asyncio.get_running_loop()
    buffer = bytearray(SIZE)
    right = 0
    for i in range(operations):
        count = await loop.sock_recv_into(receiver, buffer)
        if count == SIZE and buffer[0] == i & 0xFF:
            right += 1
    return right
