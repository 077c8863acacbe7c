/**
 * A logger for systemd-journald, by systemd's page "Native Journal Protocol": one datagram for each entry.
 *
 * @module
 */

import { OwnedFd, unix } from "@denet/unix";

/** The fields of an entry. Names are in capital letters; journald adds those that begin with `_`. */
export type Entry = Readonly<Record<string, string>>;

/** Return an entry in journald's form, which gives each field's length: a value may have several lines. */
function encode(entry: Entry): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  return Object.entries(entry).flatMap(([name, text]) => {
    const value = encoder.encode(text);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(value.byteLength), true);
    return [encoder.encode(`${name}\n`), length, value, encoder.encode("\n")];
  });
}

/** A logger, on one socket that has no name and is connected to nothing. */
export class Journal implements Disposable {
  readonly #socket = unix.socket({ type: "dgram" });
  readonly #path: string;

  constructor(path = "/run/systemd/journal/socket") {
    this.#path = path;
  }

  /** Log an entry; one that no datagram can hold goes as a sealed memory file. */
  async log(entry: Entry): Promise<"datagram" | "memory file"> {
    const data = encode(entry);
    try {
      await this.#socket.send({ data, to: this.#path });
      return "datagram";
    } catch (error) {
      if ((error as { code?: string }).code !== "EMSGSIZE") throw error;
    }
    const content = new Uint8Array(await new Blob(data).arrayBuffer());
    using file = OwnedFd.memfd("journal-entry", content, { seal: true });
    await this.#socket.send({ files: [file], to: this.#path });
    return "memory file";
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
