import { assert, assertEquals, assertRejects } from "@std/assert";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { collectUntil, gcTest, isPending, test, turn } from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { type TempDir, tempDir } from "../util/tempdir.ts";

/** A file opened twice: two owners of a lock. */
function twice(dir: TempDir): [OwnedFd, OwnedFd] {
  const options = { read: true, write: true, create: true };
  return [OwnedFd.open(dir.join("a"), options), OwnedFd.open(dir.join("a"), options)];
}

test("tryLock() tells whether there is a lock that excludes it", async () => {
  using dir = tempDir();
  const [a, b] = twice(dir);
  using _a = a;
  using _b = b;
  assert(a.tryLockSync());
  assert(b.tryLockSync());
  assert(!b.tryLockSync(true));
  a.unlockSync();
  assertEquals({ bTryLock: await b.tryLock(true), aTryLock: await a.tryLock() }, {
    bTryLock: true,
    aTryLock: false,
  });
  await b.unlock();
  assertEquals(await a.tryLock(), true);
});

test("lock() waits until it is free, without blocking the event loop", async () => {
  using dir = tempDir();
  const [a, b] = twice(dir);
  using _a = a;
  using _b = b;
  a.lockSync(true);
  const locked = b.lock(true);
  const alsoShared = b.lock();
  assertEquals({ locked: await isPending(locked), alsoShared: await isPending(alsoShared) }, {
    locked: true,
    alsoShared: true,
  });
  a.unlockSync();
  await locked;
  await alsoShared;
  a.lockSync();
});

test("lock() ends with BadResource when the file is closed meanwhile", async () => {
  using dir = tempDir();
  const [a, b] = twice(dir);
  using _a = a;
  a.lockSync(true);
  const locked = b.lock();
  await turn();
  b.close();
  await assertRejects(() => locked, Deno.errors.BadResource);
});

const HOLDER = `
import fcntl, sys
f = open(sys.argv[1], "r+")
fcntl.flock(f, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.readline()
`;

testWith(
  "python3",
  "lock() waits for a lock of another process",
  noLeaks(async () => {
    using dir = tempDir();
    const [a, b] = twice(dir);
    using _a = a;
    using _b = b;
    await using holder = startProcess("python3", { args: ["-c", HOLDER, dir.join("a")] });
    assertEquals(await holder.readLine(), "locked");
    const locked = a.lock(true);
    assertEquals({ isPending: await isPending(locked), tryLockSync: b.tryLockSync() }, {
      isPending: true,
      tryLockSync: false,
    });
    await holder.writeLine("");
    await locked;
    assert(!b.tryLockSync());
  }),
);

gcTest("lock() waits on although nothing else refers to the file", async () => {
  using dir = tempDir();
  using holder = twice(dir)[0];
  holder.lockSync(true);
  let outcome: unknown;
  (() => OwnedFd.open(dir.join("a")).lock(true))().then(
    () => outcome = "locked",
    (error) => outcome = error,
  );
  await collectUntil(() => outcome !== undefined);
  assertEquals(outcome, undefined);
  holder.unlockSync();
  while (outcome === undefined) await turn();
  assertEquals(outcome, "locked");
});
