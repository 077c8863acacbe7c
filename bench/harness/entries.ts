import { peers, prepare } from "../peers/mod.ts";
import type { Peer, Program } from "../peers/types.ts";
import { type Absence, type Contender, type Runner, type Settings, Unable } from "./types.ts";

/** A peer's entry in a work; several variants of one peer may enter. */
export interface Entry {
  peer: string;
  /** Passed to the program; also part of the row's identifier. */
  variant?: string;
  /** Added to the peer's label. */
  note?: string;
  /** How many processes compute beside this entry alone. */
  beside?: number;
  /** Environment of the processes. */
  env?: Record<string, string>;
}

/** What a starter gets to start an entry's processes. */
export interface Entered {
  entry: Entry;
  program: Program;
  settings: Settings;
}

/** Prepares the entries' peers; those that are not able to take part are listed with the reason. */
export async function enter(
  program: string,
  entries: readonly Entry[],
  settings: Settings,
  start: (entered: Entered) => Promise<Runner>,
): Promise<{ contenders: Contender[]; absent: Absence[] }> {
  const contenders: Contender[] = [];
  const absent: Absence[] = [];
  for (const entry of withForced(entries, settings)) {
    const peer = peers.get(entry.peer);
    if (!peer) throw new TypeError(`No peer has the name "${entry.peer}"`);
    if (settings.only.length > 0 && !settings.only.includes(peer.id)) continue;
    const name = { id: identifier(entry), label: label(peer, entry) };
    try {
      const built = await prepareFor(peer, program);
      const entered = { entry, program: built, settings };
      contenders.push({ ...name, version: built.version, start: () => start(entered) });
    } catch (error) {
      if (!(error instanceof Unable)) throw error;
      absent.push({ ...name, kind: error.kind, reason: error.message });
    }
  }
  return { contenders, absent };
}

async function prepareFor(peer: Peer, program: string): Promise<Program> {
  const reason = peer.cannot[program];
  if (reason !== undefined) throw new Unable("cannot", reason);
  return await prepare(peer);
}

function identifier({ peer, variant }: Entry): string {
  return variant === undefined ? peer : `${peer}:${variant}`;
}

function label(peer: Peer, { note }: Entry): string {
  return note === undefined ? peer.label : `${peer.label} (${note})`;
}

// The module picks a backend and what it tries before it sleeps by itself; options add a row for each one given.
function withForced(entries: readonly Entry[], settings: Settings): Entry[] {
  const own = entries.filter(({ peer, variant, beside }) =>
    peer === "module" && (variant === undefined || beside !== undefined)
  );
  const forced = own.flatMap((entry) => [
    ...settings.reactors.map((name) => forcedBy(entry, "DENET_UNIX_REACTOR", name)),
    ...settings.idle.map((name) => forcedBy(entry, "DENET_UNIX_IDLE", name)),
  ]);
  return [...entries, ...forced];
}

function forcedBy(entry: Entry, variable: string, name: string): Entry {
  const { variant, note } = entry;
  return {
    ...entry,
    variant: variant === undefined ? name : `${variant}:${name}`,
    note: note === undefined ? name : `${note}, ${name}`,
    env: { [variable]: name },
  };
}
