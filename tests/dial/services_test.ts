import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { lookupService, registerService } from "../../lib/dial/mod.ts";
import { parseServices, SERVICES_PATH } from "../../lib/dial/services_file.ts";
import { registeredServices } from "../../lib/dial/services.ts";
import { testUnless } from "../util/peers.ts";

Deno.test("lookupService() has Hare's table", () => {
  const table: [string, string, number][] = [
    ["tcp", "ssh", 22],
    ["tcp", "smtp", 25],
    ["tcp", "mail", 25],
    ["tcp", "domain", 53],
    ["tcp", "dns", 53],
    ["tcp", "http", 80],
    ["tcp", "www", 80],
    ["tcp", "imap2", 143],
    ["tcp", "imap", 143],
    ["tcp", "https", 443],
    ["tcp", "submission", 587],
    ["tcp", "imaps", 993],
    ["udp", "domain", 53],
    ["udp", "dns", 53],
    ["udp", "ntp", 123],
  ];
  for (const [protocol, name, port] of table) assertEquals(lookupService(protocol, name), port);
  assertEquals(
    registeredServices("tcp").length + registeredServices("udp").length,
    table.length,
  );
});

Deno.test("lookupService() takes names in any case and numbers as they are", () => {
  assertEquals(lookupService("TCP", "HttpS"), 443);
  assertEquals(lookupService("tcp", "8080"), 8080);
  assertEquals(lookupService("sctp", "1"), 1);
});

Deno.test("lookupService() finds nothing for what is no service", () => {
  for (const name of ["", "no-such-service", "0", "65536", "-1", "http ", " http", "ht/tp", "#"]) {
    assertEquals(lookupService("tcp", name), undefined, name);
  }
  assertEquals(lookupService("", "http"), undefined);
  assertEquals(lookupService("no-such-protocol", "http"), undefined);
  assertEquals(lookupService("tcp/http", ""), undefined);
});

const systemText = await Deno.readTextFile(SERVICES_PATH).catch(() => "");
const [unregistered] = [...parseServices(systemText)].filter(([key]) =>
  !registeredServices("tcp").includes(key.replace("tcp/", "")) && key.startsWith("tcp/")
);

testUnless(
  unregistered ? undefined : "this system has no services file",
  "lookupService() consults the system's file after the registry",
  () => {
    const [key, port] = unregistered ?? ["", 0];
    const name = key.replace("tcp/", "");
    assertEquals(lookupService("tcp", name), port);
    const other = port === 1 ? 2 : 1;
    {
      using _mine = registerService({ protocol: "tcp", name, port: other });
      assertEquals(lookupService("tcp", name), other);
    }
    assertEquals(lookupService("tcp", name), port);
  },
);

Deno.test("registerService() matches a name together with its protocol", () => {
  using _tcp = registerService({ protocol: "tcp", name: "denet-a", port: 1001 });
  assertEquals(lookupService("tcp", "denet-a"), 1001);
  assertEquals(lookupService("udp", "denet-a"), undefined);
  using _udp = registerService({ protocol: "udp", name: "denet-a", port: 1002 });
  assertEquals(lookupService("tcp", "denet-a"), 1001);
  assertEquals(lookupService("udp", "denet-a"), 1002);
});

Deno.test("registerService() takes aliases, and keeps what it was given then", () => {
  const service = { protocol: "tcp", name: "denet-a", aliases: ["denet-b"], port: 1001 };
  const registration = registerService(service);
  service.aliases.push("http");
  service.port = 9;
  assertEquals(lookupService("tcp", "denet-b"), 1001);
  registration[Symbol.dispose]();
  assertEquals(lookupService("tcp", "denet-a"), undefined);
  assertEquals(lookupService("tcp", "denet-b"), undefined);
  assertEquals(lookupService("tcp", "http"), 80);
});

Deno.test("registerService() refuses a taken name and registers nothing then", () => {
  using _a = registerService({ protocol: "tcp", name: "denet-a", aliases: ["denet-b"], port: 1 });
  const taken: [string, string[]][] = [
    ["http", []],
    ["www", []],
    ["HTTP", []],
    ["denet-a", []],
    ["denet-b", []],
    ["denet-c", ["denet-a"]],
    ["denet-c", ["denet-d", "denet-b"]],
    ["denet-c", ["denet-d", "mail"]],
    ["denet-c", ["denet-c"]],
    ["denet-c", ["denet-d", "Denet-D"]],
  ];
  const before = registeredServices("tcp");
  for (const [name, aliases] of taken) {
    const service = { protocol: "tcp", name, aliases, port: 2 };
    assertThrows(
      () => registerService(service),
      TypeError,
      "the name is taken",
      `${name} ${aliases}`,
    );
    assertEquals(registeredServices("tcp"), before);
  }
  assertStringIncludes(
    assertThrows(
      () => registerService({ protocol: "tcp", name: "x", aliases: ["www"], port: 1 }),
      TypeError,
    ).message,
    '"www"',
  );
});

Deno.test("registerService() refuses malformed names and ports", () => {
  const good = { protocol: "tcp", name: "denet-a", port: 1 };
  for (const protocol of ["", "t cp", "4", "tcp/"]) {
    assertThrows(() => registerService({ ...good, protocol }), TypeError, "the protocol");
  }
  for (const name of ["", " ", "80", "a:b"]) {
    assertThrows(() => registerService({ ...good, name }), TypeError, "the service");
    assertThrows(() => registerService({ ...good, aliases: ["ok", name] }), TypeError);
  }
  for (const port of [0, -1, 65536, 1.5, NaN, Infinity, "80" as never, undefined as never]) {
    assertThrows(() => registerService({ ...good, port }), RangeError, "from 1 to 65535");
  }
  assertFalse(registeredServices("tcp").some((name) => name === "ok" || name === "denet-a"));
});

Deno.test("registerService() handle is idempotent and spares a successor", () => {
  const first = registerService({
    protocol: "tcp",
    name: "denet-a",
    aliases: ["denet-b"],
    port: 1,
  });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using _second = registerService({ protocol: "tcp", name: "denet-b", port: 2 });
  first[Symbol.dispose]();
  assertEquals(lookupService("tcp", "denet-b"), 2);
  assertEquals(lookupService("tcp", "denet-a"), undefined);
});

Deno.test("registerService() refuses aliases that are no array", () => {
  for (const aliases of ["denet-c", new Set(["denet-c"]), null]) {
    assertThrows(
      () =>
        registerService({ protocol: "tcp", name: "denet-b", port: 1, aliases: aliases as never }),
      TypeError,
      "give its aliases as an array of names",
    );
  }
  assertEquals(lookupService("tcp", "denet-b"), undefined);
});
