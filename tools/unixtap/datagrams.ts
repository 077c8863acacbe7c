/**
 * Datagram sockets: each client gets a socket of its own towards the server. One that has a name gets a name
 * of the same kind there, and answers to that go back to it; one without, told apart by its process, stays
 * without.
 *
 * @module
 */

import { type Credentials, type Message, type Socket, unix } from "../../mod.ts";
import { codeOf, oneLine } from "../cli/text.ts";
import { describeProcess, type Process } from "../inspect/process.ts";
import { changeMode, changeOwner, pathInfo } from "../native/files.ts";
import { isRoot } from "./entrance.ts";
import { MessageIntake } from "./intake.ts";
import { BUSY_POLL, passOn } from "./pass_on.ts";
import type { Account, Recorder } from "./recorder.ts";

/** With more clients than this, the one that was silent longest is forgotten. */
const MAX_CLIENTS = 256;

/** A sender that the kernel does not tell. */
const UNKNOWN: Credentials = { pid: 0, uid: 65534, gid: 65534 };

/** How datagrams are passed on. */
export interface DatagramService {
  readonly recorder: Recorder;
  readonly target: string;
  /** Where the inbox is: files for clients are made beside it, if they cannot be made beside the client's. */
  readonly listen: string;
  /** Why a client is refused; `undefined` if it is not. */
  refusal(client: Process): string | undefined;
  /** Tell the user, unless it has just been told. */
  warn(text: string): void;
}

interface Client {
  readonly socket: Socket;
  readonly account: Account;
  readonly pid: number;
}

/** Passes datagrams on, and answers back. */
export class DatagramTap implements Disposable {
  readonly #inbox: Socket;
  readonly #service: DatagramService;
  /** By the bytes of the name, or by process ID for one without, the one heard from last at the end. */
  readonly #clients = new Map<string | number, Client>();
  #count = 0;

  constructor(inbox: Socket, service: DatagramService) {
    this.#inbox = inbox;
    this.#service = service;
  }

  /** Serve until the inbox is closed. */
  async serve(): Promise<void> {
    this.#inbox.passCredentials = true; // for one that was inherited
    this.#inbox.busyPoll = BUSY_POLL;
    const intake = new MessageIntake(this.#inbox);
    for (;;) {
      const message = await this.#next(intake);
      if (message === null) return;
      using _ = message;
      await this.#passOn(message);
      await this.#service.recorder.space;
    }
  }

  /** Receive a message; `null` when the inbox is closed. */
  async #next(intake: MessageIntake): Promise<Message | null> {
    for (;;) {
      try {
        return await intake.next();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return null;
        this.#service.warn(oneLine(error)); // of one message
      }
    }
  }

  async #passOn(message: Message): Promise<void> {
    const { target, refusal, warn } = this.#service;
    const sender = { ...message.credentials ?? UNKNOWN, command: "" };
    const refused = refusal(sender);
    if (refused !== undefined) return warn(refused);
    try {
      const client = this.#client(message);
      await passOn(client.socket, message, target);
      client.account.message("client", message, client.pid, false);
    } catch (error) {
      // The target is not there, or takes nothing: it may come back.
      if (!(error instanceof Deno.errors.BadResource)) warn(oneLine(error));
    }
  }

  #client(message: Message): Client {
    const key = message.fromAddress?.join() ?? (message.credentials ?? UNKNOWN).pid;
    const client = this.#clients.get(key) ?? this.#newClient(key, message);
    this.#clients.delete(key);
    this.#clients.set(key, client);
    return client;
  }

  #newClient(key: string | number, message: Message): Client {
    const { credentials = UNKNOWN, from, fromAddress } = message;
    const [oldest] = this.#clients.keys();
    if (oldest !== undefined && this.#clients.size >= MAX_CLIENTS) this.#forget(oldest);
    const socket = this.#outlet(from?.path ?? "", ++this.#count);
    socket.busyPoll = BUSY_POLL;
    const account = this.#service.recorder.connect(describeProcess(credentials));
    const client = { socket, account, pid: credentials.pid };
    if (fromAddress !== null) void this.#answer(key, fromAddress, client);
    return client;
  }

  /** Make a socket towards the server, with a name of the same kind as the client's. */
  #outlet(name: string, number: number): Socket {
    if (name === "") return unix.socket({ type: "dgram" });
    if (name.startsWith("\0")) return unix.bind("", { passCredentials: true });
    const beside = (path: string): string => `${path}.tap${number}`;
    // A killed unixtap leaves its files.
    const options = { mode: 0o600, replaceStale: true, passCredentials: true };
    try {
      return asClients(name, unix.bind(beside(name), options), beside(name));
    } catch (error) {
      const { listen } = this.#service;
      if (listen.startsWith("@")) throw error;
      return asClients(name, unix.bind(beside(listen), options), beside(listen));
    }
  }

  /** Pass the server's answers back, until the client or its socket is gone. */
  async #answer(
    key: string | number,
    address: Uint8Array,
    { socket, account }: Client,
  ): Promise<void> {
    const { recorder, warn } = this.#service;
    const intake = new MessageIntake(socket);
    try {
      for (;;) {
        using message = await intake.next();
        if (message === null) return;
        await passOn(this.#inbox, message, address);
        account.message("server", message, message.credentials?.pid ?? 0, false);
        await recorder.space;
      }
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      const isGone = ["ECONNREFUSED", "ENOENT", "ECONNRESET"].includes(codeOf(error) ?? "");
      if (!isGone) warn(oneLine(error));
      this.#forget(key);
    }
  }

  #forget(key: string | number): void {
    const client = this.#clients.get(key);
    this.#clients.delete(key);
    client?.socket.close();
    client?.account.close();
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#clients.keys()]) this.#forget(key);
  }
}

/** Give a socket's file the rights of the client's: the server must be able to answer to it. */
function asClients(name: string, socket: Socket, path: string): Socket {
  try {
    const info = pathInfo(name);
    if (info === undefined) return socket;
    if (isRoot()) changeOwner(path, info.uid, info.gid);
    changeMode(path, info.mode);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
