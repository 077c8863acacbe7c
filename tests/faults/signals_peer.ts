/** Connects to the path it is given, and answers each message with its data, a while later. */

import { unix } from "../../mod.ts";

using socket = await unix.connect(Deno.args[0] ?? "", { type: "seqpacket" });
for await (using message of socket.messages()) {
  await new Promise((resolve) => setTimeout(resolve, 5));
  await socket.send({ data: message.data });
}
