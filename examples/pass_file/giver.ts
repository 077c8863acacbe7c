/**
 * The process that may read the file: `giver.ts FILE SOCKET`.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { unix } from "@denet/unix";

const [path = "", socket = ""] = Deno.args;
const say = (text: string): void => console.log(`giver (process ${Deno.pid}): ${text}`);

// Deno checks this against --allow-read, unlike what goes through FFI.
await using file = await open(path).catch((error: Error) => {
  console.error(`Cannot open "${path}": ${error.message}`);
  Deno.exit(1);
});
const { size } = await file.stat();

using listener = unix.listen(socket, { mode: 0o600 });
say(`opened "${path}" and waits for a taker`);

using taker = await listener.accept();
const header = `${path.split("/").at(-1)} ${size}\n`;
await taker.send({ data: new TextEncoder().encode(header), files: [file] });
say(`passed it to process ${taker.peerCredentials().pid}`);

const answer = await new Response(taker.readable).text();
say(`got the answer ${JSON.stringify(answer)}`);
