import {
  assertEquals,
  assertObjectMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { dial, dialUri, registerService, UnknownServiceError } from "../../lib/dial/mod.ts";
import { dialTcp, resolveTcp } from "../../lib/dial/tcp.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";
import { hasIpv6, listen, remotePort } from "./util.ts";

const GOOD: [address: string, service: string, hostname: string, port: number][] = [
  ["[::1]:80", "", "::1", 80],
  ["[::1]", "80", "::1", 80],
  ["::1", "http", "::1", 80],
  ["::", "1", "::", 1],
  ["2001:db8::7", "65535", "2001:db8::7", 65535],
  ["::ffff:10.0.0.1", "80", "::ffff:10.0.0.1", 80],
  ["[fe80::1%eth0]:22", "", "fe80::1%eth0", 22],
  ["fe80::1%eth0", "ssh", "fe80::1%eth0", 22],
  ["10.0.0.1", "8080", "10.0.0.1", 8080],
  ["10.0.0.1:1", "", "10.0.0.1", 1],
  ["example.org", "https", "example.org", 443],
  ["example.org:https", "", "example.org", 443],
  ["[::1]:ssh", "", "::1", 22],
  ["localhost:080", "", "localhost", 80],
  ["EXAMPLE.org", "MAIL", "EXAMPLE.org", 25],
  ["bücher.example", "http", "xn--bcher-kva.example", 80],
  // The service is only a default.
  ["example.org:8080", "http", "example.org", 8080],
  ["[::1]:8080", "443", "::1", 8080],
  ["example.org:8080", "no-such-service", "example.org", 8080],
  ["example.org:8080", "99999", "example.org", 8080],
];

const MALFORMED: [address: string, service: string, message: string][] = [
  ["", "http", "names no host"],
  [":80", "", "names no host"],
  ["example.org", "", "has no port"],
  ["::1", "", "has no port"],
  ["[::1]", "", "has no port"],
  ["example.org:", "", "nothing follows the colon"],
  ["example.org:", "http", "nothing follows the colon"],
  ["[::1]:", "http", "nothing follows the colon"],
  ["[]:80", "", "brackets hold an IPv6 address"],
  ["[example.org]:80", "", "brackets hold an IPv6 address"],
  ["[10.0.0.1]:80", "", "brackets hold an IPv6 address"],
  ["[::1", "80", "brackets hold an IPv6 address"],
  ["[::1]80", "", "brackets hold an IPv6 address"],
  ["[[::1]]:80", "", "brackets hold an IPv6 address"],
  ["[::1]:80:90", "", "brackets hold an IPv6 address"],
  ["[::1%a%b]:80", "", "brackets hold an IPv6 address"],
  ["example.org:80:90", "", 'neither "host:port" nor an IPv6 address'],
  ["http://example.org:80", "", 'neither "host:port" nor an IPv6 address'],
  ["::1]:80", "", 'neither "host:port" nor an IPv6 address'],
  ["1:2:3:4:5:6:7:8:9", "80", 'neither "host:port" nor an IPv6 address'],
  ["::g", "80", 'neither "host:port" nor an IPv6 address'],
];

const NO_HOST = ["a b", "a/b", "a\0b", "a..b", "*", "a%b", "bü/cher", "a\nb", " a"];

Deno.test("resolveTcp() splits host and port", async (t) => {
  for (const [address, service, hostname, port] of GOOD) {
    await t.step(`${address} ${service}`, () => {
      assertEquals(resolveTcp(address, service), { hostname, port });
    });
  }
});

Deno.test("resolveTcp() refuses malformed addresses", async (t) => {
  for (const [address, service, message] of MALFORMED) {
    await t.step(`${address} ${service}`, () => {
      assertThrows(() => resolveTcp(address, service), TypeError, message);
    });
  }
});

Deno.test("resolveTcp() refuses ports that are not from 1 to 65535", () => {
  for (const port of ["0", "65536", "99999999999999999999"]) {
    assertThrows(() => resolveTcp("example.org", port), RangeError, "from 1 to 65535");
    assertThrows(() => resolveTcp(`example.org:${port}`, ""), RangeError, "from 1 to 65535");
    assertThrows(() => resolveTcp(`[::1]:${port}`, "80"), RangeError, "from 1 to 65535");
  }
});

Deno.test("resolveTcp() names the registered services when one is unknown", () => {
  for (const service of ["no-such-service", "-1", "+80", "8e1", "0x50", "80 ", "ntp", "unknown"]) {
    const error = assertThrows(() => resolveTcp("example.org", service), UnknownServiceError);
    assertObjectMatch(error, { protocol: "tcp", service: service });
    assertStringIncludes(error.message, '"http", "www"');
  }
  assertThrows(() => resolveTcp("example.org:no-such-service", "http"), UnknownServiceError);
});

Deno.test("dial() rejects a host that no resolver takes with TypeError", async () => {
  for (const host of NO_HOST) {
    await assertRejects(() => dial("tcp", host, "80"), TypeError, "its host is malformed");
  }
});

Deno.test("dialTcp() hands the signal to the connection attempt", async () => {
  using listener = listen();
  const signal = AbortSignal.abort(new Error("early"));
  await assertRejects(
    () => dialTcp(`127.0.0.1:${listener.port}`, "", { signal }),
    Error,
    "early",
  );
});

Deno.test(
  "dial() reaches a TCP listener by every form of address",
  noLeaks(async () => {
    using listener = listen();
    const { port } = listener;
    using _service = registerService({
      protocol: "tcp",
      name: "denet-a",
      aliases: ["denet-b"],
      port,
    });
    const calls = [
      () => dial("tcp", `127.0.0.1:${port}`),
      () => dial("TCP", `127.0.0.1:${port}`),
      () => dial("tcp", "127.0.0.1", `${port}`),
      () => dial("tcp", `localhost:${port}`, "http"),
      () => dial("tcp", "127.0.0.1", "denet-a"),
      () => dial("tcp", "127.0.0.1:denet-b"),
      () => dial("tcp", `[::ffff:127.0.0.1]:${port}`),
      () => dial("tcp", "127.0.0.1", "denet-b", {}),
      () => dialUri(`tcp://127.0.0.1:${port}`),
      () => dialUri(`tcp://localhost:${port}/`),
      () => dialUri(`tcp:127.0.0.1:${port}`),
      () => dialUri(new URL(`http://127.0.0.1:${port}/a/b?c#d`)),
      () => dialUri(`ssh://user:secret@127.0.0.1:${port}`),
      () => dialUri("denet-a://127.0.0.1"),
      () => dialUri("tcp+denet-b://127.0.0.1/x"),
    ];
    for (const call of calls) {
      const [conn, accepted] = await Promise.all([call(), listener.accept()]);
      using _conn = conn;
      assertEquals(remotePort(conn), port, `${call}`);
      assertEquals(await conn.write(new Uint8Array([1, 2, 3])), 3);
      const buffer = new Uint8Array(8);
      assertEquals(await accepted.read(buffer), 3);
    }
  }),
);

const noIpv6 = hasIpv6() ? undefined : "no IPv6 on loopback";

testUnless(noIpv6, "dial() reaches an IPv6 listener with and without brackets", async () => {
  using listener = listen("::1");
  const { port } = listener;
  for (
    const call of [
      () => dial("tcp", `[::1]:${port}`),
      () => dial("tcp", "[::1]", `${port}`),
      () => dial("tcp", "::1", `${port}`),
      () => dialUri(`tcp://[::1]:${port}`),
      () => dialUri(`http://[::1]:${port}/`),
    ]
  ) {
    using conn = await call();
    assertEquals(remotePort(conn), port);
    await listener.accept();
  }
});

Deno.test(
  "dial() rejects as Deno.connect does when no process listens",
  noLeaks(async () => {
    const listener = listen();
    listener[Symbol.dispose]();
    const address = `127.0.0.1:${listener.port}`;
    await assertRejects(() => dial("tcp", address), Deno.errors.ConnectionRefused);
    await assertRejects(() => dialUri(`tcp://${address}`), Deno.errors.ConnectionRefused);
  }),
);

Deno.test('dial("tcp") refuses an address and a service that are no text', async () => {
  await assertRejects(() => dial("tcp", 5 as never, "80"), TypeError, "as strings");
  await assertRejects(() => dial("tcp", "localhost", 80 as never), TypeError, "as strings");
  await assertRejects(() => dial("tls", "localhost", null as never), TypeError, "as strings");
});
