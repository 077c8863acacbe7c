/**
 * A service for tests: takes over what it was started with, and says as lines of JSON what that is. The
 * arguments are addresses to dial, instead, or "listenFds" for what is left.
 *
 * @module
 */

import { dial, Listener, Socket } from "../../mod.ts";
import { listenFds } from "../../lib/systemd/mod.ts";
import { isInheritable } from "../util/inherited.ts";

const say = (value: unknown): void => console.log(JSON.stringify(value));

function describe(file: unknown): string {
  if (file instanceof Listener) return `${file.type} listener ${file.addr.path}`;
  if (file instanceof Socket) return `${file.type} socket ${file.localAddr.path}`;
  return (file as { kind(): string }).kind();
}

function leftOver(): string[] {
  return Object.keys(Deno.env.toObject()).filter((it) => it.startsWith("LISTEN_"));
}

async function echo(socket: Socket): Promise<void> {
  using message = await socket.receive();
  const data = new TextEncoder().encode(`echo ${new TextDecoder().decode(message?.data)}`);
  const to = socket.type === "dgram" ? { to: message?.from?.path ?? "" } : {};
  await socket.send({ data, ...to });
}

/** Of the first numbers that can be passed, those that a program started from here would get. */
function inheritable(): number[] {
  return Array.from({ length: 5 }, (_, i) => 3 + i).filter(isInheritable);
}

for (const uri of Deno.args) {
  if (uri === "listenFds") {
    say({ passed: listenFds().map(({ name, file }) => [name, describe(file)]) });
    continue;
  }
  const at = uri.indexOf(":");
  try {
    const conn = await dial(uri.slice(0, at), uri.slice(at + 1)) as Socket;
    say({ dialled: uri, is: describe(conn), leftOver: leftOver(), inheritable: inheritable() });
    await echo(conn);
  } catch (error) {
    const { name, message } = error as Error;
    say({ dialled: uri, error: name, message });
  }
}
if (Deno.args.length === 0) {
  try {
    const passed = listenFds();
    say({
      passed: passed.map(({ name, file }) => [name, describe(file)]),
      numbers: passed.map(({ file }) => file.fd),
      leftOver: leftOver(),
      inheritable: inheritable(),
      again: listenFds().length,
    });
    for (const { file } of passed) {
      if (file instanceof Listener) await echo(await file.accept());
      if (file instanceof Socket) await echo(file);
    }
  } catch (error) {
    const { name, message } = error as Error;
    say({ error: name, message, leftOver: leftOver() });
  }
}
