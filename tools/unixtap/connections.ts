/**
 * Stream and seqpacket connections: one to the server for each from a client.
 *
 * @module
 */

import type { Listener, Socket } from "../../mod.ts";
import { accepted } from "../accept.ts";
import { ExitError } from "../cli/run.ts";
import { oneLine } from "../cli/text.ts";
import { describeProcess, type Process } from "../inspect/process.ts";
import { BUSY_POLL } from "./pass_on.ts";
import type { Recorder } from "./recorder.ts";
import { relay } from "./relay.ts";
import type { Slots } from "../slots.ts";

/** How clients are served. */
export interface Service {
  readonly recorder: Recorder;
  /** End after the first connection. */
  readonly once: boolean;
  /** Connect to the target for a client. */
  connect(client: Socket): Promise<Socket>;
  /** Why a client is refused; `undefined` if it is not. */
  refusal(client: Process): string | undefined;
  /** Tell the user, unless it has just been told. */
  warn(text: string): void;
  /** Bounds the connections, so that descriptors suffice. */
  readonly slots: Slots;
  /** Every open connection is added, so that all can be closed at the end. */
  readonly open: Set<Socket>;
}

/** Serve clients, each beside the others, until the listener is closed. */
export async function serve(listener: Listener, service: Service): Promise<void> {
  const { slots, once } = service;
  for (;;) {
    // First: further clients wait in the queue.
    await slots.take();
    const client = await accepted(listener);
    if (client === undefined) return;
    const connection = serveOne(client, service).finally(() => slots.give());
    if (once) return await connection;
    connection.catch((error) => {
      // What ends the tool is told at its end.
      if (!(error instanceof ExitError)) service.warn(oneLine(error));
    });
  }
}

/** Space for the pieces under way to a side, in bytes: a reader at work does not make the next wait. */
const SEND_BUFFER = 1 << 20;

async function serveOne(client: Socket, service: Service): Promise<void> {
  const { recorder, open } = service;
  using stack = new DisposableStack();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    stack.defer(() => open.delete(socket));
    return stack.use(socket);
  };
  keep(client).passCredentials = true;
  const credentials = client.peerCredentials();
  const refusal = service.refusal({ ...credentials, command: "" });
  if (refusal !== undefined) return service.warn(refusal);
  // The server gets ready meanwhile.
  const connecting = service.connect(client);
  connecting.catch(() => {});
  const account = recorder.connect(describeProcess(credentials));
  try {
    const server = keep(await connecting);
    server.passCredentials = true; // only now: connect(2) would give a name to a socket that has it
    client.busyPoll = server.busyPoll = BUSY_POLL;
    client.sendBufferSize = server.sendBufferSize = SEND_BUFFER;
    const pids = { client: credentials.pid, server: server.peerCredentials().pid };
    account.close(await relay({ client, server, pids, account, recorder }));
  } catch (error) {
    account.close(oneLine(error));
    if (error instanceof Deno.errors.BadResource) return; // closed at the end
    throw error;
  }
}
