// Time limit: 180 s, because a program is started for each case.

/**
 * Which backend a program gets, and how a program that waits ends: each in a process of its own.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { mechanisms, openers } from "../../../lib/reactor/backends/select.ts";
import { needPeer, testUnless, testWith } from "../../util/peers.ts";
import { reactorOf } from "../backends.ts";
import { type LineProcessOptions, startDeno, startProcess } from "../../util/process.ts";

const program = new URL("../child.ts", import.meta.url);
const VARIABLE = "DENET_UNIX_REACTOR";
const linux = Deno.build.os === "linux" ? undefined : "Linux only";

/** The values of the variable, and the name that the backend then gives. */
const values = { "io_uring": "io_uring", "aio": "aio", "pool": "pool", "poll": "pool" };

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

async function run(
  args: readonly string[],
  options: LineProcessOptions = {},
  permissions: readonly string[] = ["--allow-ffi", "--allow-read", `--allow-env=${VARIABLE}`],
): Promise<Outcome> {
  await using child = startDeno(program, permissions, { args, ...options });
  const output = (await child.readAll()).trim();
  return { code: (await child.status).code, output, errors: await child.stderr };
}

for (const [value, name] of Object.entries(values)) {
  const env = { [VARIABLE]: value };
  const test = (what: string, fn: () => Promise<void>): void =>
    testUnless(
      value === "pool" || value === "poll" ? undefined : linux,
      `${what} (${value})`,
      fn,
    );

  test("the environment forces a backend", async () => {
    assertEquals(await run(["name"], { env }), { code: 0, output: name, errors: "" });
  });

  test("a backend that nothing waits with lets the program end", async () => {
    assertEquals(await run(["opened"], { env }), { code: 0, output: name, errors: "" });
  });

  test("a wait that is unrefed lets the program end", async () => {
    assertEquals(await run(["unheld"], { env }), { code: 0, output: "end", errors: "" });
  });

  test("a wait that is unrefed while it is pending lets the program end", async () => {
    assertEquals(await run(["released"], { env }), { code: 0, output: "end", errors: "" });
  });

  test("a wait keeps the program alive until it ends", async () => {
    assertEquals(await run(["held"], { env }), { code: 0, output: "woken", errors: "" });
  });

  test("a program that waits for nothing ends by itself", async () => {
    assertEquals(await run(["idle"], { env }), { code: 0, output: "end", errors: "" });
  });

  test("a program whose only wait is aborted ends by itself", async () => {
    assertEquals(await run(["aborted"], { env }), { code: 0, output: "TimeoutError", errors: "" });
  });

  testUnless(linux, `Workers that end in any way leave no descriptor (${value})`, async () => {
    const { code, output, errors } = await run(["workers"], { env }, ["--allow-all"]);
    assertEquals({ code, errors }, { code: 0, errors: "" });
    assertEquals(output, "close nothing left\nterminate nothing left");
  });
}

Deno.test("an unknown name of a backend is an error that lists the known ones", async () => {
  const { code, errors } = await run(["name"], { env: { [VARIABLE]: "kqueue" } });
  assertEquals(code, 1);
  assertStringIncludes(errors, `${VARIABLE} is "kqueue"`);
  for (const name of ["io_uring", "aio", "pool"]) assertStringIncludes(errors, `"${name}"`);
});

Deno.test("without permission to read the environment nothing is asked and the best is taken", async () => {
  const env = { [VARIABLE]: "kqueue" };
  const { code, output, errors } = await run(["name"], { env }, ["--allow-ffi"]);
  assertEquals({ code, errors }, { code: 0, errors: "" });
  assert(Object.values(values).includes(output), output);
});

Deno.test("without FFI permission the first wait throws NotCapable, and so does the second", async () => {
  const { code, errors } = await run(["name"], {}, []);
  assertEquals(code, 1);
  assertStringIncludes(errors, "NotCapable");
});

/** Run with system calls made to fail, as a container's profile does it. */
async function runWithout(
  calls: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  await using child = startProcess(needPeer("strace").command, {
    args: [
      ...["-f", "-o", "/dev/null", "-e", `trace=${calls}`],
      ...calls.flatMap((it) => ["-e", `inject=${it}:error=EPERM`]),
      ...[Deno.execPath(), "run", "--no-prompt", "--quiet", "--config", config],
      ...["--allow-ffi", `--allow-env=${VARIABLE}`, program.href, "name"],
    ],
    // Empty, it forces nothing, whatever the tests run with.
    env: { [VARIABLE]: "", ...env },
  });
  const output = (await child.readAll()).trim();
  return { code: (await child.status).code, output, errors: await child.stderr };
}

testWith("strace", "where io_uring is forbidden, asynchronous I/O is taken silently", async () => {
  assertEquals(await runWithout(["io_uring_setup"]), { code: 0, output: "aio", errors: "" });
  assertEquals(await runWithout(["io_uring_register"]), { code: 0, output: "aio", errors: "" });
  assertEquals(await runWithout(["io_uring_enter"]), { code: 0, output: "aio", errors: "" });
});

testWith("strace", "where both are forbidden, the pool is taken silently", async () => {
  const calls = ["io_uring_setup", "io_setup"];
  assertEquals(await runWithout(calls), { code: 0, output: "pool", errors: "" });
  calls[1] = "io_submit";
  assertEquals(await runWithout(calls), { code: 0, output: "pool", errors: "" });
});

testWith(
  "strace",
  "forcing a backend that is forbidden is an error that names the others",
  async () => {
    const { code, errors } = await runWithout(["io_uring_setup"], { [VARIABLE]: "io_uring" });
    assertEquals(code, 1);
    assertStringIncludes(errors, "EPERM");
    assertStringIncludes(errors, '"aio", "pool"');
  },
);

Deno.test("openers() throws for an unknown name, and returns all for an empty one", () => {
  assertThrows(() => openers("select"), Error, '"io_uring", "aio", "pool"');
  assertEquals(openers("").length, 3);
  assertEquals(openers("pool").length, 1);
});

Deno.test("backend() takes the next one silently, and fails with all reasons", () => {
  const broken = (reason: string) => (): never => {
    throw new Error(reason);
  };
  const reactor = reactorOf([broken("first"), broken("second"), ...openers("pool")]);
  assertEquals(reactor.backend(), "pool");
  reactor.dispose();
  const none = reactorOf([broken("first"), broken("second")]);
  assertThrows(() => none.backend(), Deno.errors.NotSupported, "first; second");
});

Deno.test("backend() passes NotCapable on and can be tried again", () => {
  let granted = false;
  const [pool] = openers("pool");
  const reactor = reactorOf([(sink) => {
    if (!granted || !pool) throw new Deno.errors.NotCapable("no");
    return pool(sink);
  }]);
  assertThrows(() => reactor.backend(), Deno.errors.NotCapable);
  granted = true;
  assertEquals(reactor.backend(), "pool");
  reactor.dispose();
});

Deno.test("mechanisms() turns off what a list of names leaves out", () => {
  assertEquals(mechanisms("yield"), { yielding: true, polling: false });
  assertEquals(mechanisms("yield poll"), { yielding: true, polling: true });
  assertEquals(mechanisms(""), { yielding: false, polling: false });
});
