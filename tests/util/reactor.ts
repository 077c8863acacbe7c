import { openAll } from "../../lib/reactor/mod.ts";
import { unix } from "../../mod.ts";

/** Have the reactor open what it keeps: what it otherwise opens after some waits and busy turns. */
export async function openReactor(): Promise<void> {
  openAll();
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  const received = b.receive();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await a.send({ data: new Uint8Array(1) });
  await received;
}
