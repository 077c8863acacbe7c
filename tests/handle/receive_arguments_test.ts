/** The options of `receive()` and its twin: what is refused, and how often each is read. */

import { assertEquals, assertRejects } from "@std/assert";
import type { ReceiveOptions } from "../../lib/handle/receive_options.ts";
import { bytes, connected, test } from "../util/cases.ts";
import { RECEIVES } from "../util/sockets.ts";

for (const [name, receive] of Object.entries(RECEIVES)) {
  test(`${name}() refuses wrong arguments, and takes nothing`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("a"));
    const wrong: readonly [unknown, new (...args: never[]) => Error, string][] = [
      [{ files: -1 }, RangeError, "from 0 to 253"],
      [{ files: 254 }, RangeError, "from 0 to 253"],
      [{ files: 0.5 }, RangeError, "from 0 to 253"],
      [{ files: "1" }, RangeError, "from 0 to 253"],
      [{ size: -1 }, RangeError, "bytes"],
      [{ size: NaN }, RangeError, "bytes"],
      [{ size: 2 ** 31 }, RangeError, "bytes"],
      [{ peek: true, files: 1 }, TypeError, "peek"],
      [{ buffer: "text" }, TypeError, "Uint8Array"],
      [{ buffer: new ArrayBuffer(8) }, TypeError, "Uint8Array"],
      [{ buffer: [new Uint8Array(1), 7] }, TypeError, "Uint8Array"],
      [{ buffer: Array(2) }, TypeError, "Uint8Array"],
      [{ buffer: Array(1025).fill(new Uint8Array(1)) }, RangeError, "1024"],
    ];
    for (const [options, expected, part] of wrong) {
      await assertRejects(() => receive(pair.b, options as ReceiveOptions), expected, part);
    }
    assertEquals(pair.b.bytesAvailable, 1);
  });

  test(`${name}() reads each option once`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("a"));
    const reads: string[] = [];
    const options = new Proxy<ReceiveOptions>({ size: 4 }, {
      get(target, key): unknown {
        reads.push(String(key));
        return Reflect.get(target, key);
      },
    });
    await receive(pair.b, options);
    assertEquals(reads.filter((it) => it !== "signal" && it !== "timeout").toSorted(), [
      "buffer",
      "files",
      "filesFirst",
      "peek",
      "size",
      "waitAll",
    ]);
  });
}
