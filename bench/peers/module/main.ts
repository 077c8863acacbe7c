/** Programs on this module. Usage: `main.ts work role path [variant]`. @module */

import { unix } from "../../../mod.ts";
import { connect } from "../conn/connect.ts";
import { hogs } from "../conn/hogs.ts";
import { idle } from "../conn/idle.ts";
import { type Part, serve } from "../conn/protocol.ts";
import { roundtrip } from "../conn/roundtrip.ts";
import { throughput } from "../conn/throughput.ts";
import type { Transport } from "../conn/transport.ts";
import { datagrams, seqpacket } from "./messages.ts";
import { pass } from "./pass.ts";
import { passSync, smallSync } from "./sync.ts";

// Deno's own listener has a backlog of this size as well.
const transport: Transport = {
  listen: (path) => unix.listen(path, { backlog: 1024 }),
  connect: (path) => unix.connect(path),
};

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
  pass,
  datagrams,
  seqpacket,
});
