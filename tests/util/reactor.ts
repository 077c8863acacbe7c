import { unix } from "../../mod.ts";

/** Have the reactor open what it keeps: its best backend, which it goes over to by itself after some waits. */
export async function openReactor(): Promise<void> {
  unix.reactorBackend();
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  const received = b.receive();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await a.send({ data: new Uint8Array(1) });
  await received;
}
