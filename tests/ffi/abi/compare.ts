/**
 * Comparing a platform table with what the platform says. Everything in the table needs an answer: an
 * entry that no source confirms is a difference too.
 *
 * @module
 */

import { type Field, MISSING, type Platform } from "../../../ffi/platform/mod.ts";
import {
  type Native,
  type NativeStruct,
  STRUCT_WITNESSES,
  type Witness,
  WITNESSES,
} from "./native.ts";

/** Numbers in a table that are no constants of the headers; each has a test of its own. */
export const OWN_NUMBERS: ReadonlySet<string> = new Set(["cmsgAlignment"]);

/** Properties of a system that no header states; each has a test that tries them out. */
const OWN_BOOLEANS: ReadonlySet<string> = new Set([
  "supported",
  "variadicOnStack",
  "sockaddrHasLength",
  "abstractNames",
  "procSelfFd",
  "fullQueueIsNobufs",
  "reportsFullLength",
]);

/** Structs whose fields have names of their own, or that are no structs at all; likewise. */
const OWN_OBJECTS: ReadonlySet<string> = new Set(["stat", "libc", "errnoNames"]);

/** Flags that a table leaves out although newer headers have them; the table says why. */
export const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  darwin: ["MSG_NOSIGNAL", "SO_TIMESTAMP"],
};

/** Constants that no public header defines, and the test that shows the kernel means just them. */
export const BY_BEHAVIOUR: Readonly<Record<string, string>> = {
  SCM_PIDFD: "SO_PASSPIDFD has the kernel attach an item of type SCM_PIDFD",
};

/** Any struct of a table: its size, and fields by name. */
export type AnyStruct = Readonly<Record<string, number | Field>> & { readonly size: number };

const HINT = " (is it in ffi/abi/names?)";

const ALL: readonly Witness[] = [0, 1, 2];

function leftOut(table: Pick<Platform, "name">, name: string): boolean {
  const system = table.name.split("-", 1)[0] ?? "";
  return LEFT_OUT[system]?.includes(name) ?? false;
}

/** Compare one constant with every witness. */
export function compareConstant(
  native: Native,
  table: Pick<Platform, "name">,
  name: string,
  value: number,
): string[] {
  const answers = ALL.map((witness) => native.constant(witness, name));
  const differences: string[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer === undefined || answer === value || leftOut(table, name)) continue;
    // -1 and 0 in a table both say "there is none".
    differences.push(`${name} is ${value} in the table and ${answer} in the ${WITNESSES[index]}`);
  }
  const known = answers.some((answer) => answer !== undefined);
  if (!known && value !== MISSING && value !== 0 && !(name in BY_BEHAVIOUR)) {
    differences.push(`${name} is ${value} in the table and no source confirms it${HINT}`);
  }
  return differences;
}

function compareFields(name: string, ours: AnyStruct, theirs: NativeStruct, by: string): string[] {
  const differences: string[] = [];
  if (ours.size !== theirs.size) {
    differences.push(
      `struct ${name} has ${ours.size} bytes in the table and ${theirs.size} in the ${by}`,
    );
  }
  for (const field of theirs.fields) {
    const mine = ours[field.name];
    if (typeof mine !== "object" || (mine[0] === field.offset && mine[1] === field.width)) continue;
    const there = `[${field.offset}, ${field.width}]`;
    differences.push(
      `${name}.${field.name} is [${mine.join(", ")}] in the table and ${there} in the ${by}`,
    );
  }
  return differences;
}

/** Compare one struct with every witness. */
export function compareStruct(native: Native, name: string, ours: AnyStruct): string[] {
  const differences: string[] = [];
  const vouched = new Set<string>(["size"]);
  const isAbsent = STRUCT_WITNESSES.every((witness) => native.struct(witness, name) === undefined);
  if (isAbsent && ours.size === 0) return [];
  for (const witness of STRUCT_WITNESSES) {
    const theirs = native.struct(witness, name);
    if (theirs === undefined) continue;
    differences.push(...compareFields(name, ours, theirs, WITNESSES[witness]));
    for (const field of theirs.fields) vouched.add(field.name);
  }
  if (vouched.size === 1) {
    return [`struct ${name} is in the table and no source confirms it${HINT}`];
  }
  for (const field of Object.keys(ours)) {
    if (!vouched.has(field)) {
      differences.push(`${name}.${field} is in the table and no source confirms it${HINT}`);
    }
  }
  return differences;
}

function isStruct(value: unknown): value is AnyStruct {
  return typeof value === "object" && value !== null && "size" in value;
}

/** Compare all constants and structs of a table with the platform; one line per difference. */
export function compareTable(native: Native, table: Platform): string[] {
  const differences: string[] = [];
  for (const [name, value] of Object.entries(table)) {
    if (OWN_NUMBERS.has(name) || OWN_OBJECTS.has(name)) continue;
    if (OWN_BOOLEANS.has(name) || name === "name") continue;
    if (typeof value === "number") differences.push(...compareConstant(native, table, name, value));
    else if (isStruct(value)) differences.push(...compareStruct(native, name, value));
    else if (value !== null) {
      differences.push(`${name} is in the table and no check knows its kind`);
    }
  }
  return differences;
}

/** Compare the names of error numbers; a hole in the numbering is `E` and the number. */
export function compareErrnoNames(native: Native, names: readonly string[]): string[] {
  const differences: string[] = [];
  for (const [number, name] of names.entries()) {
    if (number === 0 || name === `E${number}`) continue;
    const answers = ([0, 1] as const).map((witness) => native.constant(witness, name));
    if (answers.every((answer) => answer === undefined)) {
      differences.push(`${name} is ${number} in the table and no source confirms it${HINT}`);
    } else if (answers.some((answer) => answer !== undefined && answer !== number)) {
      differences.push(`${name} is ${number} in the table and ${answers.join(" or ")} elsewhere`);
    }
  }
  return differences;
}

/** A constant that stands in a file of its own accord, beside the call it is for. */
interface Beside {
  readonly file: string;
  readonly name: string;
  readonly value: number;
}

/** Find `const NAME = 1 | 0x2;` in the text of a file. */
function constantsIn(file: string, text: string): Beside[] {
  const found = text.matchAll(
    /^(?:export )?const ([A-Z][A-Z0-9_]+)(?:: number)? = ([-\da-fA-FxobX_| <]+);/gm,
  );
  return [...found].map(([, name = "", expression = ""]) => ({
    file,
    name,
    value: evaluate(expression),
  }));
}

/** Numbers joined by `|`, each perhaps shifted. */
function evaluate(expression: string): number {
  return expression.split("|").reduce((sum, term) => {
    const [number = 0, shift = 0] = term.split("<<").map((it) =>
      Number(it.trim().replaceAll("_", ""))
    );
    return sum + number * 2 ** shift;
  }, 0);
}

/** All constants of the files below a directory that stand beside the calls they are for. */
export function constantsBelow(directory: URL): Beside[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return name === "abi" ? [] : constantsBelow(new URL(`${name}/`, directory));
    if (!name.endsWith(".ts")) return [];
    return constantsIn(name, Deno.readTextFileSync(new URL(name, directory)));
  });
}

/** Compare constants outside the table; names that no source has are the module's own. */
export function compareBeside(native: Native, constants: readonly Beside[]): string[] {
  return constants.flatMap(({ file, name, value }) =>
    ALL.flatMap((witness) => {
      const answer = native.constant(witness, name);
      // The highest bit makes a number negative in JavaScript, but not in C.
      if (answer === undefined || (answer | 0) === (value | 0)) return [];
      return [`${name} is ${value} in ${file} and ${answer} in the ${WITNESSES[witness]}`];
    })
  );
}
