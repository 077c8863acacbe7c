// Programs on Bun's own sockets. Usage: main.mjs work role path [variant].

import { serve } from "../node/protocol.mjs";
import { connect, throughput } from "./flow.mjs";
import { idle, roundtrip } from "./roundtrip.mjs";

await serve({ roundtrip, throughput, connect, idle }, () => globalThis.Bun.gc(true));
