import { assertEquals, assertThrows } from "@std/assert";
import { checkProtocolName, checkServiceName, isPort, parsePort } from "../../lib/dial/names.ts";

Deno.test("checkProtocolName() takes what can be a URI scheme", () => {
  for (const name of ["tcp", "TCP", "x", "svn+ssh", "unix-2", "a.b", "h2c"]) {
    checkProtocolName(name);
    assertEquals(new URL(`${name}:x`).protocol, `${name.toLowerCase()}:`);
  }
});

Deno.test("checkProtocolName() refuses all else", () => {
  const bad = ["", " ", "9p", "-x", "+x", "a b", "a:b", "a/b", "a_b", "é", "tcp\n", "\0", "a\0b"];
  for (const name of bad) assertThrows(() => checkProtocolName(name), TypeError, "Cannot register");
  assertThrows(() => checkProtocolName(undefined as never), TypeError, '"undefined"');
  assertThrows(() => checkProtocolName("x y".repeat(9999)), TypeError, "…");
});

Deno.test("checkServiceName() takes names as services files have them", () => {
  for (const name of ["http", "ftp-data", "z3950", "x_y", "a.b", "whois++", "3com", "ZABBIX"]) {
    checkServiceName(name);
  }
});

Deno.test("checkServiceName() refuses port numbers and what cannot be a name", () => {
  for (const name of ["", "80", "0", "a b", "a:b", "a/b", "a#b", "http\n", "é", "[x]", "\0"]) {
    assertThrows(() => checkServiceName(name), TypeError, "Cannot register the service");
  }
  assertThrows(() => checkServiceName(80 as never), TypeError, "Cannot register the service");
});

Deno.test("isPort() is true for integers from 1 to 65535", () => {
  for (const port of [1, 80, 65535]) assertEquals(isPort(port), true, `${port}`);
  for (const port of [0, -1, 65536, 1.5, NaN, Infinity, "80" as never, undefined as never]) {
    assertEquals(isPort(port), false, `${port}`);
  }
});

Deno.test("parsePort() takes decimal digits alone", () => {
  for (const [text, port] of [["1", 1], ["80", 80], ["0080", 80], ["65535", 65535]] as const) {
    assertEquals(parsePort(text), port);
  }
  const bad = ["", "0", "65536", "99999999999999999999", "-1", "+1", "1.0", "1e3", "0x50", " 80"];
  for (const text of [...bad, "80 ", "8_0", "８０", "http"]) {
    assertEquals(parsePort(text), undefined, text);
  }
});
