// The completions that the tools print, used by the shells that they are for.

import { assertEquals } from "@std/assert";
import { entryOf, type ToolName, TOOLS } from "../../tools/permissions.ts";
import { testUnless, testWith } from "../util/peers.ts";
import { startDeno } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { run } from "./daemon.ts";
import { notLinux } from "./tapped.ts";
import { finish } from "./tool.ts";

/** What is typed, and what the shells offer for it. */
const TYPED: readonly [line: string, offered: readonly string[]][] = [
  ["unixtap --vers", ["--version"]],
  ["unixtap at", ["attach"]],
  ["unixtap --type ", ["dgram", "seqpacket", "stream"]],
  ["unixtap run -t s", ["seqpacket", "stream"]],
  ["unixtap run --en", ["--env"]],
  ["unixtap --protocol FOLDER/protocol.x", ["protocol.xml"]],
  ["fdpass ser", ["serve"]],
  ["fdpass serve --file", ["--file-mode"]],
];

async function completionsOf(name: ToolName, shell: string): Promise<string> {
  await using tool = startDeno(entryOf(name), TOOLS[name], { args: ["--completions", shell] });
  const { code, output, errors } = await finish(tool);
  assertEquals({ code, errors }, { code: 0, errors: "" });
  return output;
}

/** Asks zsh, at a terminal, what it offers for the line `$2`, with the completions in the folder `$1`. */
const ZSH = String.raw`
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "unset zle_bracketed_paste; PROMPT=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w z "show() { zle list-choices; zle -R; print DO''NE }; zle -N show; bindkey '^I' show"
zpty -w z "zstyle ':completion:*' verbose no; stty cols 200; print READ''Y"
zpty -r z out '*READY*'
zpty -w -n z "$2"$'\t'
zpty -r z out '*DONE*'
print -r -- "$out"
`;

testUnless(notLinux, "the tools print completions that bash accepts", async () => {
  for (const name of Object.keys(TOOLS) as ToolName[]) {
    const script = `${await completionsOf(name, "bash")}
COMP_WORDS=(${name} --vers); COMP_CWORD=1; _${name}
echo "\${COMPREPLY[@]}"`;
    assertEquals(await run("bash", ["-c", script]), "--version");
  }
});

testWith("zsh", "the tools print completions that zsh offers", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("protocol.xml"), "");
  const folder = dir.join("functions");
  Deno.mkdirSync(folder);
  for (const name of Object.keys(TOOLS) as ToolName[]) {
    const path = `${folder}/_${name}`;
    Deno.writeTextFileSync(path, await completionsOf(name, "zsh"));
    assertEquals(await run("zsh", ["-n", path]), "");
  }
  for (const [line, offered] of TYPED) {
    const typed = line.replace("FOLDER", dir.path);
    const shown = await run("zsh", ["-f", "-c", ZSH, "zsh", folder, typed]);
    // deno-lint-ignore no-control-regex -- what steers the terminal
    const words = shown.replace(/\x1b\[[\d;?]*[A-Za-z]/g, " ").split(/\s+/);
    assertEquals(offered.filter((it) => !words.includes(it)), [], `${typed}: ${words}`);
  }
});

testWith("fish", "the tools print completions that fish offers", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("protocol.xml"), "");
  for (const name of Object.keys(TOOLS) as ToolName[]) {
    const script = await completionsOf(name, "fish");
    for (const [line, offered] of TYPED.filter(([it]) => it.startsWith(name))) {
      const typed = line.replace("FOLDER", dir.path);
      const shown = await run("fish", ["-N", "-c", `${script}\ncomplete -C '${typed}'`]);
      const words = shown.split("\n").map((it) => it.split("\t", 1)[0]?.split("/").at(-1));
      assertEquals(offered.filter((it) => !words.includes(it)), [], `${typed}: ${shown}`);
    }
  }
});
