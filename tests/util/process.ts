/** How to start a {@linkcode LineProcess}. */
export interface LineProcessOptions {
  /** Arguments of the program. */
  args?: readonly string[];
  /** Variables added to the environment. */
  env?: Record<string, string>;
  /** Working directory. */
  cwd?: string | URL;
}

/**
 * A process that a test exchanges lines with over its standard input and output. Leaving the scope
 * kills it and waits for its end: `await using peer = startProcess("python3", { args: [script] })`.
 */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #command: string;
  #rest = "";

  /** Start a program. */
  constructor(command: string, options: LineProcessOptions = {}) {
    this.#command = [command, ...options.args ?? []].join(" ");
    this.#child = new Deno.Command(command, {
      args: [...options.args ?? []],
      ...(options.env ? { env: options.env } : {}),
      ...(options.cwd ? { cwd: options.cwd } : {}),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** The id of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** How the process ended, once it has. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** All that the process wrote to its standard error, once that is closed. */
  get stderr(): Promise<string> {
    return this.#stderr;
  }

  /** Write a line; the newline is added. */
  async writeLine(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${text}\n`));
  }

  /** Close the standard input of the process. */
  async closeInput(): Promise<void> {
    await this.#writer.close();
  }

  /**
   * Read a line without its newline.
   *
   * @throws {Error} If the output ends instead; the message holds the standard error.
   */
  async readLine(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#reader.read();
      if (done) {
        const errors = await this.#stderr;
        throw new Error(`Expected a line from "${this.#command}", but its output ended\n${errors}`);
      }
      this.#rest += value;
    }
  }

  /** Read what is left of the output, up to its end. */
  async readAll(): Promise<string> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      this.#rest += value;
    }
    const text = this.#rest;
    this.#rest = "";
    return text;
  }

  /** Send a signal. Does nothing once the process has ended. */
  kill(signal: Deno.Signal = "SIGKILL"): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // Deno throws a TypeError for a process it has already waited for.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Kill the process and free what belongs to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.status;
    await Promise.allSettled([this.#writer.abort(), this.#reader.cancel(), this.#stderr]);
  }
}

/** Start a program to exchange lines with. */
export function startProcess(command: string, options?: LineProcessOptions): LineProcess {
  return new LineProcess(command, options);
}

/** Start this Deno, with the project's configuration, on a file of the project. */
export function startDeno(
  script: URL,
  permissions: readonly string[],
  options: LineProcessOptions = {},
): LineProcess {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--quiet", "--config", config, ...permissions, script.href];
  return new LineProcess(Deno.execPath(), { ...options, args: [...args, ...options.args ?? []] });
}
