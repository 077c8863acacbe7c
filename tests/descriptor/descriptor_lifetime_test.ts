import { assertEquals } from "@std/assert";
import { lifetime } from "../util/lifetime.ts";

const MODULE = JSON.stringify(
  new URL("../../lib/descriptor/descriptor.ts", import.meta.url).href,
);

for (const order of ["before", "after"]) {
  Deno.test(`unref() ${order} delay() lets the program end, and ref() keeps it`, async () => {
    const program = (last: string): string => `
      const { Descriptor } = await import(${MODULE});
      const descriptor = new Descriptor(OwnedFd.eventfd().detach(), "Test");
      if (${order === "before"}) descriptor.unref();
      descriptor.delay(100).then(() => console.log("passed"));
      if (${order === "after"}) descriptor.unref();
      ${last}`;
    assertEquals(await lifetime(program("")), "");
    assertEquals(await lifetime(program("descriptor.ref();")), "passed\n");
  });
}
