/**
 * One run of unixtap, whichever way it came between clients and a target.
 *
 * @module
 */

import { Listener, type Socket, type SocketType } from "../../mod.ts";
import { aborted } from "../aborted.ts";
import { UsageError, warn } from "../cli/run.ts";
import { codeOf } from "../cli/text.ts";
import type { Process } from "../inspect/process.ts";
import type { Identity } from "../native/identity.ts";
import { fileLimit } from "../native/process.ts";
import { serve, type Service } from "./connections.ts";
import { DatagramTap } from "./datagrams.ts";
import { now } from "./events.ts";
import type { Options } from "./options.ts";
import { openOutputs } from "./outputs.ts";
import { Recorder } from "./recorder.ts";
import { connectionLimit, Slots } from "../slots.ts";
import { connectTo, isAbstract, typeOf } from "./target.ts";

/** The tool's name. */
export const NAME = "unixtap";

/** Where clients come in, and where they are passed on to. */
export interface Place {
  /** What clients connect to, for the output. */
  readonly listen: string;
  /** What they are passed on to. */
  readonly target: string;
  /** Begin to listen. Closing the sockets is the caller's; what else is there, `close` takes away. */
  open(type: SocketType): readonly (Listener | Socket)[];
  /** What is asked for its type; `target` when left out. */
  readonly asked?: string;
  /** Put everything back as it was: clients reach the target from then on. May be called again. */
  close(): void;
  /** Resolves when `open` has to be called again; rejects if that is not wanted. */
  replaced?(stop: AbortSignal): Promise<void>;
  /** Whether clients are passed on as themselves. */
  readonly asClient: boolean;
  /** Why a client is refused; `undefined` if it is not. */
  refusal(client: Process): string | undefined;
  /** Resolves to an exit code when all is over; never where that is only told by a signal. */
  readonly ended?: Promise<number>;
  /** Called when clients can come. */
  ready?(): void;
  /** Where text goes that is sent nowhere else. */
  readonly output: "-" | "standard error";
}

/** Tells the user each thing once, until something else happened. */
class Warnings {
  #last = "";

  tell(text: string): void {
    if (text !== this.#last) warn(NAME, text);
    this.#last = text;
  }

  forget(): void {
    this.#last = "";
  }
}

/** How often a target that is not there yet is looked for, in milliseconds. */
const LOOK_INTERVAL = 100;

/** Serve clients until the end; the exit code. */
export async function runSession(
  options: Options,
  place: Place,
  stop: AbortSignal,
): Promise<number> {
  return await new Session(options, place, stop).run();
}

class Session {
  readonly #options: Options;
  readonly #place: Place;
  readonly #stop: AbortSignal;
  readonly #warnings = new Warnings();
  readonly #open = new Set<Socket>();
  readonly #slots = new Slots(connectionLimit(fileLimit()));
  #entrances: readonly (Listener | Socket)[] = [];

  constructor(options: Options, place: Place, stop: AbortSignal) {
    this.#options = options;
    this.#place = place;
    this.#stop = stop;
  }

  async run(): Promise<number> {
    try {
      const type = this.#options.type ?? this.#typeAtStart();
      this.#stop.throwIfAborted();
      return await this.#serve(type);
    } finally {
      this.#close();
    }
  }

  #close(): void {
    this.#place.close(); // first: at no time is there no socket for clients
    for (const socket of [...this.#entrances, ...this.#open]) socket.close();
  }

  /** Ask the target for its type; a target that is not there yet, with `--keep-going`, later. */
  #typeAtStart(): SocketType | undefined {
    try {
      return this.#askedType();
    } catch (error) {
      if (!this.#options.keepGoing) throw error;
      return undefined;
    }
  }

  /** Ask the target for its type. */
  #askedType(): SocketType {
    return typeOf(this.#place.asked ?? this.#place.target);
  }

  /** Ask the target for its type; `otherwise` if no server listens there now. */
  #askedTypeOr<T>(otherwise: T): SocketType | T {
    try {
      return this.#askedType();
    } catch {
      return otherwise;
    }
  }

  async #serve(known: SocketType | undefined): Promise<number> {
    const { output, ended } = this.#place;
    const tell = (text: string): void => warn(NAME, text);
    const outputs = await openOutputs(this.#options, output, tell, this.#stop);
    const recorder = new Recorder(outputs);
    const stopped = aborted(this.#stop);
    const showSummary = (): void => recorder.report(recorder.summary());
    Deno.addSignalListener("SIGUSR1", showSummary);
    let status: number | undefined;
    try {
      for (let type = known; status === undefined;) {
        const next = await Promise.race([
          this.#serveType(type ?? "stream", type !== undefined, recorder),
          stopped,
          ...(ended === undefined ? [] : [ended]),
        ]);
        if (typeof next === "number") status = next;
        else type = next;
      }
    } finally {
      const hasServed = this.#entrances.length > 0;
      this.#close();
      // Connections report their ends in a later step.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (hasServed) showSummary();
      await Promise.all(outputs.map((it) => it.end()));
    }
    return status === 0 && outputs.some((it) => it.isIncomplete) ? 1 : status;
  }

  /**
   * Serve clients of one type. Resolves to 0 after `--once`, and to another type if the target turns out to
   * have that.
   */
  async #serveType(
    type: SocketType,
    isKnown: boolean,
    recorder: Recorder,
  ): Promise<SocketType | 0> {
    const { once } = this.#options;
    if (type === "dgram" && once) throw new UsageError("Datagrams make no connections for --once");
    const { listen, target } = this.#place;
    for (const socket of this.#entrances) socket.close();
    this.#entrances = this.#place.open(type);
    recorder.report({ event: "listen", time: now(), listen, target, type });
    this.#place.ready?.();
    const changed = Promise.withResolvers<SocketType>();
    if (!isKnown) void this.#lookForTarget(type, changed.resolve);
    const service = this.#service(type, recorder, changed.resolve);
    const serving = this.#entrances.map(async (entrance) => {
      if (entrance instanceof Listener) return await serve(entrance, service);
      using datagrams = new DatagramTap(entrance, {
        recorder,
        target,
        listen,
        refusal: service.refusal,
        warn: service.warn,
      });
      await datagrams.serve();
    });
    return await Promise.race([
      (once ? Promise.race(serving) : Promise.all(serving)).then(() => 0 as const),
      changed.promise,
      ...this.#replaced(),
    ]);
  }

  /** The type of what is to be opened anew, once that is so. */
  #replaced(): Promise<SocketType>[] {
    const { replaced } = this.#place;
    if (replaced === undefined) return [];
    return [replaced.call(this.#place, this.#stop).then(() => this.#askedType())];
  }

  #service(
    type: SocketType,
    recorder: Recorder,
    changed: (type: SocketType) => void,
  ): Service {
    const { target, asClient, refusal } = this.#place;
    return {
      recorder,
      once: this.#options.once,
      slots: this.#slots,
      open: this.#open,
      refusal,
      warn: (text) => this.#warnings.tell(text),
      connect: async (client) => {
        const identity = asClient ? identityOf(client) : undefined;
        try {
          const server = await connectTo(target, type, this.#stop, identity);
          this.#warnings.forget();
          return server;
        } catch (error) {
          if (isOfAnotherType(error, target)) this.#askType(type, changed);
          throw error;
        }
      },
    };
  }

  /** The target was replaced by one of another type: ask it. */
  #askType(known: SocketType, changed: (type: SocketType) => void): void {
    if (this.#options.type !== undefined || !this.#options.keepGoing) return;
    const type = this.#askedTypeOr(known);
    if (type !== known) changed(type);
  }

  async #lookForTarget(assumed: SocketType, changed: (type: SocketType) => void): Promise<void> {
    while (!this.#stop.aborted) {
      const type = this.#askedTypeOr(undefined);
      if (type === assumed) return;
      if (type !== undefined) return changed(type);
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }
}

function isOfAnotherType(error: unknown, target: string): boolean {
  const code = codeOf(error);
  return code === "EPROTOTYPE" || (code === "ECONNREFUSED" && isAbstract(target));
}

function identityOf(client: Socket): Identity {
  const { uid, gid } = client.peerCredentials();
  return { uid, gid, groups: client.peerGroups() };
}
