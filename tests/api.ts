/**
 * Lists the public names of every entry point with their signatures, one a line, from `deno doc --json`:
 * `deno task api` writes them to `tests/api.txt`, which `tests/mod_test.ts` compares.
 *
 * @module
 */

import { taskArguments } from "./util/arguments.ts";
import { config, ROOT } from "./util/project.ts";

type Json = Record<string, unknown>;

interface Type {
  readonly kind: string;
  readonly repr?: string;
  readonly value?: unknown;
}

interface Parameter {
  readonly kind: string;
  readonly name?: string;
  readonly optional?: boolean;
  readonly tsType?: Type;
  readonly left?: Parameter;
  readonly arg?: Parameter;
}

interface Callable {
  readonly params?: readonly Parameter[];
  readonly returnType?: Type;
  readonly typeParams?: readonly { readonly name: string }[];
}

interface Member extends Callable {
  readonly name: string;
  readonly kind?: string;
  readonly accessibility?: string;
  readonly isStatic?: boolean;
  readonly optional?: boolean;
  readonly readonly?: boolean;
  readonly tsType?: Type;
  readonly functionDef?: Callable;
}

interface Definition extends Callable {
  readonly tsType?: Type;
  readonly extends?: string | readonly Type[];
  readonly implements?: readonly Type[];
  readonly constructors?: readonly Member[];
  readonly methods?: readonly Member[];
  readonly properties?: readonly Member[];
}

interface Symbol {
  readonly name: string;
  readonly declarations: readonly { readonly kind: string; readonly def?: Definition }[];
}

/** Return the public names and signatures of all entry points, sorted, without those of the tools. */
export async function publicApi(): Promise<string[]> {
  const entries = Object.entries(config().exports).filter(([, file]) => !file.includes("tools/"));
  const lines = await Promise.all(entries.map(async ([entry, file]) => {
    const symbols = await documented(file);
    return symbols.flatMap(describe).map((line) => `${entry} ${line}`);
  }));
  return lines.flat().sort();
}

async function documented(file: string): Promise<Symbol[]> {
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", file],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<string, { symbols: Symbol[] }>;
  };
  return Object.values(nodes).flatMap((it) => it.symbols);
}

function describe({ name, declarations }: Symbol): string[] {
  return declarations.flatMap(({ kind, def = {} }) => {
    if (kind === "function") return [`${name}${signature(def)}`];
    if (kind === "typeAlias") return [`type ${name} = ${type(def.tsType)}`];
    if (kind === "variable") return [`const ${name}: ${type(def.tsType)}`];
    if (kind === "namespace") return [`namespace ${name}`];
    return [`${kind} ${name}${bases(def)}`, ...members(def).map((it) => `${name}${it}`)];
  });
}

function bases({ extends: base, implements: promised = [] }: Definition): string {
  const parents = typeof base === "string" ? [base] : (base ?? []).map(type);
  return (parents.length > 0 ? ` extends ${parents.join(", ")}` : "") +
    (promised.length > 0 ? ` implements ${promised.map(type).join(", ")}` : "");
}

function members({ constructors = [], methods = [], properties = [] }: Definition): string[] {
  const isPublic = (it: Member): boolean => it.accessibility === undefined;
  return [
    ...constructors.filter(isPublic).map((it) => `.constructor${parameters(it.params)}`),
    ...methods.filter(isPublic).map(method),
    ...properties.filter(isPublic).map((it) =>
      `.${it.readonly === true ? "readonly " : ""}${named(it)}: ${type(it.tsType)}`
    ),
  ];
}

function method(it: Member): string {
  const call = it.functionDef ?? it;
  const place = it.isStatic === true ? ".static " : ".";
  if (it.kind === "getter") return `${place}get ${it.name}: ${type(call.returnType)}`;
  if (it.kind === "setter") return `${place}set ${it.name}${parameters(call.params)}`;
  return `${place}${named(it)}${signature(call)}`;
}

function named({ name, optional }: { name: string; optional?: boolean }): string {
  return optional === true ? `${name}?` : name;
}

function signature({ params, returnType, typeParams = [] }: Callable): string {
  const generic = typeParams.length > 0 ? `<${typeParams.map((it) => it.name).join(", ")}>` : "";
  return `${generic}${parameters(params)}: ${type(returnType)}`;
}

function parameters(params: readonly Parameter[] = []): string {
  return `(${params.map(parameter).join(", ")})`;
}

/** A destructured parameter has no name of its own, and one with a default is optional. */
function parameter(it: Parameter): string {
  if (it.kind === "assign" && it.left !== undefined) {
    return parameter({ tsType: it.tsType ?? { kind: "default" }, ...it.left, optional: true });
  }
  if (it.kind === "rest" && it.arg !== undefined) {
    return `...${parameter({ ...it.arg, ...(it.tsType && { tsType: it.tsType }) })}`;
  }
  return `${named({ name: it.name ?? "options", optional: it.optional === true })}: ${
    type(it.tsType)
  }`;
}

function list(types: unknown, separator: string): string {
  return (types as readonly Type[]).map(type).join(separator);
}

/** Forms of types that programs meet; any other is given as `deno doc` has it. */
const FORMS: Record<string, (value: never) => string> = {
  keyword: (value: string) => value,
  literal: (value: Json) => JSON.stringify(value[value.kind as string]),
  union: (value: Type[]) => list(value, " | "),
  intersection: (value: Type[]) => list(value, " & "),
  array: (value: Type) => `${type(value)}[]`,
  tuple: (value: Type[]) => `[${list(value, ", ")}]`,
  parenthesized: (value: Type) => `(${type(value)})`,
  rest: (value: Type) => `...${type(value)}`,
  optional: (value: Type) => `${type(value)}?`,
  typeOperator: (value: { operator: string; tsType: Type }) =>
    `${value.operator} ${type(value.tsType)}`,
  typeRef: (value: { typeName: string; typeParams?: Type[] }) =>
    value.typeParams ? `${value.typeName}<${list(value.typeParams, ", ")}>` : value.typeName,
  fnOrConstructor: (value: { params: Parameter[]; tsType: Type }) =>
    `${parameters(value.params)} => ${type(value.tsType)}`,
  typeLiteral: (value: Definition) => `{ ${members(value).map((it) => it.slice(1)).join("; ")} }`,
};

function type(it: Type | undefined): string {
  if (it === undefined) return "unknown";
  const form = FORMS[it.kind];
  return form === undefined
    ? it.repr || JSON.stringify(it.value ?? it.kind)
    : form(it.value as never);
}

if (import.meta.main) {
  taskArguments({}, 0);
  await Deno.writeTextFile(new URL("tests/api.txt", ROOT), `${(await publicApi()).join("\n")}\n`);
}
