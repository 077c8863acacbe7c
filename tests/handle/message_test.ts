import { assertEquals } from "@std/assert";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { ReceivedMessage } from "../../lib/handle/message.ts";
import { isOpen, test } from "../util/cases.ts";

test("ReceivedMessage starts as a message without anything special", () => {
  using message = new ReceivedMessage(new Uint8Array([1]), []);
  const { data, files, from, truncated, controlTruncated, endOfRecord } = message;
  assertEquals(
    { data, files, from, truncated, controlTruncated, endOfRecord },
    {
      data: new Uint8Array([1]),
      files: [],
      from: null,
      truncated: false,
      controlTruncated: false,
      endOfRecord: false,
    },
  );
  assertEquals({ hasCredentials: "credentials" in message, hasPidfd: "pidfd" in message }, {
    hasCredentials: false,
    hasPidfd: false,
  });
});

test("disposing a message closes its descriptors, but not those that were taken", () => {
  const files = Array.from({ length: 4 }, () => OwnedFd.open("/dev/null"));
  const numbers = files.map(({ fd }) => fd);
  const message = new ReceivedMessage(new Uint8Array(0), files);
  message.pidfd = OwnedFd.open("/dev/null");
  numbers.push(message.pidfd.fd);
  const moved = message.files.shift();
  const detached = message.files[0]?.detach() ?? -1;
  message.files[1]?.close();
  message[Symbol.dispose]();
  message[Symbol.dispose]();
  assertEquals(numbers.map(isOpen), [true, true, false, false, false]);
  moved?.close();
  OwnedFd.adopt(detached).close();
});
