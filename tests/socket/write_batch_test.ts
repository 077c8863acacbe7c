import { assertEquals, assertRejects } from "@std/assert";
import { unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";

function numbered(count: number, size: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = new Uint8Array(size);
    new DataView(bytes.buffer).setUint32(0, n);
    return bytes;
  });
}

Deno.test(
  "Socket.write() keeps the order of writes and sends when the buffer is full",
  noLeaks(async () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    const messages = numbered(2000, 1000);
    const sent = messages.map((bytes, n) =>
      n % 300 === 299 ? a.send({ data: bytes }) : a.write(bytes)
    );
    for (let n = 0; n < messages.length; n++) {
      using message = await b.receive({ size: 1000, waitAll: true });
      assertEquals(message?.data, messages[n]);
    }
    assertEquals((await Promise.all(sent)).every((count) => count === 1000), true);
  }),
);

Deno.test(
  "Socket.write() fails every write that waits when the socket is closed",
  noLeaks(async () => {
    const [a, b] = unix.socketpair();
    using _b = b;
    const writes = numbered(2000, 1000).map((bytes) => a.write(bytes));
    const outcome = Promise.allSettled(writes);
    a.close();
    const settled = await outcome;
    const failed = settled.filter((it) => it.status === "rejected");
    assertEquals(failed.length > 0 && failed.length < 2000, true);
    assertEquals(failed.every((it) => it.reason instanceof Deno.errors.BadResource), true);
    await assertRejects(() => a.write(new Uint8Array(1)), Deno.errors.BadResource);
  }),
);
