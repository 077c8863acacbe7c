import { type Socket, unix } from "@denet/unix";
import { encode } from "./tapped.ts";

/** A server that answers each message with its name, until it is disposed. */
export class NamedServer implements Disposable {
  readonly #listener;
  readonly peers: Socket[] = [];

  constructor(path: string, readonly name: string, type: "stream" | "seqpacket" = "stream") {
    this.#listener = unix.listen(path, { type, replaceStale: true });
    void this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const client of this.#listener) {
      this.peers.push(client);
      void (async () => {
        for await (using _ of client.messages()) await client.send({ data: encode(this.name) });
      })().catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const peer of this.peers) peer.close();
  }
}
