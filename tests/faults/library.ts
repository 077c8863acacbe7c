/**
 * The C library with faults, put in force below the module: `tests/peers/faults.c`. Only the calls of
 * this module go through it, none of Deno's own.
 *
 * @module
 */

import { type Libc, replaceLibc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { symbols } from "../../ffi/symbols.ts";
import { compileC } from "../util/cc.ts";

/** A call that was made: the C function, and what it worked on where that is known. */
export interface Call {
  readonly call: string;
  /** A path, the number of an option, or the numbers of a command and its argument with a space between. */
  readonly subject: string;
}

/** One fault: which call fails, and how. */
export interface Fault {
  /** The C function. */
  readonly call: string;
  /** From which of its calls on, counted from 1. The default is 1. */
  readonly when?: number;
  /** How many calls in a row. The default is 1. */
  readonly times?: number;
  /** The name of the error number, or how many bytes the call transfers at most. */
  readonly error: string | number;
}

// struct control in faults.c, in words
const [CALL, WHEN, TIMES, ERROR, INJECTED, TRACED, COUNTS] = [0, 1, 2, 3, 4, 5, 6];

/** How many bytes faults.c has for the trace. */
const TRACE_SIZE = 1 << 16;

/** The faulty C library, in force until it is disposed. */
export class FaultyLibrary implements Disposable {
  /** The functions that can fail. */
  readonly calls: readonly string[];
  readonly #control: Int32Array;
  readonly #trace: Uint8Array;
  readonly #previous: Libc;

  /** Compile it and put it in force. */
  static async open(): Promise<FaultyLibrary> {
    return new FaultyLibrary(await compileC("faults", { shared: true, flags: ["-pthread"] }));
  }

  private constructor(path: string) {
    const entries = Object.entries(symbols).map(([key, symbol]) => {
      const name = "name" in symbol ? symbol.name : key;
      return [key, { ...symbol, name: `fault_${name}` }];
    });
    const functions = Deno.dlopen(path, Object.fromEntries(entries) as typeof symbols).symbols;
    const control = Deno.dlopen(path, {
      fault_names: { parameters: [], result: "pointer" },
      fault_control: { parameters: [], result: "pointer" },
      fault_trace: { parameters: [], result: "pointer" },
    }).symbols;
    const names = viewOf(control.fault_names());
    this.calls = names.getCString().trim().split(" ");
    const size = (COUNTS + this.calls.length) * 4;
    this.#control = new Int32Array(viewOf(control.fault_control()).getArrayBuffer(size));
    this.#trace = new Uint8Array(viewOf(control.fault_trace()).getArrayBuffer(TRACE_SIZE));
    this.#previous = replaceLibc(functions);
  }

  /** Have a call fail. All counts start anew. */
  inject(fault: Fault): void {
    this.reset();
    const { when = 1, times = 1, error } = fault;
    this.#control[WHEN] = when;
    this.#control[TIMES] = times;
    this.#control[ERROR] = typeof error === "number" ? -error : errorNumber(error);
    this.#control[CALL] = this.#index(fault.call);
  }

  /** Have nothing fail, and count anew. */
  reset(): void {
    this.#control[CALL] = -1;
    this.#control.fill(0, INJECTED);
  }

  /** Have nothing fail any more; the counts stay. */
  clear(): void {
    this.#control[CALL] = -1;
  }

  /** The number of faults since the last reset. */
  get injected(): number {
    return this.#control[INJECTED] ?? 0;
  }

  /** How often the module made a call since the last reset. */
  count(call: string): number {
    return this.#control[COUNTS + this.#index(call)] ?? 0;
  }

  /** All calls since the last reset, in order. */
  trace(): Call[] {
    const length = this.#control[TRACED] ?? 0;
    if (length > TRACE_SIZE) throw new Error("There are more calls than the trace can hold");
    const lines = new TextDecoder().decode(this.#trace.slice(0, length)).split("\n").slice(0, -1);
    return lines.map((it) => {
      const space = it.indexOf(" ");
      return { call: it.slice(0, space), subject: it.slice(space + 1) };
    });
  }

  #index(call: string): number {
    const index = this.calls.indexOf(call);
    if (index < 0) throw new Error(`There is no call "${call}" to fail`);
    return index;
  }

  /** Put the true C library in force again. */
  [Symbol.dispose](): void {
    this.clear();
    replaceLibc(this.#previous);
  }
}

function viewOf(pointer: Deno.PointerValue): Deno.UnsafePointerView {
  if (pointer === null) throw new Error("The library has no control block");
  return new Deno.UnsafePointerView(pointer);
}

/** Return the number for the name of an error. */
export function errorNumber(name: string): number {
  const number = platform.errnoNames.indexOf(name === "EWOULDBLOCK" ? "EAGAIN" : name);
  if (number > 0) return number;
  throw new Error(`There is no error "${name}"`);
}
