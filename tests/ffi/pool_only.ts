/**
 * Importing this file makes Linux pretend to be a BSD (./bsd.ts), where the portable pool is the one way of
 * waiting: it is chosen now, whatever way the tests are to run on.
 *
 * @module
 */

import "./bsd.ts";
import { assertEquals } from "@std/assert";
import { unix } from "../../mod.ts";

const VARIABLE = "DENET_UNIX_REACTOR";

const forced = Deno.env.get(VARIABLE);
Deno.env.delete(VARIABLE);
assertEquals(unix.reactorBackend(), "pool");
if (forced !== undefined) Deno.env.set(VARIABLE, forced);
