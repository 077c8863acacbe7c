import { assertEquals, assertThrows } from "@std/assert";
import { MAX_CONTROL, MessageState } from "../../lib/msghdr/state.ts";
import { stateOf } from "../../lib/msghdr/msghdr.ts";
import { Msghdr } from "../../mod.ts";
import { bytes } from "../util/cases.ts";

Deno.test("MessageState has its size, and whether it is empty", () => {
  const state = new MessageState(0);
  assertEquals({ size: state.size, isEmpty: state.isEmpty }, { size: 0, isEmpty: true });
  state.addVector(new Uint8Array(0));
  assertEquals({ size: state.size, isEmpty: state.isEmpty }, { size: 0, isEmpty: true });
  state.addVector(bytes("abc"));
  assertEquals({ size: state.size, isEmpty: state.isEmpty }, { size: 3, isEmpty: false });
  state.reset();
  assertEquals({ size: state.size, isEmpty: state.isEmpty, resets: state.resets }, {
    size: 0,
    isEmpty: true,
    resets: 1,
  });
});

Deno.test("MessageState is laid out to send until something changes", () => {
  const state = new MessageState(0);
  state.addVector(bytes("abc"));
  assertEquals(state.laidOutToSend(), undefined);
  // Small data is copied the first time: it may be all that it is used for.
  const header = state.layOutToSend(null);
  assertEquals(state.laidOutToSend(), undefined);
  state.layOutToSend(null);
  assertEquals(state.laidOutToSend(), header);
  state.addVector(bytes("d"));
  assertEquals(state.laidOutToSend(), undefined);
  state.layOutToSend(null);
  state.setName("/run/a");
  assertEquals(state.laidOutToSend(), undefined);
});

Deno.test("MessageState takes no more control data than the kernel does", () => {
  const state = new MessageState(0);
  assertThrows(() => state.addControl(MAX_CONTROL + 1, 1, 1), RangeError);
  state.reserveFiles(253);
  assertThrows(() => state.addControl(MAX_CONTROL - 64, 1, 1), RangeError, "in all");
  state.reset();
  assertEquals(state.controlCapacity, 0);
});

Deno.test("stateOf() gives the state of a message, also of a derived one", () => {
  class Derived extends Msghdr {}
  assertEquals(stateOf(new Derived()) instanceof MessageState, true);
});

Deno.test("a control payload whose memory goes elsewhere is noticed where the message is laid out", () => {
  const state = new MessageState(0);
  state.addVector(bytes("abc"));
  const payload = state.addControl(4, 1, 1);
  for (let n = 0; n < 2; n++) state.layOutToSend(null);
  assertEquals(state.laidOutToSend() !== undefined, true);
  structuredClone(payload, { transfer: [payload.buffer as ArrayBuffer] });
  assertEquals(state.laidOutToSend(), undefined);
  assertThrows(() => state.layOutToSend(null), TypeError, "was transferred elsewhere");
});
