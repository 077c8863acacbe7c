import { assertEquals } from "@std/assert";
import { apply, changesOf } from "./changes.ts";

/** All programs that one change makes of a text. */
function changed(text: string): string[] {
  return changesOf("a.ts", text).map((it) => apply(text, it)).sort();
}

Deno.test("changesOf() leaves a statement out, and turns a condition round", () => {
  assertEquals(changed("if (a) b();"), ["if (!(a)) b();", "if (a) ;"]);
  assertEquals(changed("for (;;) { if (a) break; }"), [
    "for (;;) { if (!(a)) break; }",
    "for (;;) { if (a) ; }",
  ]);
});

Deno.test("changesOf() moves a bound, and takes the opposite of an operator", () => {
  assertEquals(changed("const a = b < 3;"), ["const a = b <= 3;"]);
  assertEquals(changed("const a = b[3];"), ["const a = b[(3 + 1)];"]);
  assertEquals(changed("const a = b === c && !d;"), [
    "const a = b !== c && !d;",
    "const a = b === c && d;",
    "const a = b === c || !d;",
  ]);
});

Deno.test("changesOf() leaves types, imports, texts and messages of errors as they are", () => {
  assertEquals(changed('import { a } from "b";\nconst c: 1 | 2 = d;\nconst e = `f` + g;'), []);
  assertEquals(changed("throw new TypeError(`a ${b + 1}`);"), [";"]);
});

Deno.test("changesOf() gives the line and the text that a change replaces", () => {
  const [change] = changesOf("a.ts", "const a = 1;\n\nb(\n  c,\n);");
  const [, statement] = changesOf("a.ts", "const a = 1;\n\nb(\n  c,\n);");
  assertEquals({ line: change?.line, was: change?.was }, { line: 1, was: "1" });
  assertEquals({ line: statement?.line, was: statement?.was }, { line: 3, was: "b( c, );" });
});

Deno.test("changesOf() leaves lines as they are that a comment says why no test runs", () => {
  const reason = "// deno-coverage-ignore";
  assertEquals(changed(`${reason} -- why\na();\nb();`), [`${reason} -- why\na();\n;`]);
  const block = `${reason}-start -- why\na();\nb();\n${reason}-stop\n`;
  assertEquals(changed(`${block}c();`), [`${block};`]);
});

Deno.test("changesOf() names constants that a change is a part of, and variables that it is about", () => {
  const named = (text: string) => changesOf("a.ts", text).map(({ was, names }) => [was, ...names]);
  assertEquals(named("const LIMIT = 3;"), [["3", "LIMIT"]]);
  assertEquals(named("a(b < LIMIT);"), [["a(b < LIMIT);"], ["<", "b", "LIMIT"]]);
  assertEquals(named("a += b - 1;"), [["a += b - 1;", "a"], ["-", "a"], ["1", "a"]]);
  assertEquals(named("a++;"), [["a++;", "a"]]);
  assertEquals(named("const { a = 3 } = b;"), [["3", "{ a = 3 }", "a"]]);
});

Deno.test("changesOf() leaves the value of an element as it is that always exists", () => {
  assertEquals(changed("const a = b[c] ?? 1;"), ["const a = b[c] && 1;"]);
  assertEquals(changed("const a = b ?? c[d] ?? 1;").filter((it) => it.includes("+")), []);
  assertEquals(changed("const a = b ?? 1;"), ["const a = b && 1;", "const a = b ?? (1 + 1);"]);
});

Deno.test("changesOf() leaves the time limit of a call as it is that does not wait", () => {
  assertEquals(changed("a = poll(b, 1, 0);"), [";", "a = poll(b, (1 + 1), 0);"]);
  assertEquals(changed("a = epoll_wait(b, c, d, 0);"), [";"]);
  assertEquals(changed("a = epoll_wait(b, c, 0);"), [";", "a = epoll_wait(b, c, (0 + 1));"]);
});
