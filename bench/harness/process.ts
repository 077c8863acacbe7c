import { LineReader } from "./lines.ts";
import { Unable } from "./types.ts";

/** What a peer answers to a command: how many operations it completed, and in what time. */
export interface Answer {
  count: number;
  /** Nanoseconds. */
  wall: number;
  /** The longest turn of the event loop in nanoseconds, of programs that look. */
  longest?: number;
  /** The 99th percentile of the operations in nanoseconds, likewise. */
  p99?: number;
}

/** How to start a peer's process. */
export interface Launch {
  command: readonly string[];
  /** Number of the processor to pin it to. */
  cpu?: number;
  env?: Record<string, string>;
}

const ANSWER_TIMEOUT = 60_000;

/** A peer's process, commanded by lines on its standard input. */
export class PeerProcess implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #output: LineReader;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#output = new LineReader(child.stdout);
  }

  /** Starts the process and waits until it says that it is ready. */
  static async start(launch: Launch): Promise<PeerProcess> {
    const [program = "", ...args] = pinned(launch);
    const child = new Deno.Command(program, {
      args,
      env: launch.env ?? {},
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const peer = new PeerProcess(child);
    try {
      await peer.#answer("start");
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
    return peer;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Runs `operations` operations and checks that all of them took place. */
  async run(operations: number): Promise<Answer> {
    return await this.command("run", operations);
  }

  async command(name: string, count: number): Promise<Answer> {
    await this.#input.write(new TextEncoder().encode(`${name} ${count}\n`));
    const answer = await this.#answer(`${name} ${count}`);
    if (answer.count !== count) {
      throw new Unable("failed", `"${name} ${count}" completed ${answer.count} operations`);
    }
    return answer;
  }

  async #answer(command: string): Promise<Answer> {
    const line = await this.#nextLine(command);
    if (line === null) throw new Unable("failed", `The process ended during "${command}"`);
    const answer = JSON.parse(line) as Answer & { cannot?: string };
    if (answer.cannot !== undefined) throw new Unable("cannot", answer.cannot);
    return answer;
  }

  async #nextLine(command: string): Promise<string | null> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Unable("failed", `No answer to "${command}" in ${ANSWER_TIMEOUT} ms`)),
      ANSWER_TIMEOUT,
    );
    try {
      return await Promise.race([this.#output.next(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the process' input, which ends it, and kills it if it does not end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#output.cancel();
  }
}

function pinned(launch: Launch): readonly string[] {
  if (launch.cpu === undefined) return launch.command;
  return ["taskset", "-c", String(launch.cpu), ...launch.command];
}
