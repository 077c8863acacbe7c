import { assertEquals } from "@std/assert";
import { lifetime } from "../util/lifetime.ts";
import { testUnless } from "../util/peers.ts";

const MODULE = JSON.stringify(
  new URL("../../lib/descriptor/descriptor.ts", import.meta.url).href,
);
const LIBC = JSON.stringify(new URL("../../ffi/libc.ts", import.meta.url).href);

for (const order of ["before", "after"]) {
  Deno.test(`unref() ${order} delay() lets the program end, and ref() keeps it`, async () => {
    const program = (milliseconds: number, last: string): string => `
      const { Descriptor } = await import(${MODULE});
      const descriptor = new Descriptor(OwnedFd.eventfd().detach(), "Test");
      if (${order === "before"}) descriptor.unref();
      descriptor.delay(${milliseconds}).then(() => console.log("passed"));
      if (${order === "after"}) descriptor.unref();
      ${last}`;
    // Longer than a busy machine takes to end a program.
    assertEquals(await lifetime(program(15_000, "")), "");
    assertEquals(await lifetime(program(100, "descriptor.ref();")), "passed\n");
  });
}

for (const order of ["before", "after"]) {
  testUnless(
    Deno.build.os === "linux" ? undefined : "there is no epoll",
    `a wait polls busily where busyPoll was set ${order} the first one`,
    async () => {
      // A wait for space polls two or three times before it sleeps, and once more for each millisecond of busyPoll.
      const program = `
        const { libc, replaceLibc } = await import(${LIBC});
        const c = libc();
        let polls = 0;
        const counting = (...given) => (polls++, c.epoll_wait(...given));
        replaceLibc(Object.create(c, { epoll_wait: { value: counting } }));
        const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
        const [a, b] = unix.socketpair();
        const fill = () => {
          try {
            for (;;) a.writeSync(new Uint8Array(4096), { timeout: 0 });
          } catch {}
        };
        if (${order === "before"}) a.busyPoll = 50_000;
        else {
          fill();
          const first = a.write(new Uint8Array(1));
          await turn();
          while (b.bytesAvailable > 0) b.readSync(new Uint8Array(65536));
          await first;
          a.busyPoll = 50_000;
        }
        fill();
        polls = 0;
        a.write(new Uint8Array(1)).catch(() => {});
        while (polls < 40) await turn();
        console.log("polled");
        a.close();`;
      assertEquals(await lifetime(program, { env: { DENET_UNIX_REACTOR: "pool" } }), "polled\n");
    },
  );
}
