/** Programs on Deno's own sockets. Usage: `main.ts work role path [variant]`. @module */

import { connect } from "../conn/connect.ts";
import { hogs } from "../conn/hogs.ts";
import { echo, echoInWorker } from "../conn/echo.ts";
import { idle } from "../conn/idle.ts";
import { serve } from "../conn/protocol.ts";
import { roundtrip } from "../conn/roundtrip.ts";
import { throughput } from "../conn/throughput.ts";
import { datagrams } from "./datagrams.ts";
import { transport } from "./transport.ts";

await serve({
  roundtrip: roundtrip(transport),
  throughput: throughput(transport),
  connect: connect(transport),
  idle: idle(transport),
  hogs: hogs(transport),
  echo: echo(transport),
  worker: echoInWorker(transport, new URL("worker.ts", import.meta.url)),
  datagrams,
});
