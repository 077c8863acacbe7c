"""Round trips of 64 bytes on asyncio's streams."""

import asyncio

SIZE = 64


async def roundtrip(role, path):
    if role == "server":
        await asyncio.start_unix_server(echo, path)
        return {}
    if role == "both":
        await asyncio.start_unix_server(echo, path)
    return {"run": await pinging(path)}


async def idle(_role, path):
    here = asyncio.Semaphore(0)

    async def handle(reader, writer):
        here.release()
        await echo(reader, writer)

    async def wait(count):
        for _ in range(count):
            await here.acquire()

    await asyncio.start_unix_server(handle, path, backlog=1024)
    run = await pinging(path)
    await here.acquire()
    return {"run": run, "idle": wait}


async def echo(reader, writer):
    try:
        while True:
            writer.write(await reader.readexactly(SIZE))
    except asyncio.IncompleteReadError:
        writer.close()


async def pinging(path):
    reader, writer = await asyncio.open_unix_connection(path)

    async def run(operations):
        sent = bytearray(SIZE)
        right = 0
        for i in range(operations):
            sent[0] = i & 0xFF
            writer.write(bytes(sent))
            received = await reader.readexactly(SIZE)
            if received[0] == i & 0xFF:
                right += 1
        return right

    return run
