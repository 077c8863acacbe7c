import { assert, assertEquals, assertRejects } from "@std/assert";
import { ControlTruncatedError } from "../../mod.ts";
import { bytes, connected, linuxTest, PAIRED, rootTest, text } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { RECEIVES } from "../util/sockets.ts";

for (const [name, receive] of Object.entries(RECEIVES)) {
  linuxTest(`${name}() with waitAll continues over messages of one sender`, async () => {
    using pair = connected();
    pair.b.passCredentials = true;
    for (let n = 0; n < 3; n++) pair.a.writeSync(bytes("ab"));
    using message = await receive(pair.b, { size: 6, waitAll: true });
    assertEquals({ data: text(message?.data), pid: message?.credentials?.pid }, {
      data: "ababab",
      pid: Deno.pid,
    });
  });

  rootTest(`${name}() with waitAll puts nothing of two senders together`, async () => {
    using pair = connected();
    pair.b.passCredentials = true;
    const own = { pid: Deno.pid, uid: 0, gid: 0 };
    pair.a.sendSync({ data: bytes("ab"), credentials: own });
    pair.a.sendSync({ data: bytes("cd"), credentials: { ...own, uid: 7 } });
    pair.a.sendSync({ data: bytes("ef"), credentials: { ...own, uid: 7 } });
    using first = await receive(pair.b, { size: 6, waitAll: true });
    using second = await receive(pair.b, { size: 4, waitAll: true });
    assertEquals({ data: text(first?.data), uid: first?.credentials?.uid }, { data: "ab", uid: 0 });
    assertEquals({ data: text(second?.data), uid: second?.credentials?.uid }, {
      data: "cdef",
      uid: 7,
    });
  });

  linuxTest(
    `${name}() gives credentials only for what was sent after they were asked for`,
    async () => {
      for (const type of PAIRED) {
        using pair = connected(type);
        pair.a.writeSync(bytes("before"));
        pair.b.passCredentials = true;
        pair.a.writeSync(bytes("after"));
        using before = await receive(pair.b, { size: 6 });
        using after = await receive(pair.b);
        assert(before && !("credentials" in before), type);
        const own = { pid: Deno.pid, uid: Deno.uid(), gid: Deno.gid() };
        assertEquals({ ...after?.credentials }, own as Record<string, unknown>, type);
        pair.b.passCredentials = false;
        pair.a.writeSync(bytes("later"));
        using later = await receive(pair.b);
        assert(later && !("credentials" in later), type);
      }
    },
  );

  linuxTest(`${name}() gives credentials, a pidfd and descriptors in one message`, async () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      pair.b.passCredentials = true;
      pair.b.passPidfd = true;
      pair.a.sendSync({ data: bytes("a"), files: [0, 1, 2] });
      using message = await receive(pair.b, { files: 3 });
      assertEquals({
        pid: message?.credentials?.pid,
        kind: message?.pidfd?.kind(),
        fileCount: message?.files.length,
      }, { pid: Deno.pid, kind: "pidfd", fileCount: 3 });
      pair.a.sendSync({ data: bytes("a"), files: Array(253).fill(0) });
      using many = await receive(pair.b, { files: 253 });
      assertEquals({ fileCount: many?.files.length, kind: many?.pidfd?.kind() }, {
        fileCount: 253,
        kind: "pidfd",
      });
    }
  });

  linuxTest(
    `${name}() gives the pidfd of a sender that passes descriptors nobody asked for`,
    async () => {
      for (const type of PAIRED) {
        for (const passCredentials of [false, true]) {
          using pair = connected(type);
          pair.b.passCredentials = passCredentials;
          pair.b.passPidfd = true;
          for (const count of [1, 2, 3, 253]) {
            pair.a.sendSync({ data: bytes("a"), files: Array(count).fill(0) });
            const before = countDescriptors();
            using message = await receive(pair.b);
            assertEquals({
              kind: message?.pidfd?.kind(),
              pid: message?.credentials?.pid,
              files: message?.files,
              controlTruncated: message?.controlTruncated,
              descriptors: countDescriptors(),
            }, {
              kind: "pidfd",
              pid: passCredentials ? Deno.pid : undefined,
              files: [],
              controlTruncated: true,
              descriptors: before + 1,
            }, `${type}, ${count}`);
          }
        }
      }
    },
  );

  linuxTest(`${name}() with credentials still refuses descriptors it did not ask for`, async () => {
    using pair = connected();
    pair.b.passCredentials = true;
    for (const [sent, asked] of [[1, 0], [2, 1], [3, 1], [9, 8]] as const) {
      pair.a.sendSync({ data: bytes("a"), files: Array(sent).fill(0) });
      const before = countDescriptors();
      if (asked === 0) {
        using message = await receive(pair.b);
        assertEquals({
          controlTruncated: message?.controlTruncated,
          pid: message?.credentials?.pid,
        }, { controlTruncated: true, pid: Deno.pid });
      } else await assertRejects(() => receive(pair.b, { files: asked }), ControlTruncatedError);
      assertEquals(countDescriptors(), before);
    }
  });
}
