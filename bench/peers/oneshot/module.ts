import { unix } from "@denet/unix";

const [path = ""] = Deno.args;
const conn = await unix.connect(path);
await conn.write(new TextEncoder().encode("question"));
const answer = new Uint8Array(64);
const count = await conn.read(answer);
conn.close();
console.log(new TextDecoder().decode(answer.subarray(0, count ?? 0)));
