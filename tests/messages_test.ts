/** The form of all error messages: what was attempted, on what, why it failed, what to do, in one breath. */

import { assert, assertEquals } from "@std/assert";
import { errorMessages } from "./messages.ts";

const messages = errorMessages();

/** Messages that say what is wrong rather than what cannot be done, and those that become a part of another. */
const OTHERWISE: readonly RegExp[] = [
  /^The (?:iterator|frames) /,
  /^`body` of the framing /,
  /^Its length is /,
  /^\$\{why\}; all of them are closed/,
  /^Deno's event loop /,
  /^\$\{VARIABLE\} is /,
];

function having(pattern: RegExp): string[] {
  return messages.filter(({ text }) => pattern.test(text)).map(({ file, text }) =>
    `${file}: ${text}`
  );
}

Deno.test("errorMessages() finds them all", () => {
  assert(messages.length > 100, `${messages.length} messages`);
  assert(messages.some(({ text }) => text.startsWith("Cannot adopt descriptor ${fd}: ")));
});

Deno.test('messages begin with "Cannot", or are known to say it otherwise', () => {
  const others = messages.filter(({ text }) =>
    !text.startsWith("Cannot ") && !OTHERWISE.some((it) => it.test(text))
  );
  assertEquals(others, []);
  for (const it of OTHERWISE) assert(having(it).length > 0, `${it} is not used any more`);
});

Deno.test("messages name what was attempted first, and then why it failed or what to do", () => {
  assertEquals(having(/^Cannot (?:(?!: ).)*$/), []);
});

Deno.test("messages are one sentence without a period, and not too long for one breath", () => {
  assertEquals(having(/[.!]$|[a-z]\. [A-Z]/), []);
  assertEquals(messages.filter(({ text }) => text.length > 260), []);
});

Deno.test("messages speak of code as a thing, not as a person", () => {
  assertEquals(having(/\b(?:he|him|his|somebody|whoever)\b/i), []);
});
