/**
 * Programs that this project did not write, or that use their own language's way to sockets: they take
 * commands (`tests/peers/peer.py`, `peer.c`, `peer.go`), so that one test serves all of them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type FileLike, OwnedFd, type SocketType } from "../../mod.ts";
import { compileC } from "../util/cc.ts";
import { buildGo } from "../util/go.ts";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, type PeerName, testUnless, testWith } from "../util/peers.ts";
import { type LineProcess, type LineProcessOptions, startProcess } from "../util/process.ts";

/** An error that a peer got from the kernel. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  /** The name of the error number. */
  readonly code: string;

  constructor(code: string) {
    super(`The peer got ${code}`);
    this.code = code;
  }
}

/** What a peer says of a message it received. */
export interface PeerMessage {
  readonly data: Uint8Array;
  /** The sender's address in exact bytes. */
  readonly from: Uint8Array | null;
  readonly truncated: boolean;
  readonly controlTruncated: boolean;
  readonly endOfRecord: boolean;
  /** pid, uid and gid, with colons between. */
  readonly credentials: string | null;
  /** The content of each file that came along. */
  readonly files: Uint8Array[];
}

/** What a peer is to send. */
export interface PeerOutgoing {
  readonly data: Uint8Array;
  /** The content of each file to pass. */
  readonly files?: readonly Uint8Array[];
  readonly credentials?: string;
  readonly to?: string | Uint8Array;
}

/** The way to a peer's process. */
export class Peer implements AsyncDisposable {
  readonly #process: LineProcess;
  #last: Promise<unknown> = Promise.resolve();

  constructor(process: LineProcess) {
    this.#process = process;
  }

  /** The process. */
  get process(): LineProcess {
    return this.#process;
  }

  /**
   * Run a command; the values it answers with.
   *
   * @throws {PeerError} If the kernel refused.
   */
  call(...words: (string | number)[]): Promise<string[]> {
    const answer = this.#last.catch(() => {}).then(async () => {
      await this.#process.writeLine(words.join(" "));
      const [status, ...values] = (await this.#process.readLine()).split(" ");
      if (status === "error") throw new PeerError(values[0] ?? "");
      assertEquals(status, "ok");
      return values;
    });
    this.#last = answer;
    return answer;
  }

  /** Run a command that answers with one value. */
  async ask(...words: (string | number)[]): Promise<string> {
    return (await this.call(...words))[0] ?? "";
  }

  async listen(id: string, type: SocketType, address: string | Uint8Array): Promise<void> {
    await this.call("listen", id, type, encodeBytes(address), 16);
  }

  async bind(id: string, address: string | Uint8Array): Promise<void> {
    await this.call("bind", id, encodeBytes(address));
  }

  async connect(
    id: string,
    type: SocketType,
    address: string | Uint8Array,
    local?: string | Uint8Array,
  ): Promise<void> {
    await this.call("connect", id, type, encodeBytes(address), encodeBytes(local));
  }

  /** Send all of a message; the number of bytes. */
  async send(id: string, message: PeerOutgoing): Promise<number> {
    const files = message.files?.map((it) => encodeBytes(it)).join(",") || "-";
    const credentials = message.credentials ?? "-";
    const data = encodeBytes(message.data);
    return Number(await this.ask("send", id, data, files, credentials, encodeBytes(message.to)));
  }

  /** Receive a message; on a stream, exactly `size` bytes or up to the end. */
  async receive(id: string, size: number, files = 0): Promise<PeerMessage> {
    const [data, from, marks = "", credentials, contents] = await this.call(
      "receive",
      id,
      size,
      files,
    );
    return {
      data: decodeBytes(data) ?? new Uint8Array(),
      from: decodeBytes(from),
      truncated: marks.includes("T"),
      controlTruncated: marks.includes("C"),
      endOfRecord: marks.includes("E"),
      credentials: credentials === "-" ? null : credentials ?? null,
      files: contents === "-" || contents === undefined
        ? []
        : contents.split(",").map((it) => decodeBytes(it) ?? new Uint8Array()),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Bytes as the peers write them. */
export function encodeBytes(bytes: string | Uint8Array | undefined): string {
  if (bytes === undefined) return "-";
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return `x${data.toHex()}`;
}

/** Undo {@linkcode encodeBytes}. */
export function decodeBytes(text: string | undefined): Uint8Array | null {
  return text === undefined || text === "-" ? null : Uint8Array.fromHex(text.slice(1));
}

/** The languages that there is a peer in, and what each needs. */
export const LANGUAGES = { Python: "python3", C: "cc", Go: "go" } as const satisfies Record<
  string,
  PeerName
>;

/** A language that there is a peer in. */
export type Language = keyof typeof LANGUAGES;

/** The command line of a peer. */
export async function peerCommand(language: Language): Promise<[string, ...string[]]> {
  if (language === "C") return [await compileC("peer")];
  if (language === "Go") return [await buildGo("peer")];
  const program = new URL("../peers/peer.py", import.meta.url).pathname;
  return [needPeer("python3").command, "-S", program]; // starts sooner; it needs no installed package
}

/** Start a peer. */
export async function startPeer(
  language: Language,
  options: LineProcessOptions = {},
): Promise<Peer> {
  const [command, ...args] = await peerCommand(language);
  return new Peer(startProcess(command, { ...options, args: [...args, ...options.args ?? []] }));
}

/** What a test with a peer is. */
export interface PeerTest {
  /** The languages to test with; all of them when left out. */
  readonly languages?: readonly Language[];
  /** Why this system cannot run the test, if so. */
  readonly unless?: string | undefined;
}

/** Why the peers cannot run here, if so. */
const NO_PEERS = Deno.build.os === "linux" ? undefined : "the peers are written for Linux";

/** Define a test for each language. Descriptors are counted. */
export function withLanguages(
  name: string,
  fn: (language: Language) => void | Promise<void>,
  options: PeerTest = {},
): void {
  for (const language of options.languages ?? (Object.keys(LANGUAGES) as Language[])) {
    const title = `${name} (${language})`;
    const test = noLeaks(() => fn(language));
    const unless = options.unless ?? NO_PEERS;
    if (unless === undefined) testWith(LANGUAGES[language], title, test);
    else testUnless(unless, title, test);
  }
}

/** Define a test with a peer in each language. */
export function withPeers(
  name: string,
  fn: (peer: Peer) => void | Promise<void>,
  options: PeerTest = {},
): void {
  withLanguages(name, async (language) => {
    await using peer = await startPeer(language);
    await fn(peer);
  }, options);
}

/** Why abstract names cannot be tested here, if so. */
export const NO_LINUX = Deno.build.os === "linux" ? undefined : "only Linux has this";

/** Sizes that meet the edges of headers, pages and buffers. */
export const ODD_SIZES: readonly number[] = [1, 3, 127, 4097, 65537];

/** Bytes whose every position shows, and that differ with `seed`. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 0xff);
}

/** An open file with a content. */
export function fileWith(content: Uint8Array): OwnedFd {
  const path = Deno.makeTempFileSync({ dir: "/tmp", prefix: "denet-" });
  try {
    Deno.writeFileSync(path, content);
    return OwnedFd.open(path);
  } finally {
    Deno.removeSync(path);
  }
}

/** Open files with contents, closed together. */
export class Files implements Disposable {
  readonly files: OwnedFd[];

  constructor(contents: readonly Uint8Array[]) {
    this.files = contents.map(fileWith);
  }

  get list(): readonly FileLike[] {
    return this.files;
  }

  [Symbol.dispose](): void {
    for (const file of this.files) file.close();
  }
}

/** Read all of a file. */
export async function contentOf(file: OwnedFd): Promise<Uint8Array> {
  return new Uint8Array(await new Response(file.readable).arrayBuffer());
}
