import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { peerCredentials, peerGroups, peerPidfd, peerSecurity } from "../../lib/socket/peer.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { OwnedFd, unix } from "../../mod.ts";
import { needPeer, peer, testWith } from "../util/peers.ts";
import { connected, linuxTest, test } from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const CLIENT = `
import os, socket, sys
if len(sys.argv) > 2:
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print("connected", flush=True)
sys.stdin.readline()
`;

/** Run `use` on the connection of a Python client, started with a prefix such as setpriv's. */
async function withClient(
  prefix: string[],
  ids: string[],
  use: (socket: Socket, pid: number, end: () => Promise<void>) => void | Promise<void>,
): Promise<void> {
  using dir = tempDir();
  Deno.chmodSync(dir.path, 0o777);
  using listener = unix.listen(dir.join("a"), { mode: 0o777 });
  const python = needPeer("python3").command;
  const [command = python, ...args] = [
    ...prefix,
    python,
    "-c",
    CLIENT,
    dir.join("a"),
    ...ids,
  ];
  await using child = startProcess(command, { args });
  assertEquals(await child.readLine(), "connected");
  using socket = await listener.accept();
  await use(socket, child.pid, async () => {
    await child.closeInput();
    await child.status;
  });
}

test("peerCredentials() of a pair are this process's own", () => {
  using pair = connected();
  const own = { pid: Deno.pid, uid: Deno.uid() ?? -1, gid: Deno.gid() ?? -1 };
  assertEquals(peerCredentials(pair.a.fd), own);
});

testWith(
  "python3",
  "peerCredentials() are those of the process that connected, also after it has ended",
  noLeaks(() =>
    withClient([], [], async (socket, pid, end) => {
      const expected = { pid, uid: Deno.uid() ?? -1, gid: Deno.gid() ?? -1 };
      assertEquals(socket.peerCredentials(), expected);
      await end();
      assertEquals(socket.peerCredentials(), expected);
    })
  ),
);

test("peerCredentials() of a client are those of the listening process", async () => {
  using dir = tempDir();
  using _listener = unix.listen(dir.join("a"));
  using client = await unix.connect(dir.join("a"));
  assertEquals(client.peerCredentials().pid, Deno.pid);
});

test("peerCredentials() throws NotConnected without a peer", () => {
  using dir = tempDir();
  using socket = unix.bind(dir.join("a"));
  const error = assertThrows(() => socket.peerCredentials(), Deno.errors.NotConnected);
  assert("code" in error && "syscall" in error);
  assertObjectMatch(error, { code: "ENOTCONN", syscall: "getsockopt" });
});

linuxTest("peerPidfd() is a descriptor of the peer's process", () => {
  using pair = connected();
  using pidfd = OwnedFd.adopt(peerPidfd(pair.a.fd));
  assertEquals(pidfd.kind(), "pidfd");
  assertEquals(pidIn(pidfd.fd), Deno.pid);
});

/** What a pidfd stands for: -1 once the process is gone. */
function pidIn(fd: number): number {
  return Number(/^Pid:\s*(-?\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))?.[1]);
}

testWith(
  "python3-linux",
  "peerPidfd() of a process that has ended and is gone never stands for another one",
  noLeaks(() =>
    withClient([], [], async (socket, _pid, end) => {
      await end();
      // Linux before 6.16 has none for it any more, later ones keep one that is dead.
      try {
        using pidfd = socket.peerPidfd();
        assertEquals(pidIn(pidfd.fd), -1);
      } catch (error) {
        assert(error instanceof Deno.errors.NotFound);
        assert("code" in error && ["EINVAL", "ESRCH"].includes(String(error.code)));
      }
    })
  ),
);

linuxTest("peerPidfd() throws NotConnected without a peer", () => {
  using dir = tempDir();
  using socket = unix.bind(dir.join("a"));
  assertThrows(() => socket.peerPidfd(), Deno.errors.NotConnected);
});

test("the peer of a closed descriptor throws BadResource", () => {
  using pair = connected();
  const { fd } = pair.a;
  pair.a.close();
  for (const ask of [peerCredentials, peerPidfd, peerGroups]) {
    if (Deno.build.os !== "linux" && ask !== peerCredentials) continue;
    assertThrows(() => ask(fd), Deno.errors.BadResource, "EBADF");
  }
});

const isRoot = Deno.uid() === 0;
if (isRoot && peer("setpriv") !== undefined) {
  for (const count of [0, 3, 500]) {
    const groups = Array.from({ length: count }, (_, n) => 5000 + n);
    testWith(
      ["python3", "setpriv"],
      `peerGroups() are the peer's supplementary groups: ${count}`,
      noLeaks(() => {
        const option = count === 0 ? "--clear-groups" : `--groups=${groups}`;
        return withClient([needPeer("setpriv").command, option], [], (socket) => {
          assertEquals(peerGroups(socket.fd), groups);
        });
      }),
    );
  }
}

if (isRoot) {
  testWith(
    "python3",
    "peerCredentials() are the user and group that the peer took",
    noLeaks(() =>
      withClient([], ["12345", "23456"], (socket, pid) => {
        assertEquals(socket.peerCredentials(), { pid, uid: 12345, gid: 23456 });
      })
    ),
  );
}

linuxTest("peerGroups() throws NotConnected without a peer", () => {
  using dir = tempDir();
  using socket = unix.bind(dir.join("a"));
  assertThrows(() => socket.peerGroups(), Deno.errors.NotConnected);
});

test("peerSecurity() is a label, or NotSupported where the kernel has none", () => {
  using pair = connected();
  try {
    const label = peerSecurity(pair.a.fd);
    assert(label.length > 0 && !label.includes("\0"));
  } catch (error) {
    assert(error instanceof Deno.errors.NotSupported, String(error));
  }
});

test("the peer's identity cannot be asked of a closed socket", () => {
  using pair = connected();
  pair.a.close();
  for (const ask of ["peerCredentials", "peerPidfd", "peerGroups", "peerSecurity"] as const) {
    assertThrows(
      () => pair.a[ask](),
      Deno.errors.BadResource,
      "Cannot use the Socket: it is closed",
    );
  }
});
