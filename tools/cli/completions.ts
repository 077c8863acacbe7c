/**
 * Completions for shells, made of what the tools say about themselves.
 *
 * @module
 */

import type { OptionSpec } from "./options.ts";
import type { Program } from "./program.ts";

/** The shells that completions can be made for. */
export type Shell = "bash" | "zsh" | "fish";

interface Named extends OptionSpec {
  readonly name: string;
}

/** Return the completions of a tool as a script of a shell. */
export function completions(program: Program, shell: Shell): string {
  const groups = [...program.commands.flatMap((it) => it.groups), ...program.common];
  const options = new Map<string, Named>();
  for (const group of groups) {
    for (const [name, spec] of Object.entries(group.options)) options.set(name, { name, ...spec });
  }
  const commands = program.commands.map((it) => it.name).filter((it) => it !== "");
  return WRITERS[shell](program.name, commands, [...options.values()]);
}

type Writer = (name: string, commands: readonly string[], options: readonly Named[]) => string;

const bash: Writer = (name, commands, options) => {
  const words = [...commands, ...options.map((it) => `--${it.name}`)].join(" ");
  const cases = options.flatMap(({ name, short, value, choices }) => {
    if (value === undefined) return [];
    const pattern = short === undefined ? `--${name}` : `--${name}|-${short}`;
    const reply = choices === undefined
      ? 'compgen -f -- "$word"'
      : `compgen -W "${choices.join(" ")}" -- "$word"`;
    return [`    ${pattern}) mapfile -t COMPREPLY < <(${reply}); return ;;`];
  });
  return `# Completions of ${name} for bash: source <(${name} --completions bash)
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  case \${COMP_WORDS[COMP_CWORD-1]} in
${cases.join("\n")}
  esac
  if [[ $word == -* || $COMP_CWORD == 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${words}" -- "$word")
  fi
  [[ $word == -* ]] || mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _${name} ${name}`;
};

const zsh: Writer = (name, commands, options) => {
  const specs = options.map(({ name, short, value, choices, multiple, help }) => {
    const names = short === undefined ? `--${name}` : `{-${short},--${name}}`;
    const action = choices === undefined ? "_files" : `(${choices.join(" ")})`;
    const argument = value === undefined ? "" : `:${value}:${action}`;
    const text = help.replace(/['[\]:]/g, "");
    return `  ${multiple ? "'*'" : ""}${names}'[${text}]${argument}' \\`;
  });
  return `#compdef ${name}
# Completions of ${name} for zsh: ${name} --completions zsh > a file _${name} in $fpath
_arguments -s \\
${specs.join("\n")}
  '1: :{_alternative "commands:command:(${commands.join(" ")})" "files:file:_files"}' \\
  '*:file:_files'`;
};

const fish: Writer = (name, commands, options) => {
  const lines = options.map(({ name: long, short, value, choices, help }) => {
    const letter = short === undefined ? "" : ` -s ${short}`;
    const wants = value === undefined
      ? ""
      : choices === undefined
      ? " -r -F"
      : ` -x -a "${choices.join(" ")}"`;
    return `complete -c ${name} -l ${long}${letter}${wants} -d '${help.replace(/'/g, "\\'")}'`;
  });
  const words = commands.map((it) => `complete -c ${name} -n __fish_use_subcommand -a ${it}`);
  return [
    `# Completions of ${name} for fish: ${name} --completions fish | source`,
    ...words,
    ...lines,
  ]
    .join("\n");
};

const WRITERS: Record<Shell, Writer> = { bash, zsh, fish };
