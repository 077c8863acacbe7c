import { enter, type Entry } from "./entries.ts";
import { type Layout, startEntry } from "./launch.ts";
import type { Work } from "./types.ts";

/** Declares a work whose contenders are commanded processes. */
export function timedWork(
  parts: Omit<Work, "enter" | "chart"> & { layout: Layout; entries: readonly Entry[] },
): Work {
  const { layout, entries, ...work } = parts;
  return {
    ...work,
    chart: "bars",
    enter: (settings) =>
      enter(layout.program, entries, settings, (entered) => startEntry(layout, entered)),
  };
}

/** One entry for each peer, with no variant. */
export function plain(...names: string[]): Entry[] {
  return names.map((peer) => ({ peer }));
}
