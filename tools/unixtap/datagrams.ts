/**
 * Datagram sockets: each client that has a name gets a socket of its own towards the server, whose
 * answers go back to that name.
 *
 * @module
 */

import { type Message, type Socket, unix } from "@denet/unix";
import { describeProcess } from "../inspect.ts";
import { Account, ALL_FILES, BUSY_POLL, codeOf, type Observer, passOn } from "./tap.ts";

/** The largest datagram: memory that is never touched costs nothing. */
const SIZE = 1 << 23;

/** With more clients than this, the one that was silent longest is forgotten. */
const MAX_CLIENTS = 256;

interface Client {
  readonly socket: Socket;
  readonly account: Account;
  readonly pid: number;
}

/** Passes datagrams on, and answers back. */
export class DatagramTap implements Disposable {
  readonly #inbox: Socket;
  readonly #target: string;
  readonly #observer: Observer;
  /** By name, the one heard from last at the end; `""` stands for all without a name. */
  readonly #clients = new Map<string, Client>();
  readonly #failed = Promise.withResolvers<never>();
  #count = 0;

  constructor(inbox: Socket, target: string, observer: Observer) {
    this.#inbox = inbox;
    this.#target = target;
    this.#observer = observer;
  }

  /** Serve until the inbox is closed; rejects when the target cannot be reached. */
  async serve(): Promise<void> {
    this.#inbox.passCredentials = true;
    this.#inbox.busyPoll = BUSY_POLL;
    await Promise.race([this.#receive(), this.#failed.promise]);
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(SIZE);
    for await (using message of this.#inbox.messages({ buffer, files: ALL_FILES })) {
      const client = await this.#client(message);
      await passOn(client.socket, message);
      client.account.message("client", message, client.pid);
      await this.#observer.room;
    }
  }

  async #client(message: Message): Promise<Client> {
    const name = message.from?.path ?? "";
    let client = this.#clients.get(name);
    if (client === undefined) {
      this.#makeRoom();
      client = await this.#newClient(name, message);
    }
    this.#clients.delete(name);
    this.#clients.set(name, client);
    return client;
  }

  async #newClient(name: string, { credentials }: Message): Promise<Client> {
    // With a name of its own, which the kernel chooses, the server can answer.
    const local = name === "" ? {} : { localAddress: "" };
    const socket = await unix.connect(this.#target, {
      type: "dgram",
      busyPoll: BUSY_POLL,
      ...local,
    });
    const process = describeProcess(credentials ?? { pid: 0, uid: 65534, gid: 65534 });
    const account = new Account(this.#observer, ++this.#count, process);
    const client = { socket, account, pid: process.pid };
    if (name !== "") this.#answer(name, client).catch(this.#failed.reject);
    return client;
  }

  /** Pass the server's answers back, until the client or its socket is gone. */
  async #answer(name: string, { socket, account }: Client): Promise<void> {
    const buffer = new Uint8Array(SIZE);
    try {
      socket.passCredentials = true;
      for await (using message of socket.messages({ buffer, files: ALL_FILES })) {
        await passOn(this.#inbox, message, name);
        account.message("server", message, message.credentials?.pid ?? 0);
        await this.#observer.room;
      }
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      const isGone = ["ECONNREFUSED", "ENOENT", "ECONNRESET"].includes(codeOf(error) ?? "");
      if (!isGone) throw error;
      this.#forget(name);
    }
  }

  #makeRoom(): void {
    const [oldest] = this.#clients.keys();
    if (oldest !== undefined && this.#clients.size >= MAX_CLIENTS) this.#forget(oldest);
  }

  #forget(name: string): void {
    const client = this.#clients.get(name);
    this.#clients.delete(name);
    client?.socket.close();
    client?.account.close();
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#clients.keys()]) this.#forget(name);
  }
}
