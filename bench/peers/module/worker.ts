/** The Worker that serves for `worker`, on this module. @module */

import { serveInWorker } from "../conn/echo.ts";
import { transport } from "./transport.ts";

serveInWorker(transport);
