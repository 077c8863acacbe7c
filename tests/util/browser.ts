/**
 * A headless Chromium, driven over its DevTools protocol.
 *
 * @module
 */

import { needPeer } from "./peers.ts";

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** How a page is shown. */
export interface Viewport {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether it is a phone: pages may then be wider than the screen only by a fault of theirs. */
  readonly mobile: boolean;
}

/** One page of a browser. */
export class Page {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #events = new Map<string, () => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => this.#pending.forEach((it) => it.reject(new Error("It has ended")));
  }

  static async open(address: string): Promise<Page> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const page = new this(socket);
    await page.send("Page.enable");
    return page;
  }

  #take({ id, method, result, error }: Answer): void {
    if (method !== undefined) return this.#events.get(method)?.();
    const pending = this.#pending.get(id ?? 0);
    this.#pending.delete(id ?? 0);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(error.message));
  }

  /** Call a method of the protocol. */
  send(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#last;
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(id, pending);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return pending.promise;
  }

  /** Set the size of the screen. */
  async resize({ width, height, mobile }: Viewport): Promise<void> {
    const metrics = { width, height, mobile, deviceScaleFactor: 1 };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
  }

  /** Go to an address, and wait until the page is loaded. */
  async go(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#events.set("Page.loadEventFired", resolve);
    });
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** Evaluate an expression in the page, and wait if it is a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", params) as {
      result: { value?: unknown };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`In the page: ${exceptionDetails.exception?.description ?? expression}`);
  }

  /** Wait until an expression is true; the test's time limit is the only one. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => (${expression}) ? resolve(true) : setTimeout(look, 20);
      look();
    })`);
  }

  /** Type text into what has the focus, as a person does. */
  async type(text: string): Promise<void> {
    for (const key of text) {
      await this.send("Input.dispatchKeyEvent", { type: "keyDown", text: key, key });
      await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
    }
  }

  /** Save what is to be seen, as a PNG file. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot") as { data: string };
    Deno.writeFileSync(path, Uint8Array.fromBase64(data));
  }

  close(): void {
    this.#socket.close();
  }
}

/** A folder that is removed once the last process of the browser has left it: they end after the first one. */
function browserProfile(): { path: string } & AsyncDisposable {
  const path = Deno.makeTempDirSync();
  return {
    path,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      for (let left = 100; left > 0; left--) {
        try {
          return await Deno.remove(path, { recursive: true });
        } catch (error) {
          if (left === 1) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

/** Start a browser and run `use` with a page of it. */
export async function withPage(use: (page: Page) => Promise<void>): Promise<void> {
  await using profile = browserProfile();
  const child = new Deno.Command(needPeer("chromium").command, {
    args: [
      "--headless=new",
      "--no-sandbox", // it refuses to run as root with it
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile.path}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const page = await Page.open(await pageAddress(`${profile.path}/DevToolsActivePort`));
    try {
      await use(page);
    } finally {
      page.close();
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** The browser writes its port into a file once it listens. */
async function pageAddress(file: string): Promise<string> {
  for (;;) {
    const [port] = (await Deno.readTextFile(file).catch(() => "")).split("\n");
    const targets = port ? await targetsAt(port) : [];
    const page = targets.find((it) => it.type === "page");
    if (page !== undefined) return page.webSocketDebuggerUrl;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Target {
  readonly type: string;
  readonly webSocketDebuggerUrl: string;
}

async function targetsAt(port: string): Promise<Target[]> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  } catch {
    return []; // it does not answer yet
  }
}
