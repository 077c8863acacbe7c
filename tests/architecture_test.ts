/**
 * The rules of the house that no compiler checks.
 *
 * @module
 */

import { assert, assertArrayIncludes, assertEquals, assertStringIncludes } from "@std/assert";
import {
  atRunTime,
  config,
  filesIn,
  findCycle,
  importGraph,
  publishedFiles,
  reachable,
  read,
  ROOT,
  select,
  taskCommand,
} from "./util/project.ts";

const published = publishedFiles();
const tests = filesIn("tests");
const graph = await importGraph([...published, ...tests.filter((it) => it.endsWith("_test.ts"))]);
const running = atRunTime(new Map(published.map((it) => [it, graph.get(it) ?? new Set()])));
const within = (folder: string): string[] => published.filter((it) => it.startsWith(folder));

/** Find what a selector matches in files that have a word in them: to parse all takes a second. */
const selectIn = (files: readonly string[], word: string, selector: string): string[] =>
  files.filter((it) => read(it).includes(word)).flatMap((it) => select(it, selector));

/** The rooms from top to bottom: a file may import from its own room and from those below, types included. */
const ROOMS = [
  "mod.ts",
  "lib/systemd/",
  "lib/frames/",
  "lib/unix/",
  "lib/msghdr/",
  "lib/handle/",
  "lib/socket/",
  "lib/address/",
  "lib/fd/",
  "lib/descriptor/",
  "lib/reactor/",
  "lib/message/",
  "lib/dial/",
  "lib/errors.ts",
  "lib/event_loop.ts",
  "ffi/",
];

Deno.test("every published file belongs to a room", () => {
  assertEquals(published.filter((it) => roomOf(it) < 0), []);
});

Deno.test("imports point down the list of rooms, those of types included", () => {
  const found = published.flatMap((file) =>
    [...graph.get(file) ?? []]
      .filter((it) => roomOf(it) >= 0 && roomOf(it) < roomOf(file))
      .map((it) => `${file} imports ${it}`)
  );
  assertEquals(found, []);
});

Deno.test("lib/dial/ imports nothing of other rooms but lib/errors.ts and ffi/", () => {
  const found = within("lib/dial/").flatMap((file) => [...graph.get(file) ?? []])
    .filter((it) => roomOf(it) >= 0 && !/^(?:lib\/dial\/|lib\/errors\.ts$|ffi\/)/.test(it));
  assertEquals(found, []);
});

function roomOf(file: string): number {
  return ROOMS.findIndex((room) => file === room || (room.endsWith("/") && file.startsWith(room)));
}

Deno.test("published files import nothing of tests/, bench/, examples/ or tools/", () => {
  const found = published.flatMap((file) => [...graph.get(file) ?? []])
    .filter((it) => /^(?:tests(?!\/links\/path\/)|bench|examples|tools)\//.test(it));
  assertEquals(found, []);
});

Deno.test("published files depend on Deno and @std/path only", () => {
  const found = published.flatMap((file) => [...graph.get(file) ?? []])
    .filter((it) =>
      !it.endsWith(".ts") && !it.startsWith("node:") && !/^@std\/path(?:\/|$)/.test(it)
    );
  assertEquals(found, []);
});

Deno.test("published files import each other without a cycle", () => {
  assertEquals(findCycle(running), undefined);
});

/** Methods whose results are of a class that is above: `asSocket` and `asListener`, and `listen` of a `Socket`. */
const UPWARD: Record<string, readonly string[]> = {
  "lib/handle/owned_fd.ts": ["lib/handle/socket.ts", "lib/handle/listener.ts"],
  "lib/handle/socket_endpoint.ts": ["lib/handle/listener.ts"],
};

Deno.test("types make no cycle either, but for the results of three methods", () => {
  const others = published.map((file) => {
    const targets = [...graph.get(file) ?? []].filter((it) => published.includes(it));
    return [file, new Set(targets.filter((it) => !UPWARD[file]?.includes(it)))] as const;
  });
  assertEquals(findCycle(new Map(others)), undefined);
  for (const [file, targets] of Object.entries(UPWARD)) {
    assertArrayIncludes([...graph.get(file) ?? []], [...targets]);
  }
});

const RE_EXPORTS = [
  "ExportAllDeclaration",
  'ExportNamedDeclaration[source.type="Literal"]',
  // An import for its effect: the provider that registers itself.
  "ImportDeclaration[specifiers.length=0]",
];
const TYPES = [
  'ImportDeclaration[importKind="type"]',
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "ExportNamedDeclaration[declaration.type=/^TS(Interface|TypeAlias)Declaration$/]",
];

Deno.test("mod.ts holds re-exports only", () => {
  assertEquals(select("mod.ts", `Program > :not(${RE_EXPORTS})`), []);
});

Deno.test("published files have no syntax that older runtimes take for an error before ours", () => {
  const newer = "VariableDeclaration[kind=/using/]";
  assertEquals(selectIn(within("lib/").concat(within("ffi/")), "using", newer), []);
});

Deno.test("every entry point looks at the runtime first", () => {
  for (const entry of Object.values(config().exports).filter((it) => !it.includes("tools/"))) {
    const [first] = /^(?:import|export) .*$/m.exec(read(entry.replace("./", ""))) ?? [];
    assertStringIncludes(first ?? "", "ffi/runtime.ts", entry);
  }
});

Deno.test("Deno.dlopen() is called by ffi/libc.ts only", () => {
  assertEquals(usersOf("dlopen"), ["ffi/libc.ts"]);
});

Deno.test("Deno.build is read by ffi/platform/mod.ts only", () => {
  assertEquals(usersOf("build"), ["ffi/platform/mod.ts"]);
});

Deno.test("Deno is never aliased, which would hide what is used of it", () => {
  const alias =
    ':matches(VariableDeclarator[init.name="Deno"], MemberExpression[object.name="Deno"][computed=true])';
  assertEquals(selectIn(published, "Deno", alias), []);
});

function usersOf(property: string): string[] {
  const selector = `MemberExpression[object.name="Deno"][property.name="${property}"]`;
  return published.filter((file) => selectIn([file], property, selector).length > 0);
}

/** What is pure itself, of what else there is below. */
const PURE = ["ffi/text.ts", "ffi/typed_array.ts"];

for (const file of ["lib/message/cmsg.ts", "lib/address/sockaddr.ts", ...PURE]) {
  Deno.test(`${file} is pure: no system call, no waiting, no input or output`, () => {
    const native = [...reachable(running, [file])].filter((it) =>
      /^ffi\/(?!platform\/)/.test(it) && !PURE.includes(it)
    );
    assertEquals(native, []);
    const effects = [
      'MemberExpression[object.name="Deno"][property.name!="errors"]',
      "AwaitExpression",
      'CallExpression[callee.name="fetch"]',
    ];
    assertEquals(select(file, `:matches(${effects})`), []);
  });
}

/** Files and folders that no test imports or is named after, and the test that covers each. */
const COVERED_BY: Record<string, string> = {
  "ffi/platform/": "tests/ffi/platform_test.ts",
  "ffi/syscalls/aio.ts": "tests/reactor/reactor_test.ts",
  "lib/dial/abort.ts": "tests/dial/dial_test.ts",
  "lib/event_loop.ts": "tests/reactor/reactor_test.ts",
  "lib/handle/peer_identity.ts": "tests/socket/peer_test.ts",
  "lib/handle/socket_endpoint.ts": "tests/unix/socket_test.ts",
  "lib/reactor/": "tests/reactor/reactor_test.ts",
  "lib/socket/acceptor.ts": "tests/interop/worker_test.ts",
  "lib/socket/binder.ts": "tests/unix/bind_test.ts",
  "lib/socket/connector.ts": "tests/unix/connect_test.ts",
  "lib/systemd/": "tests/systemd/listen_fds_test.ts",
};

Deno.test("every published file that holds code has a test", () => {
  const testFiles = tests.filter((it) => it.endsWith("_test.ts"));
  const imported = new Set(testFiles.flatMap((it) => [...graph.get(it) ?? []]));
  const named = new Set(testFiles.map((it) => it.replace(/^.*\//, "").replace("_test.ts", "")));
  const covered = Object.keys(COVERED_BY);
  const untested = published.filter((file) => {
    if (imported.has(file) || covered.some((it) => file.startsWith(it))) return false;
    return !named.has(file.replace(/(?:\/mod)?\.ts$/, "").replace(/^.*\//, "")) && holdsCode(file);
  });
  assertEquals(untested, []);
  assertArrayIncludes(testFiles, Object.values(COVERED_BY));
  assertEquals(covered.filter((it) => !published.some((file) => file.startsWith(it))), []);
});

function holdsCode(file: string): boolean {
  return select(file, `Program > :not(${[...RE_EXPORTS, ...TYPES]})`).length > 0;
}

Deno.test("every example has a task and a test", () => {
  const tasks = Object.keys(config().tasks).map(taskCommand).join("\n");
  const testTexts = tests.filter((it) => it.endsWith("_test.ts")).map(read).join("\n");
  const shared = ["http", "programs", "util"].map((it) => `examples/${it}.ts`);
  const files = filesIn("examples").filter((it) => !shared.includes(it));
  const examples = new Set(files.map((it) => it.split("/").slice(0, 2).join("/")));
  for (const example of examples) {
    assertStringIncludes(tasks, example, `Add a task that runs "${example}"`);
    assertStringIncludes(testTexts, example, `Add a test that runs "${example}"`);
  }
});

Deno.test("every entry point exists and is checked by the task doc", () => {
  for (const entry of Object.values(config().exports)) {
    assert(Deno.statSync(new URL(entry, ROOT)).isFile);
    assertStringIncludes(`${taskCommand("doc")} `, `${entry.replace("./", "")} `);
  }
});

Deno.test("the version has its section in CHANGELOG.md", () => {
  assertStringIncludes(read("CHANGELOG.md"), `## [${config().version}]`);
});

Deno.test("no test excludes the others", () => {
  const only = [
    'MemberExpression[object.property.name="test"][property.name="only"]',
    'Property[key.name="only"][value.value=true]',
  ];
  const named = tests.filter((file) => /\.\s*only\b|\bonly\s*:/.test(read(file)));
  assertEquals(named.flatMap((file) => select(file, `:matches(${only})`)), []);
});

Deno.test("no file is longer than 500 lines, those of examples in doc comments not counted", () => {
  const example = /^ *\* @example[^]*?(?=^ *\*(?:\/| @))/gm;
  const long = filesIn("").filter((file) =>
    read(file).replaceAll(example, "").split("\n").length > 501
  );
  assertEquals(long, []);
});
