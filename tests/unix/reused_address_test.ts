/** Addresses in the memory of a Buffer, whose `slice()` is no copy, and which is used again after the call. */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { addFiles, bind, connect, connectSync, listen, socket } from "../../lib/unix/mod.ts";
import { Msghdr, sendmsg, type Socket } from "../../mod.ts";
import { fill, isPending, linuxTest, test } from "../util/cases.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";

/** Give an address in a Buffer to `use`, and write over it right after the call. */
function reusing<T>(address: string, use: (address: Uint8Array) => T): T {
  const buffer = Buffer.from(address);
  const result = use(buffer);
  buffer.fill(0x78);
  return result;
}

/** A folder whose paths fit a `sockaddr_un`, and one whose paths do not. */
const FOLDERS = Deno.build.os === "linux" ? ["", "d".repeat(100)] : [""];

for (const name of FOLDERS) {
  const kind = name === "" ? "short" : "long";

  test(`listen() and bind() remove their file, and keep its name (${kind})`, () => {
    using dir = tempDir();
    const folder = dir.join(name);
    Deno.mkdirSync(folder, { recursive: true });
    for (const make of [listen, bind]) {
      const path = `${folder}/s`;
      const made = reusing(path, (it) => make(it, { mode: 0o600 }));
      assertEquals(new TextDecoder().decode(made.localAddress ?? undefined), path);
      made.close();
      assertEquals(namesIn(folder), []);
    }
  });

  linuxTest(`send() and sendmsg() that wait reach the address of the call (${kind})`, async () => {
    using dir = tempDir();
    const path = `${dir.join(name)}/s`;
    Deno.mkdirSync(dir.join(name), { recursive: true });
    using inbox = bind(path);
    using filler = connectSync(path, { type: "dgram" });
    const filled = fill(filler, 1);
    using sender = socket();
    const message = new Msghdr();
    message.addVector(new Uint8Array(3));
    addFiles(message, 0);
    reusing(path, (it) => message.name = it);
    const sends = [
      reusing(path, (it) => sender.send({ data: new Uint8Array(2), to: it })),
      sendmsg(sender, message),
    ];
    message.reset();
    assertEquals(await isPending(Promise.race(sends)), true);
    const sizes: (number | undefined)[] = [];
    for (let n = 0; n < filled + 2; n++) sizes.push((await inbox.receive())?.data.byteLength);
    assertEquals({ sent: await Promise.all(sends), came: sizes.slice(-2) }, {
      sent: [2, 3],
      came: [2, 3],
    });
  });

  linuxTest(`connect() that waits reaches the address of the call (${kind})`, async () => {
    using dir = tempDir();
    const path = `${dir.join(name)}/s`;
    Deno.mkdirSync(dir.join(name), { recursive: true });
    using listener = listen(path, { backlog: 0 });
    using _first = connectSync(path);
    const connecting: Promise<Socket> = reusing(path, (it) => connect(it));
    assertEquals(await isPending(connecting), true);
    listener.acceptSync().close();
    using client = await connecting;
    assertEquals(client.remoteAddr.path, path);
  });
}
