/** Programs on raw FFI. Usage: `main.ts work role path [variant]`. @module */

import { serve } from "../conn/protocol.ts";
import { pass, throughput } from "./flow.ts";
import { connect, datagrams, seqpacket } from "./local.ts";
import { roundtrip } from "./roundtrip.ts";
import { passSync, smallSync } from "./sync.ts";

await serve({
  "pass-sync": passSync,
  "small-sync": smallSync,
  roundtrip,
  throughput,
  connect,
  pass,
  datagrams,
  seqpacket,
});
