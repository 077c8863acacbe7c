/**
 * The process that may read no file at all: `taker.ts FILE SOCKET`.
 *
 * @module
 */

import { dial, type Socket } from "@denet/unix";

const [path = "", address = ""] = Deno.args;
const say = (text: string): void => console.log(`taker (process ${Deno.pid}): ${text}`);

const refusal = await Deno.open(path).then(() => "nothing", (error: Error) => error.name);
say(`may not open "${path}" itself: Deno.open throws ${refusal}`);

using giver = await dial("unix", address) as Socket;
using message = await giver.receive({ files: 1 });
const [file] = message?.files ?? [];
if (!message || !file) throw new Error("The giver sent no file");

const header = new TextDecoder().decode(message.data).trimEnd();
const text = await new Response(file.readable).text();
say(`received the open file "${header}"; it says:`);
console.log(text.replace(/^/gm, "    ").trimEnd());

await giver.write(new TextEncoder().encode(`thanks for ${text.length} characters`));
say("answered");
