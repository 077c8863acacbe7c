"""Programs on Python's socket module and asyncio. Usage: main.py work role path [variant]."""

import asyncio
import gc
import json
import os
import sys
import time

import flow
import local
import roundtrip
import sync

WORKS = {
    "pass-sync": sync.pass_sync,
    "small-sync": sync.small_sync,
    "roundtrip": roundtrip.roundtrip,
    "throughput": flow.throughput,
    "connect": local.connect,
    "pass": flow.passing,
    "datagrams": local.datagrams,
    "seqpacket": local.seqpacket,
    "idle": roundtrip.idle,
}


def say(**value):
    print(json.dumps(value), flush=True)


async def perform(part, command, count):
    if command == "run":
        done = part["run"](count)
        return await done if asyncio.iscoroutine(done) else done
    if command == "idle":
        await part["idle"](count)
    elif command == "settle":
        gc.collect()
    return count


async def next_line(role):
    if role != "server":
        return sys.stdin.readline()
    # In a thread: a server's event loop has to go on meanwhile.
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def main():
    setup = WORKS.get(sys.argv[1])
    if setup is None:
        say(cannot="There is no program for this work")
        return
    part = await setup(sys.argv[2], sys.argv[3])
    say(ready=True)
    while line := await next_line(sys.argv[2]):
        command, count = line.split()
        start = time.monotonic_ns()
        done = await perform(part, command, int(count))
        say(count=done, wall=time.monotonic_ns() - start)
    # Without the tidying up of a server's tasks, which would fill standard error.
    os._exit(0)


asyncio.run(main())
