"""One direction only: the client announces how much comes, the server confirms how much came."""

import asyncio
import os
import socket

SIZE = 65536


async def throughput(role, path):
    if role == "server":
        return await serving(path, drain)
    conn = await connected(path)
    loop = asyncio.get_running_loop()

    async def run(operations):
        data = bytes(SIZE)
        await loop.sock_sendall(conn, number(operations * SIZE))
        for _ in range(operations):
            await loop.sock_sendall(conn, data)
        return await received(conn) // SIZE

    return {"run": run}


async def passing(role, path):
    if role == "server":
        return await serving(path, take_all)
    conn = await connected(path)
    loop = asyncio.get_running_loop()
    passed = [os.open("/dev/null", os.O_RDONLY)]

    async def run(operations):
        await loop.sock_sendall(conn, number(operations))
        for _ in range(operations):
            await when_ready(conn, loop.add_writer, loop.remove_writer, send_one, passed)
        return await received(conn)

    return {"run": run}


def send_one(conn, passed):
    return socket.send_fds(conn, [b"x"], passed)


def take_one(conn, _nothing):
    _, fds, _, _ = socket.recv_fds(conn, 1, 1)
    for fd in fds:
        os.close(fd)
    return len(fds)


async def when_ready(conn, add, remove, action, argument):
    """Asyncio has no call that passes descriptors: try, and wait for readiness."""
    while True:
        try:
            return action(conn, argument)
        except BlockingIOError:
            ready = asyncio.get_running_loop().create_future()
            add(conn, ready.set_result, None)
            try:
                await ready
            finally:
                remove(conn)


async def take_all(conn, total):
    loop = asyncio.get_running_loop()
    right = 0
    for _ in range(total):
        right += await when_ready(conn, loop.add_reader, loop.remove_reader, take_one, None)
    return right


async def drain(conn, total):
    loop = asyncio.get_running_loop()
    buffer = bytearray(SIZE)
    seen = 0
    while seen < total:
        count = await loop.sock_recv_into(conn, buffer)
        if count == 0:
            break
        seen += count
    return seen


async def serving(path, take):
    listener = socket.socket(socket.AF_UNIX)
    listener.setblocking(False)
    listener.bind(path)
    listener.listen()
    task = asyncio.create_task(serve(listener, take))
    return {"task": task}


async def serve(listener, take):
    loop = asyncio.get_running_loop()
    conn, _ = await loop.sock_accept(listener)
    while header := await loop.sock_recv(conn, 8):
        count = await take(conn, int.from_bytes(header, "little"))
        await loop.sock_sendall(conn, number(count))


async def connected(path):
    conn = socket.socket(socket.AF_UNIX)
    conn.setblocking(False)
    await asyncio.get_running_loop().sock_connect(conn, path)
    return conn


def number(value):
    return value.to_bytes(8, "little")


async def received(conn):
    return int.from_bytes(await asyncio.get_running_loop().sock_recv(conn, 8), "little")
