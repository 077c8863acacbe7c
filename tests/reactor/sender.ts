/** A Worker that sends a byte to the descriptor it is told, a little later. */

import { send } from "../../ffi/syscalls/sockets.ts";

addEventListener("message", (event) => {
  const { data } = event as MessageEvent<number>;
  setTimeout(() => send(data, new Uint8Array(1), 0), 50);
});
