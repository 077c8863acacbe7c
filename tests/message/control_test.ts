import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { platform } from "../../ffi/platform/mod.ts";
import { cmsgSpace, parseControl } from "../../lib/message/cmsg.ts";
import { IncomingControl, OutgoingControl } from "../../lib/message/control.ts";

const { SOL_SOCKET, SCM_RIGHTS } = platform;

/** The bytes that would be sent. */
function finished(control: OutgoingControl): Uint8Array<ArrayBuffer> {
  const pointer = Deno.UnsafePointer.create(BigInt(control.address()));
  if (pointer === null) return new Uint8Array(0);
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, control.used)).slice();
}

Deno.test("OutgoingControl.add() gives a zeroed payload to fill in", () => {
  const control = new OutgoingControl();
  const payload = control.add(5, 1, 2);
  assertEquals([...payload], [0, 0, 0, 0, 0]);
  payload.set([1, 2, 3, 4, 5]);
  assertEquals(control.used, cmsgSpace(5, platform));
  assertEquals(parseControl(finished(control), platform), [{ level: 1, type: 2, data: payload }]);
});

Deno.test("OutgoingControl.add() keeps payloads valid when the buffer grows", () => {
  const control = new OutgoingControl();
  const first = control.add(4, 1, 1);
  const second = control.add(5000, 1, 2);
  const third = control.add(50_000, 1, 3);
  first.fill(1);
  second.fill(2);
  third.fill(3);
  const datas = parseControl(finished(control), platform).map(({ data }) => new Set(data));
  assertEquals(datas, [new Set([1]), new Set([2]), new Set([3])]);
  first.fill(9);
  assertEquals(parseControl(finished(control), platform)[0]?.data[0], 9);
});

Deno.test("OutgoingControl lays out any messages as parseControl() reads them", () => {
  const item = fc.record({ level: fc.nat(300), type: fc.nat(300), size: fc.nat(900) }, {
    noNullPrototype: true,
  });
  fc.assert(fc.property(fc.array(item, { maxLength: 12 }), (items) => {
    const control = new OutgoingControl();
    const payloads = items.map(({ level, type, size }) => control.add(size, level, type));
    payloads.forEach((payload, n) => payload.fill(n + 1));
    const read = parseControl(finished(control), platform);
    assertEquals(
      read.map(({ level, type, data }) => ({ level, type, size: data.byteLength })),
      items,
    );
    read.forEach(({ data }, n) => assertEquals(data.every((it) => it === n + 1), true));
  }));
});

Deno.test("OutgoingControl refuses to send from memory that was transferred elsewhere", () => {
  const control = new OutgoingControl();
  const payload = control.add(4, 1, 1);
  (payload.buffer as ArrayBuffer).transfer();
  assertThrows(() => control.address(), TypeError, "transferred");
  assertThrows(() => control.add(4, 1, 1), TypeError, "transferred");
  control.reset();
  control.add(4, 1, 2).fill(7);
  assertEquals(parseControl(finished(control), platform).map(({ type }) => type), [2]);
});

Deno.test("OutgoingControl.carriesRights distinguishes descriptors from other messages", () => {
  const control = new OutgoingControl();
  control.add(4, SOL_SOCKET, SCM_RIGHTS + 1);
  control.add(4, SOL_SOCKET + 1, SCM_RIGHTS);
  assertEquals(control.carriesRights, false);
  control.add(4, SOL_SOCKET, SCM_RIGHTS);
  assertEquals(control.carriesRights, true);
  control.reset();
  assertEquals(control.carriesRights, false);
});

Deno.test("OutgoingControl.reset() forgets everything, and wipes it", () => {
  const control = new OutgoingControl();
  control.add(64, 1, 1).fill(0xff);
  control.reset();
  assertEquals(control.used, 0);
  assertEquals(control.add(64, 1, 1).every((it) => it === 0), true);
});

Deno.test("OutgoingControl.reset() cuts the payloads handed out before off from what follows", () => {
  const control = new OutgoingControl();
  const first = control.add(4, 1, 1);
  control.add(9000, 1, 1);
  control.reset();
  const payload = control.add(4, 1, 1);
  first.fill(7);
  finished(control);
  assertEquals([...payload], [0, 0, 0, 0]);
});

Deno.test("IncomingControl.prepare() gives the address of enough space", () => {
  const control = new IncomingControl();
  const small = control.prepare(8);
  assertEquals(control.prepare(100), small);
  const large = control.prepare(100_000);
  assertNotEquals(large, 0);
  assertEquals(control.prepare(8), large);
});

Deno.test("IncomingControl.items() takes apart what arrived, and nothing behind it", () => {
  const control = new IncomingControl();
  assertEquals(control.items(), []);
  const outgoing = new OutgoingControl();
  outgoing.add(4, 1, 2).fill(7);
  outgoing.add(4, 3, 4).fill(8);
  const sent = finished(outgoing);
  const address = control.prepare(sent.byteLength);
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) throw new Error("The space has no address");
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, sent.byteLength)).set(sent);
  control.arrived = sent.byteLength;
  assertEquals(control.items().map(({ level, type }) => [level, type]), [[1, 2], [3, 4]]);
  control.arrived = cmsgSpace(4, platform);
  assertEquals({ arrived: control.arrived, itemCount: control.items().length }, {
    arrived: cmsgSpace(4, platform),
    itemCount: 1,
  });
  control.prepare(8);
  assertEquals(control.items(), []);
});
