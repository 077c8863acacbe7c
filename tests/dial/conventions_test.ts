import { assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { rightForm } from "../../lib/dial/conventions.ts";
import { dialUri, UnknownProtocolError } from "../../lib/dial/mod.ts";

/** Addresses as D-Bus, Docker, Node, socat, gRPC and ZeroMQ write them, and the name that each means. */
const FORMS: readonly (readonly [text: string, name: string])[] = [
  ["unix:path=/run/dbus/system_bus_socket,guid=0123", "/run/dbus/system_bus_socket"],
  ["unix:guid=0123,path=/run/dbus/system_bus_socket", "/run/dbus/system_bus_socket"],
  ["unix:path=/run/a%20b;unix:path=/other", "/run/a b"],
  ["unix:abstract=/tmp/dbus-X", "@/tmp/dbus-X"],
  ["http+unix://%2Frun%2Fx.sock/", "/run/x.sock"],
  ["HTTP+UNIX://%2Frun%2Fx.sock/info?all=1", "/run/x.sock"],
  ["http://unix:/run/docker.sock:/info", "/run/docker.sock"],
  ["unix:///run/app.sock", "/run/app.sock"],
  ["unix://localhost/run/app.sock", "/run/app.sock"],
  ["unix:/run/app.sock", "/run/app.sock"],
  ["unix:@app", "@app"],
  ["UNIX-CONNECT:/run/app.sock,type=5", "/run/app.sock"],
  ["ABSTRACT-CONNECT:app", "@app"],
  ["unix-abstract:app", "@app"],
  ["ipc:///tmp/feed", "/tmp/feed"],
  ["file:///run/app.sock", "/run/app.sock"],
];

Deno.test("rightForm() shows what to write in place of another program's address", () => {
  for (const [text, name] of FORMS) {
    assertStringIncludes(rightForm(text) ?? "", `write ${JSON.stringify(name)} as`, text);
  }
});

Deno.test("rightForm() does not take the folder of a D-Bus server for its socket", () => {
  const table = [
    ["unix:dir=/tmp", 'a random name in "/tmp"'],
    ["unix:tmpdir=/tmp/a%20b,guid=0", 'a random name in "/tmp/a b"'],
    ["unix:runtime=yes", '"bus" in the directory that XDG_RUNTIME_DIR names'],
  ] as const;
  for (const [text, where] of table) {
    const form = rightForm(text) ?? "";
    assertStringIncludes(form, where, text);
    assertStringIncludes(form, '"unix:path=…"', text);
    assertFalse(form.includes("new URL"), text);
  }
});

Deno.test("rightForm() shows a URL that leads back to the name", () => {
  const form = rightForm("unix:path=/run/a%3F%23%25b") ?? "";
  const [, href = ""] = /new URL\("(.*)"\)/.exec(form) ?? [];
  assertEquals(decodeURIComponent(new URL(href).pathname), "/run/a?#%b");
});

Deno.test("rightForm() leaves other text alone", () => {
  for (const text of ["", "/run/app.sock", "@app", "./unix:a", "unix", "run/unix:/a", "unix:a"]) {
    assertEquals(rightForm(text), undefined, text);
  }
});

Deno.test("dialUri() shows the right form for the scheme of another program", async () => {
  for (const uri of ["http+unix://%2Frun%2Fx.sock/", "file:///run/x.sock", "ipc:///run/x.sock"]) {
    await assertRejects(() => dialUri(uri), UnknownProtocolError, 'write "/run/x.sock"');
  }
});

Deno.test("rightForm() leaves escapes that stand for nothing as they are", () => {
  assertStringIncludes(rightForm("unix:path=/a%zz") ?? "", '"/a%zz"');
});
