/** A Worker that uses the reactor, then ends in the way it is told. */

import { closeFd } from "../../ffi/syscalls/files.ts";
import { send, socketpair } from "../../ffi/syscalls/sockets.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { backend, READABLE, register } from "../../lib/reactor/mod.ts";

declare function postMessage(message: string): void;

addEventListener("message", async (event) => {
  const { data: how } = event as MessageEvent<string>;
  const fds = socketpair(platform.SOCK_STREAM, { cloexec: true, nonblocking: false });
  if (typeof fds === "number") throw new Error(`socketpair: ${fds}`);
  const [mine, other] = fds;
  const registration = register(mine);
  setTimeout(() => send(other, new Uint8Array(1), 0), 5);
  await registration.wait(READABLE);
  registration.cancel(new Error("closed"));
  closeFd(mine);
  closeFd(other);
  postMessage(backend());
  if (how === "close") close();
});
