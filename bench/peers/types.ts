/** How to start the programs of one peer, once it is built. */
export interface Program {
  /** Takes the work's name, the role, a socket path and the variant as further arguments. */
  command: readonly string[];
  version: string;
}

/** A language or runtime that takes part. */
export interface Peer {
  id: string;
  label: string;
  /** Works it has no means for, with the reason. */
  cannot: Readonly<Record<string, string>>;
  /** Builds or installs the programs; throws {@linkcode Unable} where the toolchain is missing. */
  prepare(): Promise<Program>;
}
