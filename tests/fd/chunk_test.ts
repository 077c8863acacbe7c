import { assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { CHUNK_SIZE, ChunkRead, sharedChunk } from "../../lib/fd/chunk.ts";

/** A read of so many bytes of one value into the shared memory. */
function reading(count: number, value: number): ChunkRead {
  return new ChunkRead({
    attempt: () => {
      sharedChunk().fill(value, 0, Math.max(count, 0));
      return count;
    },
    outcome: (result) => {
      if (result < 0) throw new RangeError("broken");
      return result === 0 ? null : result;
    },
  });
}

Deno.test("ChunkRead gives memory of its own, as large as what came", () => {
  const [one, other] = [reading(3, 1), reading(2, 2)];
  const counts = [one.attempt(), other.attempt()];
  const [first, second] = [one.outcome(3), other.outcome(2)];
  assertEquals({ counts, first, second }, {
    counts: [3, 2],
    first: new Uint8Array([1, 1, 1]),
    second: new Uint8Array([2, 2]),
  });
  assertEquals({
    bufferByteLength: first?.buffer.byteLength,
    sharedChunkByteLength: sharedChunk().byteLength,
  }, { bufferByteLength: 3, sharedChunkByteLength: CHUNK_SIZE });
});

Deno.test("ChunkRead passes on the end, and a failure", () => {
  const end = reading(0, 1);
  assertEquals({ attempt: end.attempt(), outcome: end.outcome(0) }, { attempt: 0, outcome: null });
  const failed = reading(-platform.EIO, 1);
  assertEquals(failed.attempt(), -platform.EIO);
  assertThrows(() => failed.outcome(-platform.EIO), RangeError, "broken");
});
