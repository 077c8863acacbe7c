/**
 * Taking descriptors or rights away from this process for a while.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { listDescriptors } from "./descriptors.ts";

// By the table's name, which stays true where Linux pretends to be another system (tests/ffi/bsd.ts).
const isLinux = platform.name.startsWith("linux-");

/** Open functions of the C library, at the first of its paths that exists here. */
function openLibc<T extends Deno.ForeignLibraryInterface>(functions: T): Deno.DynamicLibrary<T> {
  let refusal: unknown;
  for (const path of platform.libc) {
    try {
      return Deno.dlopen(path, functions);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

const RLIMIT_NOFILE = isLinux ? 7 : 8;

const limits = {
  // int getrlimit(int resource, struct rlimit *rlim);
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int setrlimit(int resource, const struct rlimit *rlim);
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/** No descriptors left until it is disposed, but for those that it frees. */
export interface Shortage extends Disposable {
  /** Let so many descriptors be opened. */
  free(count: number): void;
}

/** Use up every descriptor of this process: `using shortage = outOfDescriptors()`. */
export function outOfDescriptors(): Shortage {
  const library = openLibc(limits);
  const before = new BigUint64Array(2);
  library.symbols.getrlimit(RLIMIT_NOFILE, new Uint8Array(before.buffer));
  // Enough to free: below the highest number, which is the limit from here on, there may be no gap at all.
  const held = Array.from({ length: 32 }, () => OwnedFd.open("/dev/null"));
  const lowered = before.slice();
  lowered[0] = BigInt(Math.max(...listDescriptors().keys()) + 1);
  library.symbols.setrlimit(RLIMIT_NOFILE, new Uint8Array(lowered.buffer));
  takeAll(held);
  return {
    free: (count) => {
      takeAll(held); // what another thread of the runtime has closed since
      held.splice(0, count).forEach((it) => it.close());
    },
    [Symbol.dispose](): void {
      library.symbols.setrlimit(RLIMIT_NOFILE, new Uint8Array(before.buffer));
      for (const it of held) it.close();
      library.close();
    },
  };
}

function takeAll(held: OwnedFd[]): void {
  try {
    for (;;) held.push(OwnedFd.open("/dev/null"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EMFILE")) throw error;
  }
}

/**
 * Run `fn` without the superuser's right to reach every file. Only calls that this thread makes before
 * `fn` returns are meant, not what a promise does later.
 */
export function withoutRights<T>(fn: () => T): T {
  if (!isLinux || Deno.uid() !== 0) return fn();
  const library = openLibc({
    // int setfsuid(uid_t fsuid);   for the calling thread only
    setfsuid: { parameters: ["u32"], result: "i32" },
  });
  library.symbols.setfsuid(65534);
  try {
    return fn();
  } finally {
    library.symbols.setfsuid(0);
    library.close();
  }
}

/** Run `fn` with a umask. */
export function withUmask<T>(mask: number, fn: () => T): T {
  const previous = Deno.umask(mask);
  try {
    return fn();
  } finally {
    Deno.umask(previous);
  }
}
