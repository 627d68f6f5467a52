"""The rows of `npm run bench -- tasks` on Python's own asyncio (3.11 or newer).

    python3 tasks.py ROW MILLISECONDS     {"nanosPerUnit": ..., "units": ..., "busy": ...}
    python3 tasks.py memory COUNT         {"heapBytes": null, "rssBytes": ..., "startMs": ..., "tasks": ...}
    python3 tasks.py version              {"version": ...}
"""

import asyncio
import gc
import json
import math
import os
import platform
import statistics
import sys
import time

CANCEL_BATCH = 10_000
SWITCHING_TASKS = 1000
GROUP_SIZE = 10
FAR_AWAY_S = 3600


async def pause():
    await asyncio.sleep(0)


async def sleeper():
    await asyncio.sleep(FAR_AWAY_S)


async def switches(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def switch_many(count):
    tasks = [asyncio.create_task(switches(count // SWITCHING_TASKS)) for _ in range(SWITCHING_TASKS)]
    for task in tasks:
        await task


async def future(count):
    loop = asyncio.get_running_loop()
    ping = loop.create_future()
    pong = loop.create_future()

    async def answer():
        nonlocal ping
        for index in range(count // 2):
            await ping
            ping = loop.create_future()
            pong.set_result(index)

    answering = asyncio.create_task(answer())
    for index in range(count // 2):
        pong = loop.create_future()
        ping.set_result(index)
        await pong
    await answering


async def queue(count):
    there = asyncio.Queue()
    back = asyncio.Queue()

    async def answer():
        for _ in range(count // 2):
            await back.put(await there.get())

    answering = asyncio.create_task(answer())
    for index in range(count // 2):
        await there.put(index)
        await back.get()
    await answering


async def spawn(count):
    async def child(index):
        return index

    for index in range(count):
        await asyncio.create_task(child(index))


async def group(count):
    for _ in range(count // GROUP_SIZE):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(GROUP_SIZE):
                tasks.create_task(pause())


async def nest(depth):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pause())
        if depth > 1:
            await nest(depth - 1)


async def nested(count):
    for _ in range(count // GROUP_SIZE):
        await nest(GROUP_SIZE)


async def timeout(count):
    for _ in range(count):
        async with asyncio.timeout(FAR_AWAY_S):
            await pause()


async def cancel(count):
    elapsed = 0
    for _ in range(count // CANCEL_BATCH):
        tasks = [asyncio.create_task(sleeper()) for _ in range(CANCEL_BATCH)]
        await pause()
        began = time.perf_counter_ns()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        elapsed += time.perf_counter_ns() - began
    return elapsed


ROWS = {
    "switch": (switches, 1),
    "switch-1000": (switch_many, 100 * SWITCHING_TASKS),
    "future": (future, 2),
    "queue": (queue, 2),
    "spawn": (spawn, 1),
    "group": (group, GROUP_SIZE),
    "nested": (nested, GROUP_SIZE),
    "timeout": (timeout, 1),
    "cancel": (cancel, CANCEL_BATCH),
}


def elapsed_ns(body, units):
    async def main():
        began = time.perf_counter_ns()
        own = await body(units)
        return time.perf_counter_ns() - began if own is None else own

    return asyncio.run(main())


def measure_row(row, window_ms):
    body, step = ROWS[row]
    batches = 3
    wanted = window_ms * 1e6 / batches
    units = step
    elapsed = elapsed_ns(body, units)
    while elapsed < wanted:
        factor = 4 if elapsed < wanted / 8 else max(1.1, wanted / elapsed)
        units = math.ceil(units * factor / step) * step
        elapsed = elapsed_ns(body, units)
    wall, cpu = time.perf_counter(), time.process_time()
    samples = [elapsed_ns(body, units) / units for _ in range(batches)]
    busy = (time.process_time() - cpu) / (time.perf_counter() - wall)
    return {"nanosPerUnit": statistics.median(samples), "units": units, "busy": busy}


def rss_bytes():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_memory(count):
    async def main():
        before = rss_bytes()
        began = time.perf_counter()
        tasks = [asyncio.create_task(sleeper()) for _ in range(count)]
        await pause()
        started = time.perf_counter() - began
        after = rss_bytes()
        assert len(tasks) == count
        report = {"heapBytes": None, "rssBytes": (after - before) / count, "startMs": started * 1000, "tasks": count}
        print(json.dumps(report), flush=True)
        os._exit(0)

    asyncio.run(main())


if __name__ == "__main__":
    row, *rest = sys.argv[1:]
    if row == "version":
        print(json.dumps({"version": platform.python_version()}))
    elif row == "memory":
        measure_memory(int(rest[0]))
    else:
        print(json.dumps(measure_row(row, float(rest[0]))))
