/**
 * A file system in a Deno program. `fusermount3`, which may mount, does so, and passes the descriptor of
 * `/dev/fuse` over a Unix socket; `ls`, `cat` and `cmp` then use the files. Run it with
 * `deno task example:fuse`.
 *
 * @module
 */

import { OwnedFd, unix } from "@denet/unix";
import { runProgram } from "../programs.ts";
import { lacking, main, stopped, temporaryFolder } from "../util.ts";
import {
  answer,
  attributes,
  ENOENT,
  ENOSYS,
  entries,
  init,
  type Node,
  Op,
  parse,
} from "./protocol.ts";

const encoder = new TextEncoder();
const large = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const ROOT = 1n;
const nodes = new Map<bigint, Node>([
  [ROOT, { name: "." }],
  [2n, { name: "hello.txt", content: encoder.encode("Served by Deno, read by the kernel.\n") }],
  [3n, { name: "large.bin", content: large }],
]);

/** Run a program of Debian's coreutils; its output. */
function run(command: string, ...args: string[]): Promise<string> {
  return runProgram(command, { args, debianPackage: "coreutils" });
}

/** Have `fusermount3` mount at `path`: it sends the device over the socket that `_FUSE_COMMFD` names. */
async function mount(path: string): Promise<OwnedFd> {
  const [ours, theirs] = unix.socketpair();
  using socket = ours;
  using inherited = theirs;
  inherited.closeOnExec = false;
  const args = ["-o", "ro,fsname=denet", "--", path];
  const env = { _FUSE_COMMFD: `${inherited.fd}` };
  await runProgram("fusermount3", { args, env, debianPackage: "fuse3" });
  using message = await socket.receive({ files: 1, signal: stopped });
  const device = message?.files.shift();
  if (device === undefined) throw new Error("fusermount3 passed no descriptor");
  return device;
}

/** Unmount, even while a program still uses a file, and after Ctrl-C. */
async function unmount(path: string): Promise<void> {
  const args = ["-u", "-z", "--", path];
  await new Deno.Command("fusermount3", { args, stdin: "null", stderr: "null" }).output()
    .catch(() => {}); // it is not installed: nothing is mounted then
}

/** Answer requests until the file system is unmounted; how many there were. */
async function serve(device: OwnedFd): Promise<number> {
  const buffer = new Uint8Array(128 * 1024);
  for (let count = 0;; count++) {
    let length: number | null;
    try {
      length = await device.read(buffer);
    } catch (error) {
      if (codeOf(error) === "ENODEV") return count; // unmounted
      throw error;
    }
    const reply = respond(buffer.subarray(0, length ?? 0));
    if (reply !== undefined) await deliver(device, reply);
  }
}

async function deliver(device: OwnedFd, reply: Uint8Array): Promise<void> {
  try {
    await device.write(reply);
  } catch (error) {
    // The program that asked was interrupted and waits no more, or all is unmounted: the next read says so.
    if (!["ENOENT", "ENODEV"].includes(codeOf(error) ?? "")) throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

function respond(bytes: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
  const request = parse(bytes);
  const node = nodes.get(request.node);
  const { opcode, body } = request;
  if (opcode === Op.FORGET || opcode === Op.BATCH_FORGET) return undefined; // they get no answer
  if (opcode === Op.INIT) return answer(request, 0, init(body));
  if (node === undefined) return answer(request, ENOENT);
  switch (opcode) {
    case Op.LOOKUP: {
      const name = new TextDecoder().decode(
        new Uint8Array(body.buffer, body.byteOffset, body.byteLength - 1),
      );
      const found = [...nodes].find(([, { name: it }]) => it === name);
      return found ? answer(request, 0, attributes(...found, true)) : answer(request, ENOENT);
    }
    case Op.GETATTR:
      return answer(request, 0, attributes(request.node, node));
    case Op.READ: {
      const offset = Number(body.getBigUint64(8, true));
      return answer(request, 0, node.content?.subarray(offset, offset + body.getUint32(16, true)));
    }
    case Op.READDIR:
      return answer(
        request,
        0,
        entries([...nodes], Number(body.getBigUint64(8, true)), body.getUint32(16, true)),
      );
    case Op.OPEN:
    case Op.OPENDIR:
      return answer(request, 0, new Uint8Array(16));
    case Op.RELEASE:
    case Op.RELEASEDIR:
    case Op.DESTROY:
      return answer(request, 0);
  }
  return answer(request, ENOSYS);
}

await main(async () => {
  if (Deno.build.os !== "linux") lacking("FUSE mounts by fusermount3 exist on Linux only");
  try {
    OwnedFd.open("/dev/fuse", { read: true, write: true }).close();
  } catch (error) {
    lacking(`${(error as Error).message}; fusermount3 needs it as well`);
  }
  await using folder = temporaryFolder();
  const path = `${folder.path}/mount`;
  Deno.mkdirSync(path);
  using device = await mount(path).catch(async (error) => {
    await unmount(path); // Ctrl-C may have come when it was mounted already
    throw error;
  });
  console.log(`fusermount3 passed a ${device.kind()} device for "${path}"`);
  const served = serve(device);
  served.catch(() => device.close()); // the kernel then fails all requests that wait for an answer
  try {
    console.log(`ls: ${(await run("ls", path)).trim().replaceAll("\n", ", ")}`);
    console.log(`cat: ${(await run("cat", `${path}/hello.txt`)).trim()}`);
    Deno.writeFileSync(`${folder.path}/copy`, large);
    await run("cmp", `${path}/large.bin`, `${folder.path}/copy`);
    console.log(`cmp: the ${large.byteLength} bytes of large.bin are right`);
  } finally {
    await unmount(path);
  }
  console.log(`unmounted after more than 10 requests: ${await served > 10}`);
});
