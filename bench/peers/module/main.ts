/** Programs on this module. Usage: `main.ts work role path [variant]`. @module */

import { unix } from "../../../mod.ts";
import { connect } from "../conn/connect.ts";
import { hogs } from "../conn/hogs.ts";
import { echo, echoInWorker } from "../conn/echo.ts";
import { idle } from "../conn/idle.ts";
import { type Part, serve } from "../conn/protocol.ts";
import { roundtrip } from "../conn/roundtrip.ts";
import { throughput } from "../conn/throughput.ts";
import type { Transport } from "../conn/transport.ts";
import { frames } from "./frames.ts";
import { datagrams, seqpacket } from "./messages.ts";
import { pass } from "./pass.ts";
import { passSync, smallSync } from "./sync.ts";
import { transport } from "./transport.ts";

const busyPoll = 200;

const busy: Transport = {
  listen: (path) => unix.listen(path),
  connect: (path) => unix.connect(path, { busyPoll }),
  accepted: (conn) => {
    if (conn instanceof unix.Socket) conn.busyPoll = busyPoll;
  },
};

await serve({
  "pass-sync": passSync,
  "small-sync": smallSync,
  roundtrip: (role, path, variant): Part | Promise<Part> =>
    roundtrip(variant === "busy" ? busy : transport)(role, path, variant),
  throughput: throughput(transport),
  connect: connect(transport),
  idle: idle(transport),
  hogs: hogs(transport),
  echo: echo(transport),
  worker: echoInWorker(transport, new URL("worker.ts", import.meta.url)),
  frames: frames(64),
  "frames-large": frames(16384),
  pass,
  datagrams,
  seqpacket,
});
