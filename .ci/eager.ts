/**
 * Has V8 compile together with a bundle what the start of a program calls.
 *
 * Deno keeps what V8 has compiled of a file when it has read it, for the next start of the program. V8 leaves the
 * functions out, and compiles each at its first call, every time anew, for 1 ms until the first wait is over. A
 * function expression in parentheses is compiled together with its file, so that it is kept.
 *
 * @module
 */

import ts from "typescript";
import { taskTempDir } from "../tests/util/tempdir.ts";

/** What the first lines of most programs do. */
const PROGRAM = (entry: string): string => `
import { unix } from ${JSON.stringify(`file://${entry}`)};

const [a, b] = unix.socketpair();
const waiting = b.read(new Uint8Array(1));
await a.write(new Uint8Array(1));
await waiting;
a.close();
b.close();

const path = import.meta.dirname + "/socket";
const listener = unix.listen(path);
const accepted = listener.accept();
const client = await unix.connect(path);
const server = await accepted;
await client.send({ data: new Uint8Array(1), files: [0] });
(await server.receive({ files: 1 }))?.[Symbol.dispose]();
for (const it of [client, server, listener]) it.close();
`;

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** Rewrite the files of `folder` that a program loads by importing `entry`, one of them. */
export async function compileAhead(folder: string, entry: string): Promise<void> {
  for (const { url, functions } of await coverageOf(PROGRAM(`${folder}/${entry}`))) {
    if (!url.startsWith(`file://${folder}/`)) continue;
    const called = new Set(
      functions.flatMap(({ ranges: [all] }) =>
        all !== undefined && all.count > 0 ? [all.startOffset] : []
      ),
    );
    const path = url.slice("file://".length);
    Deno.writeTextFileSync(path, withEager(Deno.readTextFileSync(path), called));
  }
}

/** Run a program, and return which functions it has called. */
async function coverageOf(text: string): Promise<ScriptCoverage[]> {
  using folder = taskTempDir();
  const program = `${folder.path}/program.js`;
  Deno.writeTextFileSync(program, text);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "-A", `--coverage=${folder.path}/coverage`, program],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return [...Deno.readDirSync(`${folder.path}/coverage`)]
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => JSON.parse(Deno.readTextFileSync(`${folder.path}/coverage/${name}`)));
}

/** Move the functions that begin at `called` to the start of a file, as expressions in parentheses. */
function withEager(code: string, called: ReadonlySet<number>): string {
  const { statements } = ts.createSourceFile("bundle.js", code, ts.ScriptTarget.ESNext);
  const imports: string[] = [], functions: string[] = [], rest: string[] = [];
  for (const statement of statements) {
    const text = code.slice(statement.pos, statement.end);
    if (ts.isImportDeclaration(statement)) imports.push(text);
    else if (isCalled(statement, code, called)) {
      functions.push(expressionOf(statement, text.trim()));
    } else rest.push(text);
  }
  return `${[...imports, "\n", ...functions, ...rest].join("")}\n`;
}

function isCalled(
  statement: ts.Statement,
  code: string,
  called: ReadonlySet<number>,
): statement is ts.FunctionDeclaration & { name: ts.Identifier } {
  if (!ts.isFunctionDeclaration(statement)) return false;
  const { pos, end } = statement;
  const start = end - code.slice(pos, end).trimStart().length;
  return called.has(start) && statement.name !== undefined;
}

function expressionOf({ name }: { readonly name: ts.Identifier }, text: string): string {
  return `const ${name.text} = (${text});\n`;
}
