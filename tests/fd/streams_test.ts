import { assert, assertEquals, assertRejects } from "@std/assert";
import { readableFrom, type Sink, writableTo } from "../../lib/fd/streams.ts";
import { isPending, turn } from "../util/cases.ts";

/** A source that gives pieces of so many bytes, and a log of what was asked of it. */
function source(sizes: number[]): { log: string[]; stream: ReadableStream<Uint8Array> } {
  const log: string[] = [];
  const next = (): number | undefined => {
    const size = sizes.shift();
    log.push(`read ${size ?? "end"}`);
    return size;
  };
  const stream = readableFrom({
    readChunk: () => {
      const size = next();
      return Promise.resolve(size === undefined ? null : new Uint8Array(size).fill(size));
    },
    read: (bytes) => {
      const size = next();
      if (size !== undefined) bytes.fill(size, 0, size);
      return Promise.resolve(size ?? null);
    },
    readingEnded: () => void log.push("ended"),
  });
  return { log, stream };
}

/** Where the consumer has no memory of its own to fill. */
const noRead = { read: (): never => assert(false) as never };

Deno.test("readableFrom() gives what the source reads, up to its end", async () => {
  const { log, stream } = source([3, 1]);
  const chunks = await Array.fromAsync(stream);
  assertEquals(chunks, [new Uint8Array([3, 3, 3]), new Uint8Array([1])]);
  assertEquals(log, ["read 3", "read 1", "read end", "ended"]);
});

Deno.test("readableFrom() reads nothing before its consumer asks", async () => {
  const { log, stream } = source([3, 1]);
  await Promise.resolve();
  assertEquals(log, []);
  const reader = stream.getReader();
  await reader.read();
  assertEquals(log, ["read 3"]);
});

Deno.test("readableFrom() fills memory of the consumer's own", async () => {
  const { stream } = source([2, 2]);
  const reader = stream.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(5).subarray(1));
  assertEquals({
    byteOffset: value?.byteOffset,
    valueByteLength: value?.byteLength,
    bufferByteLength: value?.buffer.byteLength,
  }, { byteOffset: 1, valueByteLength: 2, bufferByteLength: 5 });
});

Deno.test("readableFrom() passes over empty messages with memory of the consumer's own, up to the end", async () => {
  const { log, stream } = source([0, 2]);
  const reader = stream.getReader({ mode: "byob" });
  assertEquals((await reader.read(new Uint8Array(4))).value, new Uint8Array([2, 2]));
  assertEquals((await reader.read(new Uint8Array(4))).done, true);
  assertEquals(log, ["read 0", "read 2", "read end", "ended"]);
});

Deno.test("readableFrom() passes over empty messages, which are no end", async () => {
  const { stream } = source([0, 2, 0, 0, 1]);
  assertEquals(await Array.fromAsync(stream), [new Uint8Array([2, 2]), new Uint8Array([1])]);
});

Deno.test("readableFrom() passes a cancel to the source", async () => {
  const { log, stream } = source([3]);
  await stream.cancel();
  assertEquals(log, ["ended"]);
});

Deno.test("readableFrom() stops passing over empty messages once it is cancelled", async () => {
  const log: string[] = [];
  const first = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const stream = readableFrom({
    ...noRead,
    readChunk: () => {
      log.push("read");
      return first.promise;
    },
    readingEnded: () => void log.push("ended"),
  });
  const reader = stream.getReader();
  const pending = reader.read();
  assertEquals(await isPending(pending), true);
  await reader.cancel();
  first.resolve(new Uint8Array(0));
  assertEquals((await pending).done, true);
  assertEquals(await isPending(first.promise), false);
  assertEquals(log, ["read", "ended"]);
});

Deno.test("readableFrom() aborts the read that is under way when it is cancelled", async () => {
  let signal: AbortSignal | undefined;
  const { promise, reject } = Promise.withResolvers<never>();
  const stream = readableFrom({
    ...noRead,
    readChunk: (given) => {
      signal = given;
      given.addEventListener("abort", () => reject(given.reason));
      return promise;
    },
    readingEnded: () => {},
  });
  const reader = stream.getReader();
  const pending = reader.read();
  await turn();
  await reader.cancel("enough");
  assertEquals({ aborted: signal?.aborted, reason: signal?.reason }, {
    aborted: true,
    reason: "enough",
  });
  assertEquals((await pending).done, true);
});

Deno.test("readableFrom() passes on an error of the source, and ends it", async () => {
  const log: string[] = [];
  const stream = readableFrom({
    ...noRead,
    readChunk: () => Promise.reject(new RangeError("broken")),
    readingEnded: () => {
      log.push("ended");
      throw new TypeError("of the end");
    },
  });
  const reader = stream.getReader();
  await assertRejects(() => reader.read(), RangeError, "broken");
  await assertRejects(() => reader.cancel(), RangeError, "broken");
  assertEquals(log, ["ended"]);
});

/** A sink that takes nothing before its gate is open, and notes the sizes of what it is given. */
function gatedSink(): { log: (number | "ended")[]; open(): void; sink: Sink } {
  const log: (number | "ended")[] = [];
  const gate = Promise.withResolvers<void>();
  const sink: Sink = {
    writeAll: async (bytes, signal) => {
      signal.addEventListener("abort", () => gate.reject(signal.reason));
      await gate.promise;
      log.push(bytes.byteLength);
    },
    writingEnded: () => void log.push("ended"),
  };
  return { log, open: gate.resolve, sink };
}

Deno.test("writableTo() waits until each chunk has been taken", async () => {
  const { log, open, sink } = gatedSink();
  const writer = writableTo(sink).getWriter();
  await writer.ready;
  const first = writer.write(new Uint8Array(65536));
  assertEquals({ isPending: await isPending(first), log, desiredSize: writer.desiredSize }, {
    isPending: true,
    log: [],
    desiredSize: 0,
  });
  open();
  await Promise.all([first, writer.close()]);
  assertEquals(log, [65536, "ended"]);
});

Deno.test("writableTo() hands over what queued up, in order", async () => {
  const { log, open, sink } = gatedSink();
  const writer = writableTo(sink).getWriter();
  const writes = [1, 2, 3, 4].map((size) => writer.write(new Uint8Array(size)));
  open();
  await Promise.all([...writes, writer.close()]);
  assertEquals(log, [1, 2, 3, 4, "ended"]);
});

const WRITERS: [string, (stream: WritableStream) => WritableStreamDefaultWriter][] = [
  ["getWriter()", (stream) => stream.getWriter()],
  ["WritableStreamDefaultWriter", (stream) => new WritableStreamDefaultWriter(stream)],
];
for (const [name, writerOf] of WRITERS) {
  Deno.test(`writableTo() never hands over a chunk whose write was rejected (${name})`, async () => {
    const { log, open, sink } = gatedSink();
    const writer = writerOf(writableTo(sink));
    const written = [writer.write(new Uint8Array(1)), writer.write(new Uint8Array(2))];
    const closed = writer.close();
    await assertRejects(() => writer.write(new Uint8Array(3)), TypeError);
    open();
    await Promise.all([...written, closed]);
    assertEquals(log, [1, 2, "ended"]);
  });
}

Deno.test("writableTo() refuses what is no Uint8Array, and is over", async () => {
  const hostile = Object.defineProperty({}, "byteLength", { get: () => assert(false) });
  for (const chunk of ["text", null, 3, new ArrayBuffer(1), hostile]) {
    const { log, sink } = gatedSink();
    const writer = writableTo(sink).getWriter();
    writer.closed.catch(() => {});
    await assertRejects(() => writer.write(chunk as Uint8Array), TypeError, "give a Uint8Array");
    assertEquals(log, ["ended"]);
  }
});

Deno.test("writableTo() passes an abort to the sink", async () => {
  const { log, sink } = gatedSink();
  await writableTo(sink).abort("enough");
  assertEquals(log, ["ended"]);
});

Deno.test("writableTo() aborts the write that is under way, and tells the sink once", async () => {
  const { log, sink } = gatedSink();
  const writer = writableTo(sink).getWriter();
  writer.closed.catch(() => {});
  const write = writer.write(new Uint8Array(1));
  await turn();
  const aborted = writer.abort("enough");
  assertEquals(await write.catch((error) => error), "enough");
  await Promise.allSettled([aborted]);
  assertEquals(log, ["ended"]);
});

Deno.test("writableTo() passes on an error of the sink, and ends it", async () => {
  const log: string[] = [];
  const stream = writableTo({
    writeAll: () => Promise.reject(new RangeError("broken")),
    writingEnded: () => {
      log.push("ended");
      throw new TypeError("of the end");
    },
  });
  const writer = stream.getWriter();
  writer.closed.catch(() => {});
  await assertRejects(() => writer.write(new Uint8Array(1)), RangeError, "broken");
  assertEquals(log, ["ended"]);
});
