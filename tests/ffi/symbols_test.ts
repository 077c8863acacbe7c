// A process of its own, because native code is compiled before the first test.
// Time limit: 300 s, because crates are compiled once.

/** The declarations of the C functions, against the C compiler and the widths of the types in them. */

import { assert, assertEquals } from "@std/assert";
import { symbols } from "../../ffi/symbols.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { type Native, openNative, testNative } from "./abi/native.ts";

/** A C declaration from the comments of `ffi/symbols.ts`. */
interface Declaration {
  readonly text: string;
  readonly result: string;
  readonly name: string;
  readonly parameters: readonly string[];
  /** The rest of the line: where the function exists, if not everywhere. */
  readonly note: string;
}

const source = await Deno.readTextFile(new URL("../../ffi/symbols.ts", import.meta.url));
const declarations = [...source.matchAll(/^ *\/\/ (.*\(.*\);.*)$/gm)]
  .flatMap(([, line = ""]) => parse(line));

function parse(line: string): Declaration[] {
  const found = line.matchAll(
    /([a-z][\w ]*?[ *]+)(\w+)\(([^)]*)\);([^;]*?(?= {3}\w+ \w+\()|[^;]*)/g,
  );
  return [...found].map(([, result = "", name = "", parameters = "", note = ""]) => ({
    text: `${result}${name}(${parameters});`,
    result: result.trim(),
    name,
    parameters: parameters === "void" ? [] : parameters.split(/, */),
    note: note.trim(),
  }));
}

function existsHere({ name, note }: Declaration): boolean {
  const os = Deno.build.os;
  const isSystemCall = (symbols as Symbols)[name]?.name === "syscall";
  if (isSystemCall || note.startsWith("Linux") || note.startsWith("glibc")) return os === "linux";
  return !note.startsWith("macOS") || os === "darwin";
}

type Symbols = Record<string, Deno.ForeignFunction & { name?: string }>;

Deno.test("symbols has a C declaration beside every function", () => {
  const declared = new Set(declarations.map(({ name }) => name));
  for (const [key, symbol] of Object.entries(symbols as Symbols)) {
    const name = (symbol.name ?? key).replace("$INODE64", "");
    assert(declared.has(name), `${key} has no declaration beside it`);
  }
});

const HEADERS = [
  ..."dirent dlfcn errno fcntl poll sched signal stdio stdlib string termios time unistd".split(
    " ",
  ),
  ..."sys/file sys/ioctl sys/mman sys/socket sys/stat sys/types sys/uio".split(" "),
  ...Deno.build.os === "linux"
    ? ["linux/aio_abi", "linux/io_uring", "sys/epoll", "sys/eventfd"]
    : [],
];

/** What glibc declares for itself alone has to be asked for with `_GNU_SOURCE`. */
const GNU = new Set(["memfd_create", "pipe2", "preadv2", "pwritev2", "statx", "accept4"]);

/** With `_GNU_SOURCE`, glibc declares socket addresses as unions of pointers, so that C cannot repeat it. */
const UNREPEATABLE = new Set(["accept4"]);

testWith("cc", "symbols declares every function as the headers do", async () => {
  for (const gnu of [false, true]) {
    const here = declarations.filter((it) =>
      existsHere(it) && GNU.has(it.name) === gnu && !UNREPEATABLE.has(it.name)
    );
    const macro = gnu ? "_GNU_SOURCE" : "_DEFAULT_SOURCE";
    const lines = [
      `#define ${macro} 1`,
      "#define _DARWIN_C_SOURCE 1",
      ...HEADERS.map((name) => `#include <${name}.h>`),
      ...here.map(({ text }) => text),
    ];
    const child = new Deno.Command(Deno.env.get("CC") ?? needPeer("cc").command, {
      args: ["-x", "c", "-std=gnu11", "-Werror", "-fsyntax-only", "-"],
      stdin: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
    await writer.close();
    const { stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stderr), "", macro);
    assert(gnu || here.length > 20, `too few declarations: ${here.map((it) => it.name)}`);
  }
});

/** Widths of FFI types in bytes, negative for signed ones. */
const FFI_WIDTHS: Readonly<Record<string, number>> = {
  i32: -4,
  u32: 4,
  i64: -8,
  u64: 8,
  isize: -8,
  usize: 8,
};

/** Widths of the C types that need no header; `aio_context_t` is a name for the last. */
const C_WIDTHS: Readonly<Record<string, number>> = {
  "int": -4,
  "unsigned": 4,
  "unsigned int": 4,
  "long": -8,
  "unsigned long": 8,
  "aio_context_t": 8,
};

/** Whether an FFI type carries a C type: pointers as such, numbers in their width and signedness. */
function carries(native: Native, ffi: unknown, c: string): boolean {
  const type = c.replace(/\bconst\b|\bstruct\b/g, "").trim();
  if (type.includes("*") || type.endsWith("]")) return ["buffer", "pointer"].includes(String(ffi));
  // A parameter's name follows its type; a result has none.
  const words = type.split(/ +/);
  const name = [type, words.slice(0, -1).join(" ")].find((it) => widthOf(native, it) !== undefined);
  const width = widthOf(native, name ?? "");
  // Narrower numbers than an int, as a 16-bit mode_t, travel extended to one.
  return width !== undefined &&
    FFI_WIDTHS[String(ffi)] === (Math.abs(width) < 4 ? Math.sign(width) * 4 : width);
}

function widthOf(native: Native, type: string): number | undefined {
  return C_WIDTHS[type] ?? native.type(1, type);
}

/** Addresses given and wanted as numbers, and `poll` in the widest form, which serves all systems. */
const WIDENED = new Set([
  "memset result",
  "getcwd result",
  "sendmsg const struct msghdr *msg",
  "recvmsg struct msghdr *msg",
  "poll nfds_t nfds",
]);

testNative(await openNative(), "symbols has the widths of the C types", (native) => {
  for (const [key, symbol] of Object.entries(symbols as Symbols)) {
    if (symbol.name === "syscall") assertSystemCall(native, key, symbol);
    const declaration = declarations.find(({ name }) => name === (symbol.name ?? key));
    if (symbol.name === "syscall" || declaration === undefined || !existsHere(declaration)) {
      continue;
    }
    const { name, parameters } = declaration;
    const fixed = parameters.filter((it) => it !== "...");
    fixed.forEach((parameter, index) => {
      if (WIDENED.has(`${name} ${parameter}`)) return;
      assert(carries(native, symbol.parameters[index], parameter), `${key}: ${parameter}`);
    });
    if (!WIDENED.has(`${name} result`)) {
      assert(carries(native, symbol.result, declaration.result), `${key}: ${declaration.result}`);
    }
    if (fixed.length === parameters.length) {
      assertEquals(symbol.parameters.length, fixed.length, key);
    } else assertVariadic(key, symbol, fixed.length);
  }
});

/** syscall(2): the number, then what the kernel's own declaration says, in `long`s or narrower. */
function assertSystemCall(native: Native, key: string, symbol: Deno.ForeignFunction): void {
  const parameters = declarations.find(({ name }) => name === key)?.parameters ?? [];
  assertEquals({ parameters: symbol.parameters[0], result: symbol.result }, {
    parameters: "isize",
    result: "isize",
  }, key);
  assertEquals(symbol.parameters.length, parameters.length + 1, key);
  for (const [index, parameter] of parameters.entries()) {
    const ffi = String(symbol.parameters[index + 1]);
    const either = [ffi, ffi.replace(/^[iu]/, (it) => it === "i" ? "u" : "i")];
    assert(either.some((it) => carries(native, it, parameter)), `${key}: ${parameter}`);
  }
}

/** `...` stands for one argument: after the others, or behind so many that it goes on the stack. */
function assertVariadic(key: string, { parameters }: Deno.ForeignFunction, fixed: number): void {
  const registers = 8;
  assertEquals(parameters.length, key.endsWith("OnStack") ? registers + 1 : fixed + 1, key);
}

testNative(await openNative(), "both witnesses agree on the C types", (native) => {
  for (const type of "size_t ssize_t socklen_t mode_t off_t uid_t gid_t pid_t time_t".split(" ")) {
    assertEquals(native.type(0, type), native.type(1, type), type);
  }
  assertEquals(native.type(1, "size_t"), 8);
  assertEquals(native.type(1, "ssize_t"), -8);
  assertEquals(native.type(1, "socklen_t"), 4);
});

testNative(
  await openNative(),
  "fcntlOnStack and its like put the argument on the stack",
  ({ library }) => {
    for (const name of ["fcntlOnStack", "openOnStack", "ioctlOnStack"] as const) {
      const { parameters } = symbols[name];
      assertEquals(parameters.length, 9);
      assertEquals(parameters.slice(2, 8), Array.from({ length: 6 }, () => "usize"));
    }
    const opened = Deno.dlopen(library, {
      abi_ninth: { parameters: symbols.fcntlOnStack.parameters, result: "isize" },
    });
    const { abi_ninth } = opened.symbols;
    const call = (value: bigint): bigint => abi_ninth(1, 2, 3n, 4n, 5n, 6n, 7n, 8n, value);
    for (let n = 0; n < 10_000; n++) call(0n); // so that V8's own way of calling is covered too
    assertEquals(call(-1n), -1n);
    assertEquals(call(0x1122334455667788n), 0x1122334455667788n);
    opened.close();
  },
);
