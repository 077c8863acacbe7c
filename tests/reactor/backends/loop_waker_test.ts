import { assertEquals, assertThrows } from "@std/assert";
import { nodeProcess } from "../../../lib/event_loop.ts";
import { LoopWaker } from "../../../lib/reactor/backends/loop_waker.ts";
import { linuxTest } from "../../util/cases.ts";
import { changes, listDescriptors } from "../../util/descriptors.ts";

linuxTest("LoopWaker throws where Deno's event loop takes no descriptors, and leaves none", () => {
  const process = nodeProcess() as { binding: unknown };
  const { binding } = process;
  const refusing = class {
    open(): number {
      return -22;
    }
    close(): void {}
  };
  const bindings = { Pipe: refusing, constants: { SOCKET: 0 } };
  const before = listDescriptors();
  try {
    for (
      const [replaced, why] of [[() => undefined, "no descriptors"], [
        () => bindings,
        "an eventfd",
      ]] as const
    ) {
      process.binding = replaced;
      assertThrows(() => new LoopWaker(() => {}), Deno.errors.NotSupported, why);
      assertEquals(changes(before, listDescriptors()), []);
    }
  } finally {
    process.binding = binding;
  }
});
