/** The Worker that serves for `worker`, on Deno's own sockets. @module */

import { serveInWorker } from "../conn/echo.ts";
import { transport } from "./transport.ts";

serveInWorker(transport);
