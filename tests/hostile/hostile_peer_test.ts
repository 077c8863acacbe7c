/**
 * A peer that sends what it likes: nothing leaks, nothing is lost, and only documented errors are thrown.
 *
 * @module
 */

import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { type Socket, unix } from "../../mod.ts";
import { compileC } from "../util/cc.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { chosenCount, chosenSeed, Random } from "./random.ts";
import { HostileSink } from "./sink.ts";
import { openReactor } from "../util/reactor.ts";
import { TYPES } from "../util/cases.ts";

const chosen = chosenSeed();
const ROUNDS = chosenCount("HOSTILE_ROUNDS", 3_000);

/** How many messages are received between two counts of the descriptors. */
const COUNT_EVERY = 500;

async function survive(
  type: "stream" | "seqpacket" | "dgram",
  credentials: boolean,
  seed: number,
): Promise<void> {
  using dir = tempDir();
  const path = dir.join("s");
  const program = await compileC("hostile");
  using bound = type === "dgram" ? unix.bind(path) : unix.listen(path, { type });
  if (credentials && "passCredentials" in bound) bound.passCredentials = true;
  await using child = startProcess(program, { args: [path, type, String(seed), String(ROUNDS)] });
  using socket: Socket = "accept" in bound ? await bound.accept() : bound;
  if (credentials) socket.passCredentials = true;
  const sink = new HostileSink(socket, new Random(seed + 1));
  await openReactor();
  const open = countDescriptors();
  for (let received = 1; await sink.step(); received++) {
    if (received % COUNT_EVERY === 0) assertLessOrEqual(countDescriptors(), open);
  }
  assertLessOrEqual(countDescriptors(), open); // fewer, once the sender has ended
  const [messages = -1, bytes = -1, refused = -1] = (await child.readLine()).split(" ").map(Number);
  if (type === "stream") assertEquals(sink.counts.bytes, bytes);
  else assertEquals(sink.counts.messages, messages);
  assertEquals(messages + refused, ROUNDS);
  assertGreater(sink.counts.descriptors, 0);
  assertGreater(sink.counts.refused, 0);
  assertEquals((await child.status).code, 0);
}

for (const type of TYPES) {
  for (const credentials of [false, true]) {
    const seed = chosen + TYPES.indexOf(type) * 2 + (credentials ? 1 : 0);
    const name = `receive() survives ${ROUNDS} hostile messages: ${type}${
      credentials ? " with credentials" : ""
    }, SEED=${chosen}`;
    const test = noLeaks(() => survive(type, credentials, seed));
    if (Deno.build.os === "linux") testWith("cc", name, test);
    else testUnless("the hostile sender uses what only Linux has", name, test);
  }
}
