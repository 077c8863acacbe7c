/** Programs on Deno's own sockets. Usage: `main.ts work role path [variant]`. @module */

import { connect } from "../conn/connect.ts";
import { hogs } from "../conn/hogs.ts";
import { idle } from "../conn/idle.ts";
import { serve } from "../conn/protocol.ts";
import { roundtrip } from "../conn/roundtrip.ts";
import { throughput } from "../conn/throughput.ts";
import type { Transport } from "../conn/transport.ts";
import { datagrams } from "./datagrams.ts";

const transport: Transport = {
  listen: (path) => Deno.listen({ transport: "unix", path }),
  connect: (path) => Deno.connect({ transport: "unix", path }),
};

await serve({
  roundtrip: roundtrip(transport),
  throughput: throughput(transport),
  connect: connect(transport),
  idle: idle(transport),
  hogs: hogs(transport),
  datagrams,
});
