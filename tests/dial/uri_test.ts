// A process of its own, because other files register protocols, and these tests name all that there are.

import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Dialer,
  registerProtocol,
  registerService,
  UnknownProtocolError,
} from "../../lib/dial/mod.ts";
import { resolveUri } from "../../lib/dial/uri.ts";

const dialer: Dialer = () => Promise.reject(new Error("dialled"));

/** Register protocols like those of Unix domain sockets, and one with a plus sign, for a test. */
function registerSome(): Disposable {
  const stack = new DisposableStack();
  stack.use(registerProtocol("unix", dialer, { address: "path" }));
  stack.use(registerProtocol("fd", dialer, { address: "path" }));
  stack.use(registerProtocol("udp", dialer));
  stack.use(registerProtocol("svn+ssh", dialer));
  stack.use(registerService({ protocol: "tcp", name: "irc+insecure", port: 6667 }));
  stack.use(registerService({ protocol: "unix", name: "denet-app", port: 1 }));
  return stack;
}

const GOOD: [uri: string, protocol: string, address: string, service: string][] = [
  ["unix:///run/app.sock", "unix", "/run/app.sock", ""],
  ["unix:/run/app.sock", "unix", "/run/app.sock", ""],
  ["unix://localhost/run/app.sock", "unix", "/run/app.sock", ""],
  ["UNIX:///run/App.sock", "unix", "/run/App.sock", ""],
  ["unix:rel/path.sock", "unix", "rel/path.sock", ""],
  ["unix:./rel", "unix", "./rel", ""],
  ["unix:../rel", "unix", "../rel", ""],
  ["unix:@app", "unix", "@app", ""],
  ["unix:%40app", "unix", "@app", ""],
  ["unix:%00app", "unix", "\0app", ""],
  ["unix:@a%00b", "unix", "@a\0b", ""],
  ["unix:./@app", "unix", "./@app", ""],
  ["unix:///@app", "unix", "/@app", ""],
  ["unix:", "unix", "", ""],
  ["unix:///", "unix", "/", ""],
  ["unix:////a", "unix", "//a", ""],
  ["unix:///a%20b%3Fc%23d%25e", "unix", "/a b?c#d%e", ""],
  ["unix:///a b", "unix", "/a b", ""],
  ["unix:/gr%C3%BC%C3%9Fe", "unix", "/grüße", ""],
  ["unix:/grüße", "unix", "/grüße", ""],
  ["unix:a%2Fb", "unix", "a/b", ""],
  ["unix:a:b", "unix", "a:b", ""],
  ["unix:///a/../b/./c", "unix", "/b/c", ""],
  ["unix:a/../b", "unix", "a/../b", ""],
  ["fd:3", "fd", "3", ""],
  ["tcp://example.org:80", "tcp", "example.org:80", ""],
  ["tcp://example.org:80/", "tcp", "example.org:80", ""],
  ["tcp://example.org", "tcp", "example.org", ""],
  ["tcp://[::1]:80", "tcp", "[::1]:80", ""],
  ["tcp://[::1]", "tcp", "[::1]", ""],
  ["tcp:127.0.0.1:80", "tcp", "127.0.0.1:80", ""],
  ["tcp://b%C3%BCcher.example:1", "tcp", "bücher.example:1", ""],
  ["udp://localhost:53", "udp", "localhost:53", ""],
  ["svn+ssh://example.org", "svn+ssh", "example.org", ""],
  ["http://example.org", "tcp", "example.org", "http"],
  ["http://example.org:80/", "tcp", "example.org", "http"],
  ["http://example.org:8080/a?b#c", "tcp", "example.org:8080", "http"],
  ["https://user:secret@example.org/", "tcp", "example.org", "https"],
  ["http://bücher.example", "tcp", "xn--bcher-kva.example", "http"],
  ["ssh://example.org", "tcp", "example.org", "ssh"],
  ["ssh://user@[::1]:22", "tcp", "[::1]:22", "ssh"],
  ["ssh:example.org", "tcp", "example.org", "ssh"],
  ["irc+insecure://example.org:6667", "tcp", "example.org:6667", "irc+insecure"],
  ["ntp://example.org", "udp", "example.org", "ntp"],
  ["domain://example.org", "tcp", "example.org", "domain"],
  ["tcp+http://example.org/a", "tcp", "example.org", "http"],
  ["TCP+HTTP://example.org:80", "tcp", "example.org:80", "http"],
  ["udp+domain://example.org", "udp", "example.org", "domain"],
  ["tcp+no-such://example.org", "tcp", "example.org", "no-such"],
  ["svn+ssh+x://example.org", "svn+ssh", "example.org", "x"],
  ["unix:/100%", "unix", "/100%", ""],
  ["unix:/%zz", "unix", "/%zz", ""],
  ["unix://LOCALHOST/run/app.sock", "unix", "/run/app.sock", ""],
  ["tls://example.org:443", "tls", "example.org:443", ""],
  ["tls+https://example.org", "tls", "example.org", "https"],
  ["vsock:2:1024", "vsock", "2:1024", ""],
  ["vsock://2:1024", "vsock", "2:1024", ""],
  ["unix+http:///run/app.sock", "unix", "/run/app.sock", "http"],
  ["denet-app:@app", "unix", "@app", "denet-app"],
];

const BAD: [uri: string, message: string][] = [
  ["", "not a URI"],
  ["/run/app.sock", "not a URI"],
  ["example.org:80", "Unknown protocol"],
  ["127.0.0.1:80", "not a URI"],
  ["://x", "not a URI"],
  ["tcp://example.org:port", "not a URI"],
  ["tcp://example.org:+1", "not a URI"],
  ["tcp://[::1:65536", "not a URI"],
  ["tcp://[::1", "not a URI"],
  ["http://", "not a URI"],
  [" unix:/a", "as percent escapes"],
  ["unix:/a ", "as percent escapes"],
  ["unix:/a\tb", "as percent escapes"],
  ["unix:/a\n", "as percent escapes"],
  ["unix:/a\0", "as percent escapes"],
  ["unix:/\ud800", "half a surrogate pair"],
  ["unix:/a?b", "a query or fragment"],
  ["unix:/a?", "a query or fragment"],
  ["unix:/a#b", "a query or fragment"],
  ["unix:@a#", "a query or fragment"],
  ["unix+http:///a?b", "a query or fragment"],
  ["unix://run/app.sock", 'write "unix:///run/app.sock"'],
  ["unix://app", '"unix:app" for any other'],
  ["unix://@app", '"unix:@app" for an abstract name'],
  ["unix://localhost:80/a", "a host is no part"],
  ["unix://user@localhost/a", "a user name is no part"],
  ["unix:/a%ff", "not UTF-8"],
  ["unix:/%ed%a0%80", "not UTF-8"],
  ["tcp://example.org:80/path", "a path is no part"],
  ["tcp://example.org:80?", "a query or fragment"],
  ["tcp://example.org:80#x", "a query or fragment"],
  ["tcp://user@example.org:80", "a user name is no part"],
  ["tcp://:secret@example.org:80", "a user name is no part"],
  ["tcp://a%3A80", "its host is malformed"],
  ["tcp://a%2Fb:80", "its host is malformed"],
  ["tcp://a%00b:80", "its host is malformed"],
  ["tcp://a%20b:80", "its host is malformed"],
  ["tcp://%5B::1%5D:80", "not a URI"],
  ["tcp://a%ff:80", "not UTF-8"],
];

Deno.test("resolveUri() takes a URI apart", async (t) => {
  using _some = registerSome();
  for (const [uri, protocol, address, service] of GOOD) {
    await t.step(uri, () => {
      assertEquals(resolveUri(uri), { protocol, address, service });
      assertEquals(resolveUri(new URL(uri)), { protocol, address, service });
    });
  }
});

Deno.test("resolveUri() refuses malformed URIs and parts without a use", async (t) => {
  using _some = registerSome();
  for (const [uri, message] of BAD) {
    await t.step(JSON.stringify(uri), () => {
      assertThrows(() => resolveUri(uri), TypeError, message);
    });
  }
});

Deno.test("resolveUri() brings every path back that is escaped as a URI component", () => {
  using _some = registerSome();
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    fc.pre(text.isWellFormed());
    const { address } = resolveUri(`unix:${encodeURIComponent(text)}`);
    assertEquals(address, text);
  }));
});

Deno.test("resolveUri() names the registered protocols for an unknown scheme", () => {
  for (const uri of ["unix:///a", "no-such-scheme:x", "x+http://a", "ntp://a", "mailto:a@b"]) {
    const error = assertThrows(() => resolveUri(uri), UnknownProtocolError);
    assertEquals(error.protocol, new URL(uri).protocol.slice(0, -1));
    assertStringIncludes(error.message, 'registered are "tcp"');
  }
});

Deno.test("resolveUri() prefers a protocol to a service, and a registered service to the file's", () => {
  using _protocol = registerProtocol("http", dialer);
  assertEquals(resolveUri("http://a").protocol, "http");
  using _udp = registerProtocol("udp", dialer);
  // Many services files have telnet for tcp.
  using _service = registerService({ protocol: "udp", name: "telnet", port: 1 });
  assertEquals(resolveUri("telnet://a").protocol, "udp");
});

Deno.test("resolveUri() keeps passwords out of its messages", () => {
  for (const uri of ["tcp://me:secret@example.org", "tcp://me:s@secret@example.org:port"]) {
    const { message } = assertThrows(() => resolveUri(uri), TypeError);
    assertFalse(message.includes("secret"));
    assertStringIncludes(message, "tcp://example.org");
  }
});

Deno.test("the error of a text that is no URI does not contain its password, nor does its cause", () => {
  const uris = [
    "tcp://me:secret@example.org:port",
    "tcp://me:secret/more@example.org:80",
    "tcp://me:secret#more@example.org:80",
    "HTTPS:me:secret@example.org:99999",
  ];
  for (const uri of uris) {
    const error = assertThrows(() => resolveUri(uri), TypeError, "example.org:");
    assertFalse(Deno.inspect(error).includes("secret"), uri);
  }
});

Deno.test("resolveUri() names a port that is out of range, and takes no part of a password for one", () => {
  for (const end of ["", "/", "?a=secret", "#secret"]) {
    for (const host of ["example.org", "[::1]", "me:secret@example.org"]) {
      for (const scheme of ["tcp", "http", "unknown"]) {
        const uri = `${scheme}://${host}:65536${end}`;
        const { message } = assertThrows(() => resolveUri(uri), RangeError, "port 65536 is out of");
        assertFalse(message.includes("secret"), uri);
      }
    }
  }
  const { message } = assertThrows(() => resolveUri("tcp://me:99999/x@[::1:80"), TypeError);
  assertFalse(message.includes("99999"));
  // What follows the password is a port that is none out of range.
  for (const port of [80, 65535]) {
    assertThrows(() => resolveUri(`tcp://me:99999/x@example.org:${port}`), TypeError);
  }
});

Deno.test("resolveUri() leaves a URL object alone", () => {
  const url = new URL("http://me:secret@example.org:8080/a?b#c");
  const before = url.href;
  resolveUri(url);
  assertEquals(url.href, before);
});

Deno.test("resolveUri() gives bytes that are no text to a protocol that takes them, and to no other", () => {
  const uri = "denet-bytes:/a%ff";
  const path = { address: "path" } as const;
  {
    using _text = registerProtocol("denet-bytes", dialer, path);
    assertThrows(() => resolveUri(uri), TypeError, "the protocol takes text only");
  }
  using _bytes = registerProtocol("denet-bytes", dialer, { ...path, dialBytes: dialer as never });
  assertEquals(resolveUri(uri).address, new Uint8Array([0x2f, 0x61, 0xff]));
  assertEquals(resolveUri("denet-bytes:/a").address, "/a");
});
