// Programs on node:net. Usage: main.mjs work role path [variant].

import { connect, throughput } from "./flow.mjs";
import { serve } from "./protocol.mjs";
import { idle, roundtrip } from "./roundtrip.mjs";

await serve({ roundtrip, throughput, connect, idle }, () => {
  // Started with --expose-gc, so that garbage does not count as memory in use.
  globalThis.gc();
  globalThis.gc();
});
