/** Sockets against a simple model of what they should do, on random sequences of operations. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { connected, linuxTest, PAIRED } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";

interface Send {
  readonly kind: "send";
  readonly size: number;
  /** Which of the marked files to pass. */
  readonly files: readonly number[];
}

interface Receive {
  readonly kind: "receive" | "peek" | "read";
  readonly size: number;
  readonly accept: boolean;
  readonly waitAll: boolean;
}

type Operation = Send | Receive;

const MARKS = 5;
const options = { noNullPrototype: true } as const;

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record<Send>({
    kind: fc.constant("send"),
    size: fc.nat(3000),
    files: fc.array(fc.nat(MARKS - 1), { maxLength: 3 }),
  }, options),
  fc.record<Receive>({
    kind: fc.constantFrom("receive", "receive", "peek", "read"),
    size: fc.integer({ min: 1, max: 4000 }),
    accept: fc.boolean(),
    waitAll: fc.boolean(),
  }, options),
);

/** Files that can be told apart: by their size. */
function markedFiles(): Disposable & { files: OwnedFd[] } {
  const files = Array.from({ length: MARKS }, (_, n) => OwnedFd.memfd("mark", new Uint8Array(n)));
  return { files, [Symbol.dispose]: () => files.forEach((it) => it.close()) };
}

/** What was sent and not yet received: bytes with a running number, and the marks that came with them. */
interface Sent {
  readonly data: Uint8Array;
  readonly marks: readonly number[];
}

let next = 0;

function send(socket: Socket, files: readonly OwnedFd[], { size, files: marks }: Send): Sent {
  const data = Uint8Array.from({ length: size }, () => next++ & 255);
  const passed = marks.flatMap((mark) => files[mark] ?? []);
  socket.sendSync({ data, files: passed });
  return { data, marks };
}

function marksOf(files: readonly OwnedFd[]): number[] {
  return files.map((file) => file.statSync().size);
}

/** Take the next bytes off a stream's model: all marks whose first byte is among them. */
function take(
  queue: Sent[],
  count: number,
  consume: boolean,
): { bytes: number[]; marks: number[] } {
  const bytes: number[] = [];
  const marks: number[] = [];
  const rest: Sent[] = [];
  for (const { data, marks: own } of queue) {
    const part = data.subarray(0, count - bytes.length);
    bytes.push(...part);
    if (part.byteLength > 0) marks.push(...own);
    if (part.byteLength < data.byteLength) {
      rest.push({ data: data.subarray(part.byteLength), marks: part.byteLength > 0 ? [] : own });
    }
  }
  if (consume) queue.splice(0, queue.length, ...rest);
  return { bytes, marks };
}

function runStream(operations: readonly Operation[]): void {
  using pair = connected();
  using marked = markedFiles();
  const before = countDescriptors();
  const queue: Sent[] = [];
  for (const step of operations) {
    const waiting = queue.reduce((sum, { data }) => sum + data.byteLength, 0);
    if (step.kind === "send") {
      if (waiting > 30_000 || step.size === 0) continue;
      queue.push(send(pair.a, marked.files, step));
      continue;
    }
    if (waiting === 0) continue;
    const size = Math.min(step.size, step.waitAll ? waiting : step.size);
    if (step.kind === "read") {
      const chunk = new Uint8Array(size);
      const count = pair.b.readSync(chunk) ?? 0;
      assert(count > 0);
      assertEquals([...chunk.subarray(0, count)], take(queue, count, true).bytes);
    } else if (step.kind === "peek") {
      using message = pair.b.receiveSync({ size, peek: true });
      const data = message?.data ?? new Uint8Array(0);
      assert(data.byteLength > 0);
      assertEquals([...data], take(queue, data.byteLength, false).bytes);
    } else {
      using message = pair.b.receiveSync({
        size,
        files: step.accept ? 253 : 0,
        waitAll: step.waitAll,
      });
      const data = message?.data ?? new Uint8Array(0);
      const expected = take(queue, data.byteLength, true);
      assertEquals([...data], expected.bytes);
      assertEquals(marksOf(message?.files ?? []), step.accept ? expected.marks : []);
      assertEquals(message?.controlTruncated, !step.accept && expected.marks.length > 0);
      if (step.waitAll && expected.marks.length === 0) assertEquals(data.byteLength, size);
    }
  }
  assertEquals(countDescriptors(), before);
}

function runMessages(type: "dgram" | "seqpacket", operations: readonly Operation[]): void {
  using pair = connected(type);
  using marked = markedFiles();
  const before = countDescriptors();
  const queue: Sent[] = [];
  for (const step of operations) {
    if (step.kind === "send") {
      if (queue.length < 8) queue.push(send(pair.a, marked.files, step));
      continue;
    }
    const [first] = queue;
    if (first === undefined) continue;
    const whole = first.data.byteLength <= step.size;
    const expected = [...first.data.subarray(0, step.size)];
    if (step.kind === "read") {
      const chunk = new Uint8Array(step.size);
      assertEquals(pair.b.readSync(chunk), expected.length);
      assertEquals([...chunk.subarray(0, expected.length)], expected);
      queue.shift();
      continue;
    }
    const isPeek = step.kind === "peek";
    const accept = step.accept && !isPeek;
    using message = pair.b.receiveSync({ size: step.size, files: accept ? 253 : 0, peek: isPeek });
    assertEquals([...message?.data ?? []], expected);
    assertEquals(message?.truncated, !whole);
    assertEquals(marksOf(message?.files ?? []), accept ? first.marks : []);
    if (!isPeek) queue.shift();
  }
  assertEquals(countDescriptors(), before);
}

linuxTest(
  "a stream keeps the order of its bytes, and descriptors with the bytes they came with",
  () => {
    fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), runStream), { numRuns: 150 });
  },
);

for (const type of PAIRED) {
  if (type === "stream") continue;
  linuxTest(`messages keep their boundaries, order and descriptors (${type})`, () => {
    const run = (operations: readonly Operation[]): void => runMessages(type, operations);
    fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), run), { numRuns: 100 });
  });
}
