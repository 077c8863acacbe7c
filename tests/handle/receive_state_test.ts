import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { platform } from "../../ffi/platform/mod.ts";
import { cmsgSpace } from "../../lib/message/cmsg.ts";
import { controlOfOptions, ReceiveState } from "../../lib/handle/receive_state.ts";
import { SocketState } from "../../lib/handle/socket_state.ts";
import { descriptorOf, Socket } from "../../lib/handle/socket.ts";
import { setIntOption } from "../../lib/socket/options.ts";
import { bytes, connected, linuxTest, test, text, TYPES } from "../util/cases.ts";

const { SOL_SOCKET, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_PASSSEC } = platform;

const CREDENTIALS = cmsgSpace(12, platform);
const ONE = { pid: 1, uid: 2, gid: 3 };

linuxTest("controlOfOptions() has space for exactly what the options call for", () => {
  const timestamp = cmsgSpace(16, platform), label = cmsgSpace(4096, platform);
  for (const type of TYPES) {
    using pair = connected(type);
    const { b } = pair;
    const space = (isThorough = true): number => controlOfOptions(b.fd, type, isThorough);
    const stamps = type === "stream" ? 0 : timestamp;
    assertEquals(space(), 0);
    b.setOption(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    assertEquals([space(), space(false)], [stamps, 0]);
    b.setOption(SOL_SOCKET, SO_PASSSEC, 1);
    assertEquals([space(), space(false)], [stamps + label, 0]);
    b.setOption(SOL_SOCKET, SO_PASSSEC, 0);
    b.passCredentials = true;
    assertEquals([space(), space(false)], Array(2).fill(CREDENTIALS + stamps));
    b.setOption(SOL_SOCKET, SO_TIMESTAMPNS, 0);
    assertEquals(space(), CREDENTIALS);
    b.setOption(SOL_SOCKET, SO_PASSSEC, 1);
    assertEquals(space(), CREDENTIALS + label);
  }
});

linuxTest("time stamps and labels are not taken for descriptors, on adopted sockets either", () => {
  for (const type of TYPES) {
    for (const option of [SO_TIMESTAMP, SO_TIMESTAMPNS, SO_PASSSEC]) {
      using pair = connected(type);
      setIntOption(pair.b.fd, SOL_SOCKET, option, 1);
      using adopted = Socket.adopt(pair.b.detach());
      for (const files of [[], [0]]) {
        pair.a.sendSync({ data: bytes("a"), files });
        using message = adopted.receiveSync();
        const seen = [text(message?.data), message?.controlTruncated];
        assertEquals(seen, ["a", files.length > 0], `${type}, option ${option}`);
      }
    }
  }
});

linuxTest("plainControl follows options that are set on whatever object", () => {
  using pair = connected();
  using other = connected();
  const state = new ReceiveState(descriptorOf(pair.b), "stream");
  assertEquals(state.plainControl, 0);
  pair.b.passCredentials = true;
  assertEquals(state.plainControl, CREDENTIALS);
  other.a.passCredentials = true;
  assertEquals(state.plainControl, CREDENTIALS);
  pair.b.passCredentials = false;
  assertEquals(state.plainControl, 0);
  pair.b.setOption(SOL_SOCKET, platform.SO_PASSCRED, true);
  assertEquals(state.plainControl, CREDENTIALS);
  pair.b.setOption(SOL_SOCKET, platform.SO_PASSCRED, new Uint8Array(4));
  assertEquals(state.plainControl, 0);
});

test("giveBack() copies, joins bytes of one sender and keeps those of another apart", () => {
  using pair = connected();
  const state = new ReceiveState(descriptorOf(pair.b), "stream");
  assertEquals({ hasUnread: state.hasUnread, unreadLength: state.unreadLength }, {
    hasUnread: false,
    unreadLength: 0,
  });
  const buffer = Buffer.from("cd");
  state.giveBack(buffer, ONE);
  buffer.fill(0);
  state.giveBack(bytes("ab"), { ...ONE });
  state.giveBack(bytes("xy"));
  state.giveBack(bytes(""));
  assertEquals({ hasUnread: state.hasUnread, unreadLength: state.unreadLength }, {
    hasUnread: true,
    unreadLength: 6,
  });
  const into = new Uint8Array(8);
  assertEquals({
    taken: state.takeUnread([into], true),
    unreadCredentials: state.unreadCredentials,
  }, { taken: 2, unreadCredentials: undefined });
  assertEquals({ taken: state.takeUnread([into], false, 1), into: text(into.subarray(0, 1)) }, {
    taken: 1,
    into: "x",
  });
  assertEquals({ taken: state.takeUnread([into]), into: text(into.subarray(0, 1)) }, {
    taken: 1,
    into: "y",
  });
  assertEquals(state.unreadCredentials, ONE);
  assertEquals({ taken: state.takeUnread([into]), into: text(into.subarray(0, 4)) }, {
    taken: 4,
    into: "abcd",
  });
  assertEquals({ hasUnread: state.hasUnread, taken: state.takeUnread([into]) }, {
    hasUnread: false,
    taken: 0,
  });
});

test("SocketState makes the receive state once", () => {
  using pair = connected();
  const state = new SocketState(descriptorOf(pair.b), "stream", {});
  assertEquals(state.receiving, undefined);
  assertEquals(state.receiveState(pair.b) === state.receiveState(pair.b), true);
});
