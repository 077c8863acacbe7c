import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { nameInUrl } from "../../lib/dial/path_url.ts";
import { dialUri, unix } from "../../mod.ts";
import { tempDir } from "../util/tempdir.ts";

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
    [
      "unix://run/a",
      'write "unix:///run/a" for an absolute path, "unix:@run/a" for an abstract name, ' +
      '"unix:run/a" for any other',
    ],
    ["x://run/a", 'write "x:///run/a" for an absolute path, "x:run/a" for any other'],
    ["unix://localhost:1/a", "a host is no part"],
    ["unix://me:secret@localhost/a", "a user name is no part"],
    ["unix:path=/a", "has the form of another program"],
  ] as const;
  for (const [url, why] of table) assertThrows(() => read(url), TypeError, why);
});

Deno.test("unix.connect() and dialUri() take and refuse the same URLs", async () => {
  using dir = tempDir();
  using _listener = unix.listen(dir.join("100%"), { backlog: 64 });
  const outcomeOf = (opening: Promise<Disposable>): Promise<string> =>
    opening.then(
      (connection) => (connection[Symbol.dispose](), "connects"),
      (error) => error.constructor.name,
    );
  const table = [
    { url: `unix://${dir.path}/100%25`, outcome: "connects" },
    { url: `unix:${dir.path}/100%25`, outcome: "connects" },
    { url: `unix://${dir.path}/100%`, outcome: "connects" },
    { url: `unix://localhost${dir.path}/100%25`, outcome: "connects" },
    { url: `unix://LOCALHOST${dir.path}/100%25`, outcome: "connects" },
    { url: `unix://elsewhere${dir.path}/100%25`, outcome: "InvalidAddressError" },
    { url: `unix://${dir.path}/100%25?mode=1`, outcome: "InvalidAddressError" },
    { url: `unix://${dir.path}/none`, outcome: "NotFound" },
  ];
  for (const { url, outcome } of table) {
    const outcomes = {
      connect: await outcomeOf(unix.connect(new URL(url))),
      dialUri: await outcomeOf(dialUri(url)),
    };
    assertEquals(outcomes, { connect: outcome, dialUri: outcome }, url);
  }
});

/** Pieces that a URL of a name may have in it, and those that it may not. */
const PIECES = [
  "/",
  "//",
  "///",
  "a",
  "%",
  "%00",
  "%2f",
  "%40",
  "%ff",
  "%41",
  "@",
  ".",
  "..",
  " ",
  "ü",
  "\\",
]
  .concat("localhost", "LOCALHOST", "host", ":80", "me:secret@", "?", "#", "?a=b", "path=", "x=");

const anyUrl = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), {
  maxLength: 7,
}).map((pieces) => `unix:${pieces.join("")}`).filter(URL.canParse);

/** What became of a connection: to which address, or why there is none. */
async function reached(opening: Promise<unix.Socket>): Promise<unknown> {
  try {
    using socket = await opening;
    return socket.remoteAddress;
  } catch (error) {
    const { name, code, address } = error as Error & { code?: string; address?: string };
    return { name, code, address };
  }
}

Deno.test("unix.connect() and dialUri() reach the same address, or refuse, whatever the URL", async () => {
  await fc.assert(
    fc.asyncProperty(anyUrl, async (text) => {
      const url = new URL(text);
      const dialled = [dialUri(url), dialUri(url.href)] as Promise<unix.Socket>[];
      const [one, ...others] = await Promise.all([unix.connect(url), ...dialled].map(reached));
      assertEquals(others, [one, one], text);
    }),
    { numRuns: 2000 },
  );
});
