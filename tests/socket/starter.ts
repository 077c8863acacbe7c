/**
 * A program that many start at once: it listens on the path that each line of its input names, and says
 * how that went; an empty line makes it give up what it listens on, leaving the file behind.
 *
 * @module
 */

import { type Listener, OwnedFd, unix } from "../../mod.ts";

let listener: Listener | undefined;
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
console.log("ready");
for await (const chunk of lines) {
  rest += chunk;
  for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
    const path = rest.slice(0, end);
    rest = rest.slice(end + 1);
    if (path === "") {
      if (listener) OwnedFd.adopt(listener.detach()).close();
      listener = undefined;
      console.log("closed");
      continue;
    }
    try {
      listener = unix.listen(path, { replaceStale: true });
      console.log("won");
    } catch (error) {
      console.log(error instanceof Error && "code" in error ? error.code : String(error));
    }
  }
}
