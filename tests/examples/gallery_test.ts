// Time limit: 180 s, because examples are run whole.

/**
 * The examples, run as a user runs them: what they print, how they refuse nonsense, and that they clean
 * up when they are interrupted.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { unix } from "../../mod.ts";
import { testUnless, testWith } from "../util/peers.ts";
import { type LineProcess, startDeno, startProcess } from "../util/process.ts";
import { ROOT } from "../util/project.ts";
import { tempDir } from "../util/tempdir.ts";
import { type Outcome, runExample } from "./run.ts";

const linuxOnly = Deno.build.os === "linux" ? undefined : "this example needs Linux";

function assertClean({ code, errors, left }: Outcome): void {
  assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
}

Deno.test("examples/restart loses no request", async () => {
  const outcome = await runExample("example:restart", ["8"]);
  assertClean(outcome);
  const [first, , requests, failed] = outcome.lines;
  assertEquals(first, "restarting 8 times, with 8 clients all the time");
  assertMatch(requests ?? "", /^\d+ requests answered by 9 processes$/);
  assertEquals(failed, "0 requests failed or refused");
});

Deno.test("examples/restart continues when a successor fails", async () => {
  using dir = tempDir();
  const script = new URL("examples/restart/server.ts", ROOT);
  await using server = startDeno(script, ["--allow-ffi", "--allow-net"], { args: [dir.path, "1"] });
  assertEquals(await server.readLine(), "generation 1 serves");
  {
    using successor = await unix.connect(dir.join("control.sock"));
    using message = await successor.receive({ files: 2 });
    assertEquals(message?.files.length, 2);
  }
  using client = await unix.connect(dir.join("http.sock"));
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const answer = await new Response(client.readable).text();
  assert(answer.endsWith("answered by generation 1"), answer);
});

testWith("curl", "examples/restart answers every request of curl", async () => {
  using dir = tempDir();
  const script = new URL("examples/restart/server.ts", ROOT);
  const start = async (generation: number): Promise<LineProcess> => {
    const args = [dir.path, `${generation}`];
    const server = startDeno(script, ["--allow-ffi", "--allow-net"], { args });
    assertEquals(await server.readLine(), `generation ${generation} serves`);
    return server;
  };
  const requests = 2000;
  let generation = 1;
  let server = await start(generation);
  // However fast curl is, there are restarts while it runs.
  for (let restarts = 0; restarts < 3;) {
    await using curl = startProcess("curl", {
      args: [
        ...["--silent", "--show-error", "--parallel", "--parallel-max", "4"],
        ...["--unix-socket", dir.join("http.sock"), "--write-out", "%{http_code} %{errormsg}\\n"],
        ...["--output", "/dev/null", `http://localhost/[1-${requests}]`],
      ],
    });
    let ended = false;
    curl.status.then(() => ended = true);
    while (!ended) {
      const successor = await start(++generation);
      assertEquals((await server.status).code, 0);
      server = successor;
      if (!ended) restarts++;
    }
    const codes = (await curl.readAll()).split("\n").slice(0, -1);
    assertEquals([...new Set(codes)], ["200 "], await curl.stderr);
    assertEquals(codes.length, requests);
  }
  await server[Symbol.asyncDispose]();
});

testWith(
  "systemd-socket-activate",
  "examples/activated serves what systemd listens on",
  async () => {
    const outcome = await runExample("example:activated");
    assertClean(outcome);
    const [first, local, web] = outcome.lines;
    const process = first?.match(/process \d+/)?.[0];
    assertEquals(local, `/hello by ${process} on the socket "local"`);
    assertEquals(web, `/hello by ${process} on the socket "web"`);
  },
);

testUnless(
  linuxOnly,
  "examples/privileges passes what the policy allows, and no more",
  async () => {
    const outcome = await runExample("example:privileges");
    assertClean(outcome);
    const isRoot = Deno.uid() === 0;
    const said = outcome.lines.map((it) => it.replace(/\(process \d+, user (\d+)\)/, "$1")).sort();
    const user = isRoot ? 65534 : Deno.uid();
    assertEquals(said.filter((it) => it.startsWith("worker") && !/policy|directly/.test(it)), [
      `worker ${user}: asked for ".": refused: it is outside of the folder`,
      `worker ${user}: asked for "../secret.txt": refused: it is outside of the folder`,
      `worker ${user}: asked for "missing.txt": refused: it is not there`,
      `worker ${user}: asked for "notes.txt": here it is What everybody may know.`,
      `worker ${user}: asked for "trap.txt": refused: it is outside of the folder`,
    ]);
    assertEquals(said.filter((it) => it.includes("the policy does not know")).length, 2);
    const alone = said.filter((it) => it.includes("directly"));
    const expected = isRoot ? "PermissionDenied" : "possible";
    assertEquals(alone.map((it) => it.split(": ").at(-1)), [expected, expected]);
  },
);

Deno.test("examples/workers answers in every Worker", async () => {
  const outcome = await runExample("example:workers", ["3"]);
  assertClean(outcome);
  const [, alone, spread, ratio] = outcome.lines;
  assertMatch(alone ?? "", /^ *\d+ requests\/s: 400 by thread 0$/);
  assertMatch(
    spread ?? "",
    /^ *\d+ requests\/s: 13\d by thread 1, 13\d by thread 2, 13\d by thread 3$/,
  );
  assertMatch(ratio ?? "", /^\d+\.\d\d times the throughput$/);
});

testUnless(
  linuxOnly,
  "examples/shared_memory reads in place, and only what is sealed",
  async () => {
    const outcome = await runExample("example:shared-memory", ["32"]);
    assertClean(outcome);
    const said = outcome.lines.map((it) => it.replace(/ \(process \d+\)/, ""));
    assertEquals(said.filter((it) => it.startsWith("writer")), [
      "writer: passed 32 MiB; the reader's sum is right",
      "writer: may not write to it any more: PermissionDenied",
      "writer: may not cut it short any more: PermissionDenied",
      "writer: passed a file that is not sealed; the reader answered TypeError",
      "writer: cut that to nothing; the reader answered as before",
    ]);
    const [first = ""] = said.filter((it) => it.startsWith("reader"));
    const [, shared, own] = first.match(/grew by (\d+) MiB, own by (-?\d+) MiB$/) ?? [];
    assertEquals(shared, "32");
    assert(Number(own) < 16, `Expected no copy of 32 MiB, but own memory grew by ${own} MiB`);
  },
);

Deno.test("examples refuse what is no number in one line", async () => {
  for (const name of ["restart", "workers", "shared-memory"]) {
    for (const text of ["x", "0", "-1", "1.5"]) {
      const { code, lines, errors } = await runExample(`example:${name}`, [text]);
      if (code === 77) continue;
      assertEquals({ code, lines }, { code: 2, lines: [] });
      assertMatch(errors, /^Cannot use ".+": give a whole number from 1 to \d+$/);
    }
  }
});

Deno.test("examples leave nothing behind when they are interrupted", async () => {
  for (
    const [name, interruptAt] of [["restart", "restarting"], [
      "workers",
      "first one thread",
    ]] as const
  ) {
    const { code, errors, left } = await runExample(`example:${name}`, [], { interruptAt });
    assertEquals({ code, errors, left }, { code: 1, errors: "Stopped by SIGINT", left: [] });
  }
});

testUnless(linuxOnly, "examples leave nothing behind where a program is missing", async () => {
  for (
    const [name, program] of [
      ["activated", "systemd-socket-activate"],
      ["dbus", "dbus-daemon"],
      ["qemu", "qemu-system-x86_64"],
      ["wayland", "weston"],
    ] as const
  ) {
    const env = { PATH: "/nowhere" };
    const { code, lines, errors, left } = await runExample(`example:${name}`, [], { env });
    assertEquals({ code, lines, left }, { code: 77, lines: [], left: [] });
    assert(errors.split("\n").at(-1)?.startsWith(`${program} is not installed`), errors);
  }
});
