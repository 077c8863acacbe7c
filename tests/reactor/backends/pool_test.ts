import { assert } from "@std/assert";
import { libc, replaceLibc } from "../../../ffi/libc.ts";
import { READABLE } from "../../../lib/reactor/types.ts";
import { backends, Pair, reactorOf, whyMissing } from "../backends.ts";
import { Station } from "../sink.ts";
import { noLeaks } from "../../util/descriptors.ts";
import { testUnless } from "../../util/peers.ts";

for (const name of ["pool", "pool with poll(2)"]) {
  const open = backends[name];
  if (open === undefined) throw new Error(`There is no backend "${name}"`);
  testUnless(
    whyMissing(name),
    `unref() yields to the thread that it has woken (${name})`,
    noLeaks(async () => {
      using pair = new Pair(reactorOf([]));
      using station = new Station(open);
      const { backend } = station;
      void station.wait(station.add(pair.fds[0]), READABLE);
      let yields = 0;
      const previous = replaceLibc(Object.create(libc(), {
        sched_yield: { value: () => (yields++, previous.sched_yield()) },
      }));
      try {
        // Now and then the thread is fast enough to need none.
        for (let round = 0; round < 100 && yields === 0; round++) {
          const { wakes } = station;
          backend.ref();
          do station.pollAll(); while (!backend.park());
          backend.unref();
          await station.woken(wakes);
        }
      } finally {
        replaceLibc(previous);
      }
      assert(yields > 0);
    }),
  );
}
