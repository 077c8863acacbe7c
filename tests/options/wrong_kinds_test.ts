/**
 * Every option and every plain value of every public function, of the wrong kind: refused, in words of this module,
 * before any system call: the functions of the C library that are asked for meanwhile are noted.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { type Anything, test } from "../util/cases.ts";
import { functionsWithOptions, isAsynchronous, propertiesOf } from "./api.ts";
import { type Kind, type Objects, objects, OPTIONS, RECORDS, VALUES } from "./calls.ts";

const object = { a: 1 };

/** Values that are not of a kind. */
const WRONG: Readonly<
  Record<Kind | "signal" | "array" | "record" | "address", readonly unknown[]>
> = {
  boolean: [1, 0, "yes", "", null, object, [true], NaN, 5n],
  number: ["1", "", null, true, object, [1], 5n, NaN, Infinity],
  "number | bigint": ["1", "", null, true, object, [1], NaN, Infinity],
  string: [5, null, true, object, ["x"], 5n],
  choice: ["x", "", 5, null, true, object, ["read"]],
  time: ["1", "", null, true, object, [1], 5n, NaN, Infinity],
  signal: [5, null, true, "x", object, new AbortController()],
  array: [5, "x", null, true, object],
  record: [5, "x", null, true],
  address: [5, null, true, object, [1]],
};

/** The values that are wrong for a type of `tests/api.txt`. */
function wrongFor(type: string): readonly unknown[] {
  if (type === 'boolean | "trigger"' || type === "boolean | readonly Seal[]") {
    return WRONG.boolean;
  }
  if (type in WRONG) return WRONG[type as Kind];
  if (type === "AbortSignal") return WRONG.signal;
  if (type === "Address" || type.startsWith("Address |")) return WRONG.address;
  if (/^(Uint8Array \| )?readonly /.test(type)) return WRONG.array;
  if (/^("\w+"( \| )?)+$|^SocketType$/.test(type)) return WRONG.choice;
  if (/^(\d( \| )?)+$/.test(type)) return [...WRONG.number, 3];
  if (/^(Credentials|TlsOptions|Readonly<Record.*)$/.test(type)) return WRONG.record;
  if (type.startsWith("(")) return WRONG.record;
  throw new Error(`Give values that are wrong for ${type}`);
}

type Call = (on: Objects, value: Anything) => unknown;

/** Notes which functions of the C library are used, until it is disposed. */
class SystemCalls implements Disposable {
  readonly names: string[] = [];
  readonly #real = libc();

  constructor() {
    replaceLibc(
      new Proxy(this.#real, {
        get: (functions, name) => {
          this.names.push(String(name));
          return Reflect.get(functions, name);
        },
      }),
    );
  }

  [Symbol.dispose](): void {
    replaceLibc(this.#real);
  }
}

/** What is wrong with how a call takes a value, if something is. */
async function flaw(
  call: Call,
  on: Objects,
  value: unknown,
  isAsync: boolean,
): Promise<string | undefined> {
  let error: unknown;
  let made: unknown;
  using calls = new SystemCalls();
  try {
    made = call(on, value);
    await made;
    return "is taken";
  } catch (thrown) {
    error = thrown;
  }
  if (isAsync && !(made instanceof Promise)) return "is thrown at once, not by the promise";
  if (calls.names.length > 0) return `ends with ${error} after ${calls.names}`;
  if (!(error instanceof TypeError) && !(error instanceof RangeError)) return `ends with ${error}`;
  const isOurs = /^Cannot .*(?:; |: )(?:give|use|a name is|a byte is|only datagram) /s.test(
    error.message,
  );
  return isOurs ? undefined : `is refused with ${error}`;
}

test("each option of the wrong kind is refused before any system call", async () => {
  using on = objects();
  Deno.env.set("NOTIFY_SOCKET", "@nobody");
  const flaws: string[] = [];
  const attempt = async (name: string, call: Call, value: unknown) => {
    const [, called = ""] = /^([\w.]+)/.exec(name) ?? [];
    const found = await flaw(call, on, value, isAsynchronous(called));
    if (found !== undefined) flaws.push(`${name}: ${Deno.inspect(value)} ${found}`);
  };

  const functions = functionsWithOptions();
  assertEquals([...functions.keys()].sort(), Object.keys(OPTIONS).sort());
  for (const [name, options] of functions) {
    for (const [key, type] of propertiesOf(options)) {
      for (const value of wrongFor(type)) {
        const call = OPTIONS[name];
        assert(call !== undefined);
        await attempt(`${name} ${key}`, (on, it) => call(on, { [key]: it }), value);
      }
    }
  }
  for (const [name, calls] of Object.entries(RECORDS)) {
    const properties = name === "SetRawOptions"
      ? new Map([["cbreak", "boolean"]])
      : propertiesOf(name);
    assert(properties.size > 0, name);
    for (const [key, type] of properties) {
      for (const value of wrongFor(type)) {
        for (const call of calls) {
          await attempt(`${name} ${key}`, (on, it) => call(on, { [key]: it }), value);
        }
      }
    }
  }
  for (const [name, kind, call] of VALUES) {
    for (const value of WRONG[kind]) await attempt(name, call, value);
  }
  assertEquals(flaws, []);
});

test("each number that is out of range is refused before any system call", async () => {
  using on = objects();
  Deno.env.set("NOTIFY_SOCKET", "@nobody");
  const flaws: string[] = [];
  const attempt = async (name: string, call: Call, key: string, isAsync: boolean) => {
    for (const value of [-1, 2 ** 53]) {
      // A C int may be negative: what it means is for the kernel to say.
      if (key === "flags" && value === -1) continue;
      const found = await flaw((on, it) => call(on, { [key]: it }), on, value, isAsync);
      if (found !== undefined) flaws.push(`${name} ${key}: ${value} ${found}`);
    }
  };
  for (const [name, options] of functionsWithOptions()) {
    for (const [key, type] of propertiesOf(options)) {
      const call = OPTIONS[name];
      if (type === "number" && call) await attempt(name, call, key, isAsynchronous(name));
    }
  }
  for (const [name, calls] of Object.entries(RECORDS)) {
    for (const [key, type] of propertiesOf(name)) {
      if (type !== "number") continue;
      for (const call of calls) await attempt(name, call, key, false);
    }
  }
  assertEquals(flaws, []);
});
