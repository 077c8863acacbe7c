/**
 * A service for a real service manager: keeps a counter in the manager's store, and answers the one-word
 * requests of its clients.
 *
 * @module
 */

import { type Listener, OwnedFd, type Socket } from "../../mod.ts";
import {
  listenFds,
  notify,
  notifyBarrier,
  notifySync,
  watchdogInterval,
} from "../../lib/systemd/mod.ts";

const passed = listenFds();
const listener = passed.find(({ name }) => name === "web")?.file as Listener;
const kept = passed.find(({ name }) => name === "starts")?.file as OwnedFd | undefined;

const last = kept ? Number(new TextDecoder().decode(await contents(kept))) : 0;
await notify({ unstore: true, name: "starts" });
using counter = OwnedFd.memfd("starts", new TextEncoder().encode(`${last + 1}`));
await notify({ store: [counter], name: "starts" });
await notify({ ready: true, status: `Start ${last + 1}` });
await notifyBarrier();

async function contents(file: OwnedFd): Promise<Uint8Array> {
  const bytes = new Uint8Array(64);
  return bytes.subarray(0, await file.read(bytes) ?? 0);
}

async function answer(socket: Socket): Promise<void> {
  using message = await socket.receive();
  const request = new TextDecoder().decode(message?.data);
  if (request === "fail") Deno.exit(1);
  if (request === "bite") await notify({ watchdog: "trigger" });
  if (request === "reload") {
    await notify({ reloading: true });
    await notify({ ready: true, status: "Reloaded" });
    await notifyBarrier();
  }
  const names = passed.map(({ name }) => name);
  const reply = { starts: last + 1, names, watchdog: watchdogInterval() ?? null };
  await socket.send({ data: new TextEncoder().encode(JSON.stringify(reply)) });
  if (request !== "stop") return;
  notifySync({ stopping: true, status: "Done" });
  Deno.exit(0);
}

for await (const socket of listener) {
  using _ = socket;
  await answer(socket);
}
