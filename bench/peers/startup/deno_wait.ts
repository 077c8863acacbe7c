const folder = await Deno.makeTempDir();
const path = `${folder}/socket`;
const listener = Deno.listen({ transport: "unix", path });
const [a, b] = await Promise.all([
  Deno.connect({ transport: "unix", path }),
  listener.accept(),
]);
const waiting = b.read(new Uint8Array(1));
await a.write(new Uint8Array(1));
await waiting;
for (const open of [a, b, listener]) open.close();
await Deno.remove(folder, { recursive: true });
