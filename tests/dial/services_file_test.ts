import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseServices, SERVICES_PATH, ServicesFile } from "../../lib/dial/services_file.ts";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

const TABLE: [name: string, text: string, expected: Record<string, number>][] = [
  ["nothing", "", {}],
  ["comments and blank lines alone", "# tcp\n\n   \n\t# x 1/tcp\n", {}],
  ["one name", "http 80/tcp\n", { "tcp/http": 80 }],
  ["no newline at the end", "http 80/tcp", { "tcp/http": 80 }],
  ["aliases", "http 80/tcp www web", { "tcp/http": 80, "tcp/www": 80, "tcp/web": 80 }],
  ["tabs and a comment", "smtp\t25/tcp\t\tmail # Mail", { "tcp/smtp": 25, "tcp/mail": 25 }],
  ["a comment without a space", "a 1/tcp b#c d", { "tcp/a": 1, "tcp/b": 1 }],
  ["DOS line ends", "a 1/tcp\r\nb 2/tcp x\r\n", { "tcp/a": 1, "tcp/b": 2, "tcp/x": 2 }],
  ["leading space", "   a 1/tcp", { "tcp/a": 1 }],
  ["protocols apart", "a 1/tcp\na 2/udp", { "tcp/a": 1, "udp/a": 2 }],
  ["the first line for a name", "a 1/tcp\na 2/tcp\nb 3/tcp a", { "tcp/a": 1, "tcp/b": 3 }],
  ["an alias before a name", "b 3/tcp a\na 1/tcp", { "tcp/a": 3, "tcp/b": 3 }],
  ["capitals", "HTTP 80/TCP Www", { "tcp/http": 80, "tcp/www": 80 }],
  ["highest port", "a 65535/tcp", { "tcp/a": 65535 }],
  ["names of object properties", "constructor 1/tcp __proto__", {
    "tcp/constructor": 1,
    "tcp/__proto__": 1,
  }],
];

const MALFORMED = [
  "a",
  "a 1",
  "a /tcp",
  "a 1/",
  "a tcp/1",
  "a 0/tcp",
  "a 65536/tcp",
  "a -1/tcp",
  "a 1.5/tcp",
  "a 0x50/tcp",
  "a 1 /tcp",
  "a 1/ tcp",
  "a 1/tcp/udp",
  "a 1,2/tcp",
  "1/tcp",
  "a # 1/tcp",
  "a 99999999999999999999999/tcp",
  "\0\0\0",
  "\ufffd\ufffd 1",
  "/".repeat(10_000),
];

Deno.test("parseServices() reads what services(5) describes", async (t) => {
  for (const [name, text, expected] of TABLE) {
    await t.step(name, () => {
      const actual = parseServices(text);
      assertEquals([...actual].sort(), Object.entries(expected).sort());
    });
  }
});

Deno.test("parseServices() ignores malformed lines and reads the rest", () => {
  for (const line of MALFORMED) {
    assertEquals([...parseServices(line)], [], line);
  }
  const text = MALFORMED.flatMap((line, i) => [line, `ok${i} ${i + 1}/tcp`]).join("\n");
  const expected = MALFORMED.map((_, i): [string, number] => [`tcp/ok${i}`, i + 1]);
  assertEquals([...parseServices(text)], expected);
});

Deno.test("parseServices() yields nothing but ports, whatever the text", () => {
  const pieces = fc.constantFrom("a", "1", "65536", "/", "tcp", " ", "\t", "\n", "#", "\r", "\0");
  fc.assert(fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
    for (const [key, port] of parseServices(parts.join(""))) {
      assert(key.includes("/") && Number.isInteger(port) && port >= 1 && port <= 65535);
    }
  }));
});

testWith("python3", "parseServices() agrees with getservbyname(3)", async () => {
  const text = await Deno.readTextFile(SERVICES_PATH).catch(() => "");
  const keys = [...parseServices(text).keys()];
  // Names with capitals are found in lower case here, and only as written there.
  const script = `
import json, socket, sys
def port(key):
    protocol, name = key.split("/", 1)
    try: return socket.getservbyname(name, protocol)
    except OSError: return None
print(json.dumps([port(key) for key in json.load(sys.stdin)]))`;
  const child = new Deno.Command(needPeer("python3").command, {
    args: ["-c", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [, { stdout }] = await Promise.all([
    new Response(JSON.stringify(keys)).body?.pipeTo(child.stdin),
    child.output(),
  ]);
  const theirs: (number | null)[] = JSON.parse(new TextDecoder().decode(stdout));
  const ours = [...parseServices(text).values()];
  assertEquals(ours.map((port, i) => theirs[i] === null ? null : port), theirs);
});

Deno.test(
  "ServicesFile.lookup() reads the file once",
  noLeaks(() => {
    using dir = tempDir();
    const path = dir.join("services");
    Deno.writeTextFileSync(path, "first 1/tcp\n");
    const file = new ServicesFile(path);
    assertEquals(file.lookup("tcp", "first"), 1);
    Deno.writeTextFileSync(path, "second 2/tcp\n");
    assertEquals(file.lookup("tcp", "first"), 1);
    assertEquals(file.lookup("tcp", "second"), undefined);
  }),
);

Deno.test("ServicesFile.lookup() matches name and protocol together, in any case", () => {
  using dir = tempDir();
  const path = dir.join("services");
  Deno.writeTextFileSync(path, "a 1/tcp alias\nb 2/udp\n");
  const file = new ServicesFile(path);
  assertEquals(file.lookup("tcp", "a"), 1);
  assertEquals(file.lookup("TCP", "Alias"), 1);
  assertEquals(file.lookup("udp", "a"), undefined);
  assertEquals(file.lookup("tcp", "b"), undefined);
  assertEquals(file.lookup("", ""), undefined);
  assertEquals(file.lookup("constructor", "name"), undefined);
});

Deno.test("ServicesFile.lookup() takes a missing file for an empty one, until it appears", () => {
  using dir = tempDir();
  const path = dir.join("services");
  const file = new ServicesFile(path);
  assertEquals(file.lookup("tcp", "a"), undefined);
  Deno.writeTextFileSync(path, "a 1/tcp\n");
  assertEquals(file.lookup("tcp", "a"), 1);
});

Deno.test("ServicesFile.lookup() takes what cannot be read, or is no text, for an empty file", () => {
  using dir = tempDir();
  assertEquals(new ServicesFile(dir.path).lookup("tcp", "a"), undefined);
  const path = dir.join("binary");
  Deno.writeFileSync(path, crypto.getRandomValues(new Uint8Array(4096)));
  assertEquals(new ServicesFile(path).lookup("tcp", "http"), undefined);
});
