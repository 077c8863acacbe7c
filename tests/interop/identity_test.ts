/**
 * The identity of the peer, and what is refused, tested against programs in other languages.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import {
  assert,
  assertEquals,
  assertIsError,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { type Socket, type SocketType, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { type PeerName, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import {
  contentOf,
  Files,
  type Language,
  LANGUAGES,
  NO_LINUX,
  pattern,
  Peer,
  peerCommand,
  PeerError,
  withPeers,
} from "./peer.ts";
import { CONNECTED, TYPES } from "../util/cases.ts";

const LINUX = { unless: NO_LINUX };
const here = (): string => `${Deno.pid}:${Deno.uid()}:${Deno.gid()}`;
const colons = ({ pid, uid, gid }: { pid: number; uid: number; gid: number }): string =>
  `${pid}:${uid}:${gid}`;

/** A connection that the peer made to a listener of ours, or for datagrams to each other's names. */
async function connected(peer: Peer, type: SocketType, path: string): Promise<Socket> {
  if (type === "dgram") {
    await peer.bind("c", `${path}.theirs`);
    return await unix.connect(`${path}.theirs`, { type, localAddress: path });
  }
  using listener = unix.listen(path, { type });
  await peer.connect("c", type, path);
  return await listener.accept();
}

withPeers("peerCredentials() and SO_PEERCRED agree on both sides", async (peer) => {
  using dir = tempDir();
  for (const type of CONNECTED) {
    using socket = await connected(peer, type, dir.join(type));
    assertEquals(colons(socket.peerCredentials()), await peer.ask("pid"));
    assertEquals(await peer.ask("peercred", "c"), here());
    await peer.call("close", "c");
    await peer.listen("l", type, dir.join(`${type}.theirs`));
    using outgoing = await unix.connect(dir.join(`${type}.theirs`), { type });
    await peer.call("accept", "c", "l");
    assertEquals(colons(outgoing.peerCredentials()), await peer.ask("pid"));
    assertEquals(await peer.ask("peercred", "c"), here());
    for (const id of ["c", "l"]) await peer.call("close", id);
  }
}, LINUX);

/** Whether this kernel has an option: tried on a socket. */
function kernelHas(property: "passRights" | "passPidfd"): boolean {
  if (NO_LINUX !== undefined) return false;
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  try {
    a[property] = true;
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotSupported) return false;
    throw error;
  }
}

const noPidfd = kernelHas("passPidfd") ? undefined : "this kernel has no SO_PEERPIDFD (Linux 6.5)";

withPeers("peerPidfd() and SO_PEERPIDFD stand for the process on the other side", async (peer) => {
  using dir = tempDir();
  using socket = await connected(peer, "stream", dir.join("s"));
  {
    using pidfd = socket.peerPidfd();
    assertEquals(pidfd.kind(), "pidfd");
    const info = await Deno.readTextFile(`/proc/self/fdinfo/${pidfd.fd}`);
    assertEquals(/^Pid:\s*(\d+)$/m.exec(info)?.[1], String(peer.process.pid));
  }
  assertEquals(await peer.ask("peerpid", "c"), String(Deno.pid));
  await peer.process[Symbol.asyncDispose]();
  try {
    // Since Linux 6.16 a descriptor can be had for a process that is gone; it says so.
    using pidfd = socket.peerPidfd();
    assertStringIncludes(await Deno.readTextFile(`/proc/self/fdinfo/${pidfd.fd}`), "Pid:\t-1\n");
  } catch (error) {
    assertIsError(error, Deno.errors.NotFound, "has ended");
    assert("code" in error && "syscall" in error);
  }
}, { unless: noPidfd });

withPeers("passPidfd brings a descriptor of the peer's process with each message", async (peer) => {
  using dir = tempDir();
  for (const type of TYPES) {
    using socket = await connected(peer, type, dir.join(type));
    socket.passPidfd = true;
    socket.passCredentials = true;
    const to = type === "dgram" ? { to: dir.join(type) } : {};
    for (const files of [[], [pattern(3)]]) {
      await peer.send("c", { data: pattern(9), files, ...to });
      using message = await socket.receive({ files: 1 });
      assertEquals({ data: message?.data, fileCount: message?.files.length }, {
        data: pattern(9),
        fileCount: files.length,
      });
      assertEquals(message?.credentials?.pid, peer.process.pid);
      assertEquals(message?.pidfd?.kind(), "pidfd");
      const info = await Deno.readTextFile(`/proc/self/fdinfo/${message?.pidfd?.fd}`);
      assertEquals(/^Pid:\s*(\d+)$/m.exec(info)?.[1], String(peer.process.pid));
    }
    await peer.call("close", "c");
  }
}, { unless: noPidfd });

withPeers("peerGroups() are those of the peer's process", async (peer) => {
  using dir = tempDir();
  using socket = await connected(peer, "stream", dir.join("s"));
  const status = await Deno.readTextFile(`/proc/${peer.process.pid}/status`);
  const groups = /^Groups:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/).filter((it) => it !== "");
  assertEquals(socket.peerGroups(), groups?.map(Number));
}, LINUX);

withPeers(
  "passCredentials brings those that the peer claims, with descriptors in the same message",
  async (peer) => {
    using dir = tempDir();
    const theirs = await peer.ask("pid");
    for (const type of TYPES) {
      using socket = await connected(peer, type, dir.join(type));
      socket.passCredentials = true;
      const to = type === "dgram" ? { to: dir.join(type) } : {};
      const contents = [pattern(3), pattern(5000)];
      for (const files of [[], contents]) {
        for (const claim of [{ credentials: theirs }, {}]) {
          await peer.send("c", { data: pattern(9), files, ...claim, ...to });
          using message = await socket.receive({ files: 2 });
          assert(message?.credentials, `No credentials with ${type}`);
          assertEquals(colons(message.credentials), theirs);
          assertEquals(message.data, pattern(9));
          assertEquals(await Promise.all(message.files.map(contentOf)), files);
          assertEquals(message.controlTruncated, false);
        }
      }
      await peer.call("close", "c");
    }
  },
  LINUX,
);

withPeers("send() gives credentials, with descriptors in the same message", async (peer) => {
  using dir = tempDir();
  const own = { pid: Deno.pid, uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  for (const type of TYPES) {
    using socket = await connected(peer, type, dir.join(type));
    await peer.call("passcred", "c");
    const contents = [pattern(3), pattern(5000)];
    using files = new Files(contents);
    for (const claim of [{ credentials: own }, {}]) {
      await socket.send({ data: pattern(9), files: files.list, ...claim });
      const message = await peer.receive("c", 9, 4);
      assertEquals({ data: message.data, credentials: message.credentials }, {
        data: pattern(9),
        credentials: here(),
      });
      assertEquals(message.files, contents);
    }
    await peer.call("close", "c");
  }
}, LINUX);

withPeers("credentials sent before passCredentials was on are not taken for real", async (peer) => {
  using dir = tempDir();
  using inbox = unix.bind(dir.join("s"));
  await peer.connect("c", "dgram", dir.join("s"));
  await peer.send("c", { data: pattern(1) });
  inbox.passCredentials = true;
  using message = await inbox.receive();
  assertEquals({ data: message?.data, credentials: message?.credentials }, {
    data: pattern(1),
    credentials: undefined,
  });
}, LINUX);

/** Without capabilities even root may claim only its own credentials. */
async function startUnprivileged(language: Language): Promise<Peer> {
  const [command, ...args] = await peerCommand(language);
  if (Deno.uid() !== 0) return new Peer(startProcess(command, { args }));
  const dropped = ["--bounding-set=-all", "--inh-caps=-all", command, ...args];
  return new Peer(startProcess("setpriv", { args: dropped }));
}

for (const [language, needed] of Object.entries(LANGUAGES) as [Language, PeerName][]) {
  testWith(
    [needed, "setpriv"],
    `a peer without privileges cannot claim another user's credentials (${language})`,
    noLeaks(async () => {
      using dir = tempDir();
      await using peer = await startUnprivileged(language);
      using socket = await connected(peer, "seqpacket", dir.join("s"));
      socket.passCredentials = true;
      const [pid, uid, gid] = (await peer.ask("pid")).split(":");
      for (const claim of [`1:${uid}:${gid}`, `${pid}:12345:${gid}`, `${pid}:${uid}:12345`]) {
        const sent = peer.send("c", { data: pattern(1), credentials: claim });
        assertEquals((await assertRejects(() => sent, PeerError)).code, "EPERM");
      }
      await peer.send("c", { data: pattern(1) });
      using message = await socket.receive();
      assertEquals(message?.credentials && colons(message.credentials), `${pid}:${uid}:${gid}`);
    }),
  );
}

const noPassRights = kernelHas("passRights")
  ? undefined
  : "this kernel has no SO_PASSRIGHTS (Linux 6.16)";

withPeers(
  "passRights = false refuses descriptors from the peer, and nothing else",
  async (peer) => {
    using dir = tempDir();
    for (const type of TYPES) {
      using socket = await connected(peer, type, dir.join(type));
      const to = type === "dgram" ? { to: dir.join(type) } : {};
      socket.passRights = false;
      assertEquals(socket.passRights, false);
      const refused = await assertRejects(
        () => peer.send("c", { data: pattern(1), files: [pattern(1)], ...to }),
        PeerError,
      );
      assertEquals(refused.code, "EPERM");
      await peer.send("c", { data: pattern(4), ...to });
      using message = await socket.receive({ files: 1 });
      assertEquals({ data: message?.data, files: message?.files }, { data: pattern(4), files: [] });
      socket.passRights = true;
      await peer.send("c", { data: pattern(4), files: [pattern(2)], ...to });
      using other = await socket.receive({ files: 1 });
      assertEquals(other?.files.length, 1);
      await peer.call("close", "c");
    }
  },
  { unless: noPassRights },
);

withPeers("send() throws PermissionDenied when the peer refuses descriptors", async (peer) => {
  using dir = tempDir();
  for (const type of TYPES) {
    using socket = await connected(peer, type, dir.join(type));
    await peer.call("passrights", "c", 0);
    using files = new Files([pattern(1)]);
    const error = await assertRejects(
      () => socket.send({ data: pattern(1), files: files.list }),
      Deno.errors.PermissionDenied,
    );
    assert("code" in error && "syscall" in error);
    assertEquals({ code: error.code, syscall: error.syscall }, {
      code: "EPERM",
      syscall: "sendmsg",
    });
    await socket.send({ data: pattern(2) });
    assertEquals((await peer.receive("c", 2)).data, pattern(2));
    await peer.call("close", "c");
  }
}, { unless: noPassRights });
