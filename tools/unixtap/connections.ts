/**
 * Stream and seqpacket connections: one to the server for each from a client.
 *
 * @module
 */

import type { Listener, Socket } from "@denet/unix";
import { oneLine } from "../cli.ts";
import { describeProcess, type Process } from "../inspect.ts";
import type { Side } from "./events.ts";
import { Account, ALL_FILES, BUSY_POLL, codeOf, type Observer, passOn } from "./tap.ts";

/** Room for a piece of a stream, or for the largest message: memory that is never touched costs nothing. */
const STREAM_SIZE = 1 << 16;
const MESSAGE_SIZE = 1 << 23;

/** How clients are served. */
export interface Service {
  readonly observer: Observer;
  /** End after the first connection. */
  readonly once: boolean;
  /** Connect to the target. */
  connect(): Promise<Socket>;
  /** Called when that fails: returns to go on, or throws. */
  unreachable(error: unknown): void;
  /** Every open connection is added, so that all can be closed at the end. */
  readonly open: Set<Socket>;
}

/** Serve clients, each beside the others, until the listener is closed. */
export async function serve(listener: Listener, service: Service): Promise<void> {
  const failed = Promise.withResolvers<never>();
  const accepting = async () => {
    let connections = 0;
    for await (const client of listener) {
      const connection = serveOne(client, service, ++connections);
      if (service.once) return await connection;
      connection.catch(failed.reject);
    }
  };
  await Promise.race([accepting(), failed.promise]);
}

async function serveOne(client: Socket, service: Service, connection: number): Promise<void> {
  const { observer, open } = service;
  using stack = new DisposableStack();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    stack.defer(() => open.delete(socket));
    return stack.use(socket);
  };
  keep(client).passCredentials = true;
  // The server gets ready meanwhile.
  const connecting = service.connect();
  const process = describeProcess(client.peerCredentials());
  let server: Socket;
  try {
    server = keep(await connecting);
  } catch (error) {
    return service.unreachable(error);
  }
  server.passCredentials = true;
  client.busyPoll = server.busyPoll = BUSY_POLL;
  const account = new Account(observer, connection, process);
  account.close(await relay(client, server, process, account, observer));
}

/** Pass on in both directions until both have ended; what went wrong, if anything did. */
async function relay(
  client: Socket,
  server: Socket,
  process: Process,
  account: Account,
  observer: Observer,
): Promise<string | undefined> {
  let trouble: string | undefined;
  const direction = async (from: Side, source: Socket, sink: Socket, usual: number) => {
    const pump = { from, source, sink, usual, account, observer };
    try {
      await passAll(pump);
    } catch (error) {
      // The one that the other direction's end closed says nothing new.
      if (!(error instanceof Deno.errors.BadResource)) trouble ??= `${from}: ${oneLine(error)}`;
    }
    if (isGone(source)) {
      source.close();
      sink.close();
    }
  };
  const { pid } = server.peerCredentials();
  await Promise.all([
    direction("client", client, server, process.pid),
    direction("server", server, client, pid),
  ]);
  return trouble;
}

interface Pump {
  readonly from: Side;
  readonly source: Socket;
  readonly sink: Socket;
  readonly usual: number;
  readonly account: Account;
  readonly observer: Observer;
}

async function passAll(pump: Pump): Promise<void> {
  const { from, source, sink, account } = pump;
  try {
    await passMessages(pump);
  } catch (error) {
    // The sink takes no more: let who sends know.
    if (codeOf(error) === "EPIPE") source.shutdown("read");
    throw error;
  }
  account.end(from);
  sink.shutdown("write");
}

/** A loop of few steps: each message waits for them. */
async function passMessages({ from, source, sink, usual, account, observer }: Pump): Promise<void> {
  const buffer = new Uint8Array(source.type === "stream" ? STREAM_SIZE : MESSAGE_SIZE);
  const options = { buffer, files: ALL_FILES };
  for (;;) {
    using message = await source.receive(options);
    if (message === null) return;
    if (message.truncated) {
      throw new Error(`Cannot pass on a message of more than ${MESSAGE_SIZE} bytes`);
    }
    await passOn(sink, message);
    account.message(from, message, usual);
    const { room } = observer;
    if (room !== undefined) await room;
  }
}

/**
 * Whether the peer has closed, not just shut down writing: it would not see an answer. On a stream,
 * sending nothing tells; a message of nothing would arrive, so elsewhere each end is taken for half of it.
 */
function isGone(socket: Socket): boolean {
  try {
    if (socket.type === "stream") socket.writeSync(new Uint8Array(0));
    return false;
  } catch (error) {
    return !(error instanceof Deno.errors.Busy);
  }
}
