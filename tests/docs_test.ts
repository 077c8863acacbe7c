/**
 * What the documentation of the public symbols must have: `deno doc --lint` checks less.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { config, ROOT } from "./util/project.ts";

interface Documentation {
  readonly doc?: string;
  readonly tags?: readonly {
    readonly kind: string;
    readonly type?: string;
    readonly doc?: string;
  }[];
}

interface Member {
  readonly name: string;
  readonly kind?: string;
  readonly accessibility?: string;
  readonly jsDoc?: Documentation;
  /** Of a constructor. */
  readonly params?: readonly Parameter[];
  /** Of a method. */
  readonly functionDef?: { readonly params?: readonly Parameter[] };
}

interface Parameter {
  readonly tsType?: { readonly repr: string };
}

interface Declaration {
  readonly kind: string;
  readonly location?: { readonly filename: string; readonly line: number };
  readonly jsDoc?: Documentation;
  readonly def?: {
    readonly constructors?: readonly Member[];
    readonly methods?: readonly Member[];
    readonly properties?: readonly Member[];
  };
}

interface Documented {
  readonly nodes: Record<
    string,
    { readonly symbols: readonly { readonly name: string; readonly declarations: Declaration[] }[] }
  >;
}

/** A public symbol or member. */
interface Item {
  readonly name: string;
  readonly kind: string;
  readonly documentation: Documentation | undefined;
  /** The types of its parameters. */
  readonly types: readonly string[];
}

/** Members that `using` and `console.log` call, and users do not. */
const CALLED_BY_THE_LANGUAGE = /\[Symbol\.(?:dispose|asyncDispose|for\("Deno\.customInspect"\))\]$/;

async function publicItems(): Promise<Item[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...Object.values(config().exports)],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { nodes }: Documented = JSON.parse(new TextDecoder().decode(stdout));
  const items = new Map<string, Item>();
  for (const { symbols } of Object.values(nodes)) {
    for (const { name, declarations } of symbols) {
      // What an entry point passes on is documented where it is declared.
      const own = declarations.filter((it) => it.kind !== "reference" && it.kind !== "namespace");
      for (const item of own.flatMap((it) => itemsOf(name, it))) {
        if (!items.get(item.name)?.documentation) items.set(item.name, item);
      }
    }
  }
  return [...items.values()];
}

function itemsOf(name: string, { kind, jsDoc, def }: Declaration): Item[] {
  const methods = (def?.methods ?? []).filter((it) => it.kind !== "setter");
  const constructors = def?.constructors ?? [];
  const members = [...constructors, ...methods].filter((it) => it.accessibility !== "private");
  const properties = def?.properties ?? [];
  return [
    { name, kind, documentation: jsDoc, types: [] },
    ...members.map((it) => ({ ...memberOf(name, it), kind: it.kind ?? "constructor" })),
    ...properties.map((it) => ({ ...memberOf(name, it), kind: "property" })),
  ];
}

function memberOf(name: string, member: Member): Omit<Item, "kind"> {
  const params = member.params ?? member.functionDef?.params ?? [];
  return {
    name: `${name}.${member.name}`,
    documentation: member.jsDoc,
    types: params.map((it) => it.tsType?.repr ?? ""),
  };
}

const items = await publicItems();

Deno.test("every public symbol and member says what it is", () => {
  assert(items.length > 300, `only ${items.length} symbols were found`);
  const missing = items.filter((it) => !it.documentation?.doc?.trim() && !isMarker(it));
  assertEquals(missing.map((it) => it.name), []);
});

/** The name of an error class, and other things that say themselves what they are. */
function isMarker({ name }: Item): boolean {
  return /Error\.name$/.test(name);
}

Deno.test("every public symbol, method and getter has an example", () => {
  const missing = items
    .filter((it) => it.kind !== "property" && !CALLED_BY_THE_LANGUAGE.test(it.name))
    .filter((it) => !it.documentation?.tags?.some((tag) => tag.kind === "example"));
  assertEquals(missing.map((it) => `${it.kind} ${it.name}`), []);
});

Deno.test("an example imports what it uses by the package's name", () => {
  const odd = items.flatMap((it) =>
    (it.documentation?.tags ?? [])
      .filter((tag) => tag.kind === "example")
      .filter((tag) =>
        !/```ts\n(?:import .* from "@denet\/unix|.*await import\("@denet\/unix)/s.test(
          tag.doc ?? "",
        )
      )
      .map(() => it.name)
  );
  assertEquals(odd, []);
});

Deno.test("the reference shows no internals of public classes", () => {
  const internal = /^(?:Descriptor|SocketState|MessageState|stateOf|descriptorOf)$/;
  const shown = items.filter((it) =>
    it.types.some((type) => internal.test(type)) || /#/.test(it.name)
  );
  assertEquals(shown.map((it) => it.name), []);
});
