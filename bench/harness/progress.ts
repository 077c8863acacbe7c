/** Shows on standard error what a long run is doing, on one line where that is a terminal. */
export class Progress {
  #terminal = Deno.stderr.isTerminal();
  #prefix: string;
  #width = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
    if (!this.#terminal) this.#print(`${prefix} …\n`);
  }

  step(text: string): void {
    if (!this.#terminal) return;
    const line = `${this.#prefix} · ${text}`;
    this.#print(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }

  end(): void {
    if (this.#terminal) this.#print(`\r${" ".repeat(this.#width)}\r`);
  }

  #print(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}
