import { assertEquals, assertThrows } from "@std/assert";
import { nameInUrl } from "../../lib/dial/path_url.ts";

const read = (url: string): Uint8Array => nameInUrl(new URL(url), (why) => new TypeError(why));

Deno.test("nameInUrl() decodes percent escapes to bytes, and leaves a lone percent sign", () => {
  const table: readonly (readonly [string, readonly number[] | string])[] = [
    ["unix:///%FF%fe", [0x2f, 0xff, 0xfe]],
    ["unix:a%2", "a%2"],
    ["unix:a%", "a%"],
    ["unix:a%zz%41", "a%zzA"],
    ["unix:%25%32%35", "%25"],
    ["unix:/grüße", "/grüße"],
    ["unix:", ""],
  ];
  for (const [url, name] of table) {
    const expected = typeof name === "string" ? new TextEncoder().encode(name) : name;
    assertEquals([...read(url)], [...expected], url);
  }
});

Deno.test("nameInUrl() refuses every other part of a URL", () => {
  const table = [
    ["unix:///a?", "a query or fragment"],
    ["unix:a#", "a query or fragment"],
    ["unix://run/a", 'write "unix:///run/a" for an absolute path, "unix:run/a" for any other'],
    ["unix://localhost:1/a", "a host is no part"],
    ["unix://me:secret@localhost/a", "a user name is no part"],
    ["unix:path=/a", "has the form of another program"],
  ] as const;
  for (const [url, why] of table) assertThrows(() => read(url), TypeError, why);
});
