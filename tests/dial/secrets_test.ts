/**
 * Addresses that are wrong often are URLs of something else, with a password or token: no error repeats it, neither in
 * its message nor in its cause or properties.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dial, dialUri } from "../../lib/dial/mod.ts";
import { hostWithoutSecrets, withoutSecrets } from "../../lib/dial/errors.ts";
import { unix } from "../../mod.ts";

const SCHEMES = ["tcp", "tls", "vsock", "http", "ssh", "postgres", "tcp+http", "http+unix"];

/** What follows the scheme. */
const WRONG = [
  ":user:SECRET@host",
  ":user:SECRET@host:80?x",
  ":/user:SECRET@host",
  "://user:SECRET@host:99999",
  "://user:SE/SECRET@host",
  "://user:SE#SECRET@host",
  "://user:SECRET@",
  ":///user:SECRET@host",
  "://user:SECRET@%zz/x",
  "://user:SECRET@ho st",
  "://user:SECRET@host\t",
  "://user:SECRET@host/\ud800",
  "://:SECRET@[::1",
  "://host/?token=SECRET",
  "://host:x/#SECRET",
  "://host:99999?token=SECRET",
  ":/a?token=SECRET",
];

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The calls that a program makes with such a text by mistake. */
function* callsWith(text: string): Iterable<[name: string, call: () => unknown]> {
  const [, scheme = "", rest = ""] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  // A service of its own has a URI that is right, such as "http://user:password@host:80": nothing is dialled here.
  const isServed = scheme === "http" || scheme === "ssh" || scheme === "tcp+http";
  if (!isServed) yield ["dialUri", () => dialUri(text)];
  if (["tcp", "tls", "vsock"].includes(scheme)) {
    yield ["dial", () => dial(scheme, rest.replace(/^\/\//, ""))];
    yield ["dial with a service", () => dial(scheme, rest.replace(/^\/\//, ""), "80")];
  }
  if (URL.canParse(text)) yield ["connect(URL)", () => unix.connect(new URL(text))];
  // A text without "//" may well be the name of a file.
  if (text.includes("://")) yield ["connect(text)", () => unix.connect(text)];
}

for (const scheme of SCHEMES) {
  Deno.test(`no error contains the secret of a wrong address with ${scheme}`, async () => {
    let count = 0;
    for (const wrong of WRONG) {
      for (const [name, call] of callsWith(scheme + wrong)) {
        const error = await thrownBy(call);
        const what = `${name} of ${JSON.stringify(scheme + wrong)}`;
        assert(error instanceof Error, `${what} succeeds`);
        const told = `${Deno.inspect(error)} ${JSON.stringify({ ...error })}`;
        assert(!told.includes("SECRET"), `${what}: ${told}`);
        count++;
      }
    }
    assert(count > WRONG.length, `${count} calls`);
  });
}

Deno.test("a message without its secret still names its destination", async () => {
  const refused = await thrownBy(() => dialUri("tcp:user:SECRET@example.org"));
  assertStringIncludes(`${refused}`, "example.org");
  assertStringIncludes(`${refused}`, "a user name is no part of the address");
  assertEquals(withoutSecrets("tcp:user:SECRET@host:80?token=a#b"), "tcp:host:80?…");
  assertEquals(withoutSecrets("tcp://user@host/a?"), "tcp://host/a?");
  assertEquals(withoutSecrets("tcp://host:80/a"), "tcp://host:80/a");
  assertEquals(withoutSecrets("unixpacket:@name"), "unixpacket:@name");
  assertEquals(hostWithoutSecrets("user:SECRET@host:80#a"), "host:80#…");
  assertEquals(hostWithoutSecrets("[::1]:80"), "[::1]:80");
});

Deno.test("the path of a unix: URL is shown in full: it is the address", async () => {
  const error = await thrownBy(() => dialUri("unix:///no/such/a:b@c"));
  assertStringIncludes(`${error}`, '"/no/such/a:b@c"');
  const query = await thrownBy(() => dialUri("unix:///no/such/a:b@c?token=SECRET"));
  assertStringIncludes(`${query}`, '"unix:///no/such/a:b@c?…"');
});
