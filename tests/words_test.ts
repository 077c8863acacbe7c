/**
 * The words of comments, names and documents: the field's terms, and one dialect of doc comments. `CONTRIBUTING.md`
 * says why; a word that is found here has a better one beside it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { filesIn, read } from "./util/project.ts";

/** Terms that were replaced, and the ones in use: the standard words of mio, libuv, tokio and the kernel. */
const TERMS: readonly (readonly [banned: RegExp, better: string])[] = [
  [/\bways? of waiting\b/i, "backend"],
  [/\b(?:Keeper|Entries?Host)\b/, "RegistrationHost"],
  [/\b(?:dis)?arm(?:s|ed|ing)?\b/, "register, deregister, inject"],
  [/\bawake\b/, "wake"],
  [/\bbreathe/i, "yieldIfBudgetSpent"],
  [/\bCourtesy\b|\bgiv(?:e|es|ing) way\b|\bgiveWay\b/, "AdaptiveYield, schedYield"],
  [/\bSpin\b|\bto spin\b|\bLINGER\b/, "AdaptiveBusyPoll, busy poll"],
  [/\binFlow\b|\bwantsRoom\b/, "bulkTransfer"],
  [/\bPATIENCE\b|\bGRACE\b/, "the name of the limit, such as MAX_UNCLAIMED_EVENTS"],
  [/\bLoopWatch\b|\bWakeUp\b/, "LoopWaker, Waker"],
  [/\bLanes?\b|\b(?:the|a|every|free) lane\b/, "OperationQueue, queue, direction"],
  [/\bcloseWhenForgotten\b/, "closeOnFinalization"],
  [/\bbufferTakenAway\b|\btakeOver\b/, "bufferDetachedError, own…"],
  [/\bdarwinCredentials\b/, "the name of the call, as in credentialsByLocalPeercred"],
  [/\bgiven away\b|\bgiv(?:e|es) (?:it )?away\b/, "detached"],
  [
    /\b(?:is|was|there is|no|make|makes|made|has|have|enough|where) room\b|\broom for\b/i,
    "space, capacity",
  ],
  [/\bpark(?:s|ed|ing)? (?:in|on) the kernel\b/, "block"],
];

/** Code, processes and the kernel are things: words for people mislead. */
const PERSONS: readonly (readonly [banned: RegExp, better: string])[] = [
  [/\b(?:he|him|his|himself)\b/, "it, the caller, the other process"],
  [/\b(?:somebody|someone|anybody|anyone|everybody|everyone)\b/i, "a caller, every process"],
  [/\b(?<!as )nobody\b(?!,? (?:for good|and))/, "no caller, no process"],
  [/\bwhoever\b/i, "the process that"],
];

const EXEMPT = ["tests/words_test.ts", "tests/messages_test.ts", "docs/site/"];

function found(
  files: readonly string[],
  words: readonly (readonly [RegExp, string])[],
): string[] {
  return files.flatMap((file) =>
    read(file).split("\n").flatMap((line, i) =>
      words.filter(([banned]) => banned.test(withoutData(line)))
        .map(([, better]) => `${file}:${i + 1}: say ${better}: ${line.trim()}`)
    )
  );
}

/** Names that C's headers or other programs give are theirs. */
function withoutData(line: string): string {
  return line.replace(/SO_LINGER|user nobody|nobody@/g, "");
}

const files = filesIn("", /\.(?:ts|md)$/).filter((file) =>
  !EXEMPT.some((it) => file.startsWith(it))
);

Deno.test("names, comments and documents use the field's terms", () => {
  assertEquals(found(files, TERMS), []);
});

Deno.test("comments and documents speak of code as a thing, not as a person", () => {
  const spoken = files.filter((it) => !/^(?:tests|examples|CODE_OF_CONDUCT)/.test(it));
  assertEquals(found(spoken, PERSONS), []);
});

/** The tags of doc comments, and how each goes on. */
const TAGS: readonly (readonly [tag: RegExp, form: RegExp, shape: string])[] = [
  [/@throws\b/, /@throws \{[\w.]+\} If .*/, "@throws {Class} If …"],
  [/@param\b/, /@param [\w.]+ [A-Z0-9`"].*/, "@param name What, unit, default"],
  [/@returns?\b/, /@returns [A-Z`].*/, "@returns What"],
];

Deno.test("tags of doc comments have one form", () => {
  const others = files.filter((it) => it.endsWith(".ts")).flatMap((file) =>
    read(file).split("\n").flatMap((line, i) =>
      TAGS.filter(([tag, form]) => isDoc(line) && tag.test(line) && !form.test(line))
        .map(([, , shape]) => `${file}:${i + 1}: write "${shape}": ${line.trim()}`)
    )
  );
  assertEquals(others, []);
});

Deno.test("tags of doc comments are whole sentences", () => {
  const others = files.filter((it) => /^(?:lib|ffi|tools)\//.test(it)).flatMap((file) =>
    [
      ...read(file).matchAll(
        /\* (@(?:param|throws|returns) [^\n]*(?:\n +\* {1,3}(?!@)[^\s/][^\n]*)*)/g,
      ),
    ]
      .map(([, text = ""]) => text.replace(/\s*\*\/$/, ""))
      .filter((text) => !/[.:?]$/.test(text) && !text.includes("```"))
      .map((text) => `${file}: end "${text}" with a period`)
  );
  assertEquals(others, []);
});

Deno.test("doc comments of functions begin with a verb in the imperative", () => {
  const third =
    /^\s*\/\*\* (?:Returns|Creates|Opens|Closes|Sends|Receives|Gets|Sets|Checks|Reads|Writes) .*\n\s*(?:export )?(?:async )?function /gm;
  const others = files.filter((it) => /^(?:lib|ffi)\//.test(it)).flatMap((file) =>
    [...read(file).matchAll(third)].map(([text]) => `${file}: ${text.trim()}`)
  );
  assertEquals(others, []);
});

function isDoc(line: string): boolean {
  return /^\s*(?:\/\*\*|\*) /.test(line);
}
