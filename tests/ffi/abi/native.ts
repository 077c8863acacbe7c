/**
 * The crate of `ffi/abi`, built and opened: what this platform says about constants and structs.
 *
 * @module
 */

import { peer, peersRequired, testUnless } from "../../util/peers.ts";

const CRATE = new URL("../../../ffi/abi/", import.meta.url);
const BINDINGS = new URL("bindings/mod.ts", CRATE);

/** The sources: the `libc` crate, the platform's headers, a newer kernel's headers. */
export const WITNESSES = ["libc crate", "headers", "linux-raw-sys crate"] as const;

/** The number of a witness in {@linkcode WITNESSES}. */
export type Witness = 0 | 1 | 2;

/** The witnesses that know structs. */
export const STRUCT_WITNESSES: readonly Witness[] = [0, 1];

/** One field as the platform has it. */
export interface NativeField {
  readonly name: string;
  /** Its number in the crate's list: where {@linkcode Native.image} takes its value from. */
  readonly index: number;
  readonly offset: number;
  readonly width: number;
}

/** One struct as the platform has it. */
export interface NativeStruct {
  readonly size: number;
  readonly fields: readonly NativeField[];
}

/** What `deno_bindgen` generates from `ffi/abi/src/lib.rs`. */
interface Bindings {
  load(path?: string): void;
  abi_constant(witness: number, name: Uint8Array): number;
  abi_constant_name(index: number, out: Uint8Array): number;
  abi_type(witness: number, name: Uint8Array): number;
  abi_size(witness: number, name: Uint8Array): number;
  abi_field_name(witness: number, name: Uint8Array, index: number, out: Uint8Array): number;
  abi_field_offset(witness: number, name: Uint8Array, index: number): number;
  abi_field_width(witness: number, name: Uint8Array, index: number): number;
  abi_image(witness: number, name: Uint8Array, values: Uint8Array, out: Uint8Array): number;
  abi_cmsg_align(witness: number, length: number): number;
  abi_cmsg_len(witness: number, length: number): number;
  abi_cmsg_space(witness: number, length: number): number;
  abi_control(fds: Uint8Array, extra: number, kind: number, out: Uint8Array): number;
  abi_sockaddr(path: Uint8Array, out: Uint8Array): number;
}

const MOST_FIELDS = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytesOf(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(new BigInt64Array(values).buffer);
}

/** The platform's own word. */
export class Native {
  readonly #bindings: Bindings;
  readonly #out = new Uint8Array(4096);

  /** Answer with the functions of a loaded library, which is at `library`. */
  constructor(bindings: Bindings, readonly library: string) {
    this.#bindings = bindings;
  }

  /** The value of a constant, `undefined` where the witness does not know it. */
  constant(witness: Witness, name: string): number | undefined {
    const value = this.#bindings.abi_constant(witness, encoder.encode(name));
    return Number.isNaN(value) ? undefined : value;
  }

  /** The names of all constants the crate asks for. */
  *constantNames(): Generator<string> {
    for (let index = 0;; index++) {
      const length = this.#bindings.abi_constant_name(index, this.#out);
      if (length < 0) return;
      yield decoder.decode(this.#out.subarray(0, length));
    }
  }

  /** The size of a C type in bytes, negative for a signed one, `undefined` for an unknown one. */
  type(witness: Witness, name: string): number | undefined {
    return this.#bindings.abi_type(witness, encoder.encode(name)) || undefined;
  }

  /** A struct, `undefined` where the witness does not know it. */
  struct(witness: Witness, name: string): NativeStruct | undefined {
    const bytes = encoder.encode(name);
    const size = this.#bindings.abi_size(witness, bytes);
    if (size < 0) return undefined;
    const fields: NativeField[] = [];
    for (let index = 0; index < MOST_FIELDS; index++) {
      const length = this.#bindings.abi_field_name(witness, bytes, index, this.#out);
      if (length < 0) continue;
      fields.push({
        name: decoder.decode(this.#out.subarray(0, length)),
        index,
        offset: this.#bindings.abi_field_offset(witness, bytes, index),
        width: this.#bindings.abi_field_width(witness, bytes, index),
      });
    }
    return { size, fields };
  }

  /** The bytes of a struct whose fields native code has set, by number, `undefined` if unknown. */
  image(
    witness: Witness,
    name: string,
    values: ReadonlyMap<number, bigint>,
  ): Uint8Array | undefined {
    const all = Array.from({ length: MOST_FIELDS }, (_, index) => values.get(index) ?? 0n);
    const bytes = encoder.encode(name);
    const length = this.#bindings.abi_image(witness, bytes, bytesOf(all), this.#out);
    return length < 0 ? undefined : this.#out.slice(0, length);
  }

  /** CMSG_ALIGN, CMSG_LEN and CMSG_SPACE of a length. */
  cmsg(witness: Witness, length: number): { align: number; len: number; space: number } {
    return {
      align: this.#bindings.abi_cmsg_align(witness, length),
      len: this.#bindings.abi_cmsg_len(witness, length),
      space: this.#bindings.abi_cmsg_space(witness, length),
    };
  }

  /** A control buffer with SCM_RIGHTS and, if `extra` > 0, an item of `extra` bytes 1, 2, 3, … */
  control(fds: readonly number[], extra: number, type: number): Uint8Array {
    const length = this.#bindings.abi_control(bytesOf(fds.map(BigInt)), extra, type, this.#out);
    if (length < 0) throw new RangeError(`Cannot write a control buffer of ${fds.length} files`);
    return this.#out.slice(0, length);
  }

  /** A `sockaddr_un` for a name of at least one byte, as long as its address length says. */
  sockaddr(name: Uint8Array): Uint8Array {
    const length = this.#bindings.abi_sockaddr(name, this.#out);
    if (length < 0) throw new RangeError(`Cannot write a name of ${name.byteLength} bytes`);
    return this.#out.slice(0, length);
  }
}

/** Run cargo, or what it built, in the crate's directory. */
function cargo(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): { success: boolean; text: string } {
  const { success, stderr } = new Deno.Command(command, {
    args: [...args],
    cwd: CRATE,
    env,
    stdin: "null",
  }).outputSync();
  return { success, text: decoder.decode(stderr) };
}

const SUFFIX = { darwin: "dylib", linux: "so" } as Record<string, string>;
const BUILD = ["build", "--release", "--locked", "--offline"];

/**
 * Build the crate and the bindings for this machine, and return the library's path: or, in an object, the
 * reason why that cannot be done here: no cargo, no compiler, or no way to get the crates.
 */
function build(): string | { reason: string } {
  const found = peer("cargo");
  if (!found || !peer("cc")) return { reason: "cargo or a C compiler is not installed" };
  const fetched = cargo(found.command, ["fetch", "--locked"]);
  if (!fetched.success) return { reason: `cargo cannot fetch the crates: ${fetched.text.trim()}` };
  const built = cargo(found.command, BUILD);
  if (!built.success) throw new Error(`Cannot build "ffi/abi":\n${built.text}`);

  const release = new URL("target/release/", CRATE);
  const library = new URL(`libabi.${SUFFIX[Deno.build.os]}`, release).pathname;
  Deno.mkdirSync(new URL(".", BINDINGS), { recursive: true });
  const bindings = new URL("bindings", release).pathname;
  // Another test file may be reading them.
  const partial = `${BINDINGS.pathname}.${Deno.pid}`;
  const generated = cargo(bindings, [partial, library]);
  if (!generated.success) throw new Error(`Cannot generate bindings:\n${generated.text}`);
  Deno.renameSync(partial, BINDINGS);
  return library;
}

/** Build the library for another target with the C compiler `cc`, and return its path. */
export function crossBuild(target: string, cc: string): string {
  const here = build();
  if (typeof here !== "string") throw new Error(`Cannot build "ffi/abi": ${here.reason}`);
  const variable = target.replaceAll("-", "_");
  const built = cargo("cargo", [...BUILD, "--lib", `--target=${target}`], {
    [`CC_${variable}`]: cc,
    [`CARGO_TARGET_${variable.toUpperCase()}_LINKER`]: cc,
  });
  if (!built.success) throw new Error(`Cannot build "ffi/abi" for ${target}:\n${built.text}`);
  return new URL(`target/${target}/release/libabi.so`, CRATE).pathname;
}

/**
 * Build the crate and open it; returns the reason instead where that cannot be done here.
 *
 * `DENET_ABI_LIBRARY` names a library that was built elsewhere, after its bindings: an arm64 one, to be
 * opened by an emulated Deno.
 */
export async function openNative(): Promise<Native | string> {
  const prebuilt = Deno.env.get("DENET_ABI_LIBRARY");
  if (prebuilt) return await open(prebuilt);
  if (!(Deno.build.os in SUFFIX)) return `there is no table for ${Deno.build.os}`;
  const library = build();
  return typeof library === "string" ? await open(library) : library.reason;
}

async function open(library: string): Promise<Native> {
  const bindings: Bindings = await import(BINDINGS.href);
  bindings.load(library);
  return new Native(bindings, library);
}

/**
 * Register a test that needs something which can be installed. With a `missing` reason it is ignored, and
 * its name says why; where everything is required it fails.
 */
export function testNeeding(
  missing: string | undefined,
  name: string,
  fn: () => void | Promise<void>,
): void {
  if (missing === undefined || !peersRequired()) return testUnless(missing, name, fn);
  Deno.test(name, () => {
    throw new Error(`Cannot run the test, install what is missing: ${missing}`);
  });
}

/** Register a test that asks the platform, or tell why that cannot be. */
export function testNative(
  native: Native | string,
  name: string,
  fn: (native: Native) => void | Promise<void>,
): void {
  if (typeof native === "string") testNeeding(native, name, () => {});
  else Deno.test(name, () => fn(native));
}
