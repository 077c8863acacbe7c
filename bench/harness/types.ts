/** What one round of one contender gave, each figure per operation. */
export interface Sample {
  /** Nanoseconds (or, for works that do not measure time, the work's own quantity). */
  value: number;
  /** Nanoseconds of processor time, user and system, of every process involved. */
  cpu?: number;
}

/** A started contender, ready to be measured round by round. */
export interface Runner extends AsyncDisposable {
  round(): Promise<Sample>;
}

/** One row of a work: the program that does it, and how to start it. */
export interface Contender {
  id: string;
  label: string;
  version?: string;
  start(): Promise<Runner>;
}

/** A row that stays empty, with the reason. */
export interface Absence {
  id: string;
  label: string;
  kind: "cannot" | "missing" | "failed";
  reason: string;
}

/** How a sample's value is shown, and which direction is good. */
export interface Measure {
  unit: string;
  better: "lower" | "higher";
  /** From a sample's value to the shown unit. */
  show(value: number): number;
}

/** A figure to reach, against another contender of the same run. */
export interface Target {
  subject: string;
  against: string;
  /**
   * `ratio`: subject ÷ against in the shown unit; `difference`: subject − against; `slowest`: the greatest round
   * of the subject ÷ that of the other.
   */
  by: "ratio" | "difference" | "slowest";
  atMost?: number;
  atLeast?: number;
}

/** What every work needs to know of the command line. */
export interface Settings {
  rounds: number;
  /** Length to aim at for one round, in nanoseconds. */
  roundTime: number;
  quick: boolean;
  /** Backends of the module to add as rows of their own. */
  reactors: readonly string[];
  /** What the module tries before it sleeps, to add as rows of their own. */
  idle: readonly string[];
  /** How many processes compute beside. */
  beside: number;
  /** Identifiers of the peers to start; empty for all. */
  only: readonly string[];
}

/** A kind of work, with all programs that do it. */
export interface Work {
  name: string;
  title: string;
  measure: Measure;
  baseline: string;
  targets: readonly Target[];
  /** How the rows are drawn; a curve reads its abscissa from the `@n` at the end of each id. */
  chart: "bars" | "curve";
  /** Factor on the number of rounds, for works whose rounds are short and noisy. */
  roundsFactor?: number;
  /** Start all processes anew for each round: they differ from one to the next, not within one. */
  startsAnew?: boolean;
  enter(settings: Settings): Promise<{ contenders: Contender[]; absent: Absence[] }>;
}

/** Thrown by a contender that is not able to take part. */
export class Unable extends Error {
  override name = "Unable";
  readonly kind: Absence["kind"];

  constructor(kind: Absence["kind"], reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** A drawn part of a chart, with the height it takes. */
export interface Drawing {
  markup: string;
  height: number;
}
