/**
 * A server, `unixtap` in front of it, and a client that came through it, all but the tool in this process.
 *
 * @module
 */

import { type Listener, type Socket, unix } from "@denet/unix";
import type { LineProcess } from "../util/process.ts";
import { type TempDir, tempDir } from "../util/tempdir.ts";
import { type Line, readEvent, startTool } from "./tool.ts";

/** Why the tool is not tested here, if it is not. */
export const notLinux: string | undefined = Deno.build.os === "linux"
  ? undefined
  : "it reads /proc, as on Linux";

/** Return the bytes of text. */
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The three. Disposing it ends them. */
export class Tapped implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  /** Where the sockets are. */
  readonly dir: TempDir = this.#stack.use(tempDir());
  readonly target: string = this.dir.join("target");
  readonly address: string = this.dir.join("tap");
  declare tool: LineProcess;
  declare listening: Line;
  declare listener: Listener;
  declare client: Socket;
  declare server: Socket;

  /** Start all three. */
  static async start(type: "stream" | "seqpacket", ...args: string[]): Promise<Tapped> {
    const it = new Tapped();
    const listener = it.#stack.use(unix.listen(it.target, { type }));
    await it.startTool("--json", ...args);
    [it.client, it.server] = await Promise.all([
      unix.connect(it.address, { type }),
      listener.accept(),
    ]);
    it.#stack.use(it.client);
    it.#stack.use(it.server);
    return it;
  }

  /** Start the tool and wait until it listens. */
  async startTool(...args: string[]): Promise<void> {
    this.tool = this.#stack.use(startTool("unixtap", [...args, this.address, this.target]));
    if (args.includes("--json")) this.listening = await readEvent(this.tool);
    else await this.tool.readLine();
  }

  /** Listen at the target. */
  listen(): Listener {
    return this.listener = this.#stack.use(unix.listen(this.target));
  }

  /** Start the tool, which prints nothing that is read, and wait until it listens. */
  async startUnheard(...args: string[]): Promise<void> {
    this.tool = this.#stack.use(startTool("unixtap", [...args, this.address, this.target]));
    await untilListening(this.address);
  }

  /** Start the tool by another command, and wait until it listens. */
  async startUnheardBy(by: readonly string[], ...args: string[]): Promise<void> {
    const all = [...args, this.address, this.target];
    this.tool = this.#stack.use(startTool("unixtap", all, {}, by));
    await untilListening(this.address);
  }

  /** End them. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Wait until a process listens on a path: the file alone is there a moment earlier. */
export async function untilListening(path: string): Promise<void> {
  while (!socketsAt(path).some(({ listens }) => listens)) await pause();
}

/** Wait until a process listens on a path, or has a datagram socket there. */
export async function untilServed(path: string): Promise<void> {
  while (!socketsAt(path).some(({ listens, type }) => listens || type === "0002")) await pause();
}

/** Wait until a process has become another program: a signal to it that comes earlier may be lost. */
export async function untilRuns(pid: number, name: string): Promise<void> {
  while (Deno.readTextFileSync(`/proc/${pid}/comm`) !== `${name}\n`) await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

function socketsAt(path: string): { type: string; listens: boolean }[] {
  const acceptsConnections = "00010000"; // __SO_ACCEPTCON, among the flags
  return Deno.readTextFileSync("/proc/net/unix").split("\n")
    .filter((line) => line.endsWith(` ${path}`))
    .map((line) => {
      const [, , , flags, type = ""] = line.split(" ");
      return { type, listens: flags === acceptsConnections };
    });
}

/** Wait until every thread of a process has stopped: the signal alone stops none. */
export async function untilStopped(pid: number): Promise<void> {
  const hasStopped = (task: string): boolean =>
    /\) T /.test(Deno.readTextFileSync(`/proc/${pid}/task/${task}/stat`));
  while (![...Deno.readDirSync(`/proc/${pid}/task`)].every(({ name }) => hasStopped(name))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
