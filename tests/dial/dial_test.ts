// A process of its own, because other files register protocols, and these tests name all that there are.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  dial,
  type Dialer,
  dialUri,
  registerProtocol,
  UnknownProtocolError,
  UnknownServiceError,
} from "../../lib/dial/mod.ts";
import { SERVICES_PATH } from "../../lib/dial/services_file.ts";
import { noLeaks } from "../util/descriptors.ts";
import { listen } from "./util.ts";

Deno.test("dial() rejects for an unknown protocol and names those there are", async () => {
  using _other = registerProtocol("denet-other", () => Promise.reject(new Error("dialled")));
  for (const protocol of ["no-such", "", "tcp ", "constructor", "unix", "t\ncp"]) {
    const error = await assertRejects(() => dial(protocol, "x"), UnknownProtocolError);
    assertEquals(error.protocol, protocol);
    assertEquals(error.registered, ["tcp", "tls", "vsock", "denet-other"]);
    assertStringIncludes(error.message, '"tcp", "tls", "vsock", "denet-other"');
  }
});

Deno.test("dialUri() rejects for an unknown scheme or service", async () => {
  await assertRejects(() => dialUri("no-such-scheme://x"), UnknownProtocolError);
  await assertRejects(() => dialUri("tcp+no-such://127.0.0.1"), UnknownServiceError);
  await assertRejects(() => dialUri("tcp://127.0.0.1"), TypeError, "has no port");
  await assertRejects(() => dialUri("tcp://127.0.0.1:0"), RangeError);
});

Deno.test("dial() turns what a dialer throws into a rejection", async () => {
  const failure = new Error("thrown");
  using _protocol = registerProtocol("denet-test", () => {
    throw failure;
  });
  const { signal } = new AbortController();
  assertStrictEquals(await assertRejects(() => dial("denet-test", "x")), failure);
  assertStrictEquals(await assertRejects(() => dialUri("denet-test:x", { signal })), failure);
});

Deno.test("dial() with an aborted signal rejects with its reason and calls no dialer", async () => {
  let calls = 0;
  using _protocol = registerProtocol("denet-test", () => {
    calls++;
    return Promise.reject(new Error("dialled"));
  });
  for (const reason of [new Error("why"), "text", undefined]) {
    const signal = AbortSignal.abort(reason);
    const options = { signal };
    assertStrictEquals(
      await assertRejects(() => dial("denet-test", "x", "", options)),
      signal.reason,
    );
    assertStrictEquals(await assertRejects(() => dialUri("denet-test:x", options)), signal.reason);
    assertStrictEquals(
      await assertRejects(() => dial("tcp", "127.0.0.1:1", "", options)),
      signal.reason,
    );
  }
  assertEquals(calls, 0);
});

Deno.test(
  "dial() ends with the signal's reason although the dialer ignores it",
  noLeaks(async () => {
    using listener = listen();
    const release = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    using _protocol = registerProtocol("denet-test", async () => {
      await release.promise;
      const conn = await Deno.connect({ port: listener.port });
      const close = conn.close.bind(conn);
      conn.close = (): void => {
        close();
        closed.resolve();
      };
      return conn;
    });

    const controller = new AbortController();
    const promise = dial("denet-test", "x", "", { signal: controller.signal });
    const reason = new Error("why");
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => promise), reason);

    release.resolve();
    const accepted = await listener.accept();
    await closed.promise;
    assertEquals(await accepted.read(new Uint8Array(1)), null);
  }),
);

Deno.test(
  "dial() ends with the signal's reason when the dialer itself aborts it",
  noLeaks(async () => {
    using listener = listen();
    const controller = new AbortController();
    using _protocol = registerProtocol("denet-test", () => {
      controller.abort("inside");
      return Deno.connect({ port: listener.port });
    });
    const promise = dial("denet-test", "x", "", { signal: controller.signal });
    assertEquals(await assertRejects(() => promise), "inside");
    const accepted = await listener.accept();
    assertEquals(await accepted.read(new Uint8Array(1)), null);
  }),
);

Deno.test(
  "dial() over tcp ends with the signal's reason and leaves no connection",
  noLeaks(async () => {
    using listener = listen();
    for (let turns = 0; turns < 6; turns++) {
      const controller = new AbortController();
      const { signal } = controller;
      const promise = dial("tcp", "127.0.0.1", `${listener.port}`, { signal });
      promise.catch(() => {});
      for (let turn = 0; turn < turns; turn++) await new Promise((done) => setTimeout(done, 0));
      controller.abort(turns);
      // Whether the connection or the abort came first, nothing may stay open.
      try {
        (await promise).close();
      } catch (error) {
        assertStrictEquals(error, turns);
      }
    }
  }),
);

Deno.test(
  "dial() leaves an established connection alone when the signal aborts",
  noLeaks(async () => {
    using listener = listen();
    const controller = new AbortController();
    const { signal } = controller;
    using conn = await dial("tcp", "127.0.0.1", `${listener.port}`, { signal });
    controller.abort();
    const accepted = await listener.accept();
    await conn.write(new Uint8Array([7]));
    const buffer = new Uint8Array(1);
    assertEquals(await accepted.read(buffer), 1);
    assertEquals(buffer[0], 7);
  }),
);

Deno.test(
  "dial() keeps no listener on a signal that outlives it",
  noLeaks(async () => {
    using listener = listen();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (
      ...args: Parameters<typeof add>
    ): void => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => (
      listeners--, remove(...args)
    );
    using _protocol = registerProtocol("denet-test", () => Deno.connect({ port: listener.port }));
    using _conn = await dial("denet-test", "x", "", { signal });
    await assertRejects(() => dial("tcp", "127.0.0.1", "no-such-service", { signal }));
    await new Promise((done) => setTimeout(done, 0));
    assertEquals(listeners, 0);
  }),
);

Deno.test(
  "dial() finishes although its protocol is disposed meanwhile",
  noLeaks(async () => {
    using listener = listen();
    const release = Promise.withResolvers<void>();
    const dialer: Dialer = async () => {
      await release.promise;
      return await Deno.connect({ port: listener.port });
    };
    const protocol = registerProtocol("denet-test", dialer);
    const promise = dial("denet-test", "x");
    protocol[Symbol.dispose]();
    release.resolve();
    (await promise).close();
  }),
);

/** Run the lookups of `no_permission.ts` and return what it prints. */
async function runLookups(
  permissions: string[],
  ...args: string[]
): Promise<Record<string, unknown>> {
  const script = new URL("./no_permission.ts", import.meta.url);
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--config", config, ...permissions, script.href, ...args],
    stdin: "null",
  }).output();
  const errors = new TextDecoder().decode(stderr);
  assert(success, errors);
  assertEquals(errors, "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("lookupService() without permission reads nothing, asks nothing and knows the registry", async () => {
  const lookups = await runLookups([]);
  assertEquals(lookups.registered, 443);
  assertEquals(lookups.number, 8080);
  assertEquals(lookups.fromFile, null);
  assertEquals(lookups.reads, []);
  assertStringIncludes(`${lookups.unknownService}`, "without permission to read");
  assertStringIncludes(`${lookups.unknownProtocol}`, "without permission to read");
});

Deno.test("lookupService() reads the services file where it is permitted, and nothing else", async () => {
  const lookups = await runLookups([`--allow-read=${SERVICES_PATH}`]);
  assertEquals(lookups.registered, 443);
  const reads = lookups.reads as string[];
  assert(reads.length > 0 && reads.every((path) => path === SERVICES_PATH));
});

Deno.test("dial() needs no more than its dialer needs", async () => {
  using listener = listen();
  const lookups = await runLookups([`--allow-net=127.0.0.1:${listener.port}`], `${listener.port}`);
  assertEquals(lookups.reads, []);
});

Deno.test("dial() and dialUri() refuse options that are no object, and say what they were", async () => {
  for (const [options, shown] of [[null, "null"], ["fast", '"fast"'], [1, "1"]] as const) {
    for (
      const use of [
        () => dial("tcp", "x", "1", options as never),
        () => dialUri("tcp://x:1", options as never),
      ]
    ) {
      await assertRejects(use, TypeError, `Cannot dial with ${shown} as options`);
    }
  }
});

Deno.test("dial() closes a connection that comes after the abort, even if closing throws", async () => {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Deno.Conn>();
  using _late = registerProtocol("denet-late", () => promise);
  const pending = dial("denet-late", "a", "", { signal: controller.signal });
  controller.abort(new Error("early"));
  await assertRejects(() => pending, Error, "early");
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  resolve({
    close(): void {
      close();
      throw new Error("it is closed already");
    },
  } as Deno.Conn);
  await closed;
});
