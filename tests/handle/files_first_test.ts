import { assertEquals } from "@std/assert";
import { startsWithFiles } from "../../lib/handle/files_first.ts";
import { stateOf } from "../../lib/handle/socket_transfer.ts";
import type { ReceiveOptions } from "../../lib/handle/receive_options.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { bytes, connected, linuxTest, test, text } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { type Receive, RECEIVES } from "../util/sockets.ts";

/** What is sent: text and a number of descriptors. */
type Part = readonly [string, number];

const PARTS: readonly (readonly Part[])[] = [
  [["ab", 0], ["cd", 1], ["ef", 0], ["gh", 0], ["ij", 2], ["kl", 1], ["mn", 0]],
  [["a", 1]],
  [["a", 0], ["b", 1], ["c", 1]],
  [["a", 0], ["b", 0]],
];

/** Receive to the end: what came first in each message with descriptors, and all bytes. */
async function collect(
  socket: Socket,
  receive: Receive,
  options: ReceiveOptions,
): Promise<[Part[], string]> {
  const withFiles: Part[] = [];
  let all = "";
  for (;;) {
    using message = await receive(socket, { files: 8, filesFirst: true, ...options });
    if (message === null) return [withFiles, all];
    const data = text(message.data);
    if (message.files.length > 0) withFiles.push([data[0] ?? "", message.files.length]);
    all += data;
  }
}

for (const [name, receive] of Object.entries(RECEIVES)) {
  for (const credentials of [false, true]) {
    for (const options of [{}, { size: 3 }, { size: 1 }, { waitAll: true }] as ReceiveOptions[]) {
      const how = `${JSON.stringify(options)}${credentials ? ", with credentials" : ""}`;
      linuxTest(`${name}() with filesFirst has files with the first byte (${how})`, async () => {
        for (const parts of PARTS) {
          using pair = connected();
          pair.b.passCredentials = credentials;
          for (const [data, count] of parts) {
            pair.a.sendSync({ data: bytes(data), files: Array(count).fill(0) });
          }
          pair.a.close();
          const before = countDescriptors();
          const [withFiles, all] = await collect(pair.b, receive, options);
          const sent = parts.filter(([, count]) => count > 0);
          assertEquals(withFiles, sent.map(([data, count]): Part => [data[0] ?? "", count]));
          assertEquals(all, parts.map(([data]) => data).join(""));
          assertEquals(countDescriptors(), before);
        }
      });
    }
  }
}

test("receive() with filesFirst and waitAll fills its memory where there are no files", async () => {
  using pair = connected();
  for (const data of ["ab", "cd", "ef"]) pair.a.writeSync(bytes(data));
  using message = await pair.b.receive({ size: 6, files: 1, filesFirst: true, waitAll: true });
  assertEquals(text(message?.data), "abcdef");
});

test("receive() with filesFirst takes parts that are larger than what it asks for", async () => {
  using pair = connected();
  pair.a.sendBufferSize = 1 << 20;
  pair.a.sendSync({ data: new Uint8Array(100_000).fill(1) });
  pair.a.sendSync({ data: new Uint8Array(100_000).fill(2), files: [0] });
  let [plain, carrying] = [0, 0];
  while (plain + carrying < 200_000) {
    using message = await pair.b.receive({ files: 1, filesFirst: true });
    const { data = new Uint8Array(0), files = [] } = message ?? {};
    if (files.length > 0) assertEquals({ plain, data: data[0] }, { plain: 100_000, data: 2 });
    if (plain < 100_000) plain += data.byteLength;
    else carrying += data.byteLength;
  }
  assertEquals({ plain, carrying }, { plain: 100_000, carrying: 100_000 });
});

linuxTest("startsWithFiles() makes no descriptor, and takes nothing", () => {
  using pair = connected();
  const state = stateOf(pair.b).receiveState(pair.b);
  const { fd } = pair.b;
  const before = countDescriptors();
  assertEquals(startsWithFiles(fd, state), false);
  pair.a.writeSync(bytes("a"));
  assertEquals(startsWithFiles(fd, state), false);
  pair.a.sendSync({ data: bytes("b"), files: [0, 1] });
  assertEquals({ startsWithFiles: startsWithFiles(fd, state), descriptors: countDescriptors() }, {
    startsWithFiles: false,
    descriptors: before,
  });
  pair.b.readSync(new Uint8Array(1));
  assertEquals({ startsWithFiles: startsWithFiles(fd, state), descriptors: countDescriptors() }, {
    startsWithFiles: true,
    descriptors: before,
  });
  assertEquals(pair.b.bytesAvailable, 1);
});
