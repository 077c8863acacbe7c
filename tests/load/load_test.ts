/** A small load: the task `load` runs a large one. */

import { manyConnections, manyMessages } from "./works.ts";
import { testUnless } from "../util/peers.ts";
import { CONNECTED } from "../util/cases.ts";

const reason = Deno.build.os === "linux" ? undefined : "it reads /proc";

testUnless(reason, "connections by the hundred are all served", async () => {
  await manyConnections(300, () => {});
});

for (const type of CONNECTED) {
  testUnless(
    reason,
    `messages and descriptors on ${type} sockets arrive once, in order`,
    async () => {
      await manyMessages(type, 20_000, 2000, () => {});
    },
  );
}
