import { assertEquals, assertRejects } from "@std/assert";
import { dial, dialUri } from "../../lib/dial/mod.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { freePort } from "../util/free_port.ts";

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(needPeer("openssl").command, {
    args,
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

testWith(
  "openssl",
  "dial() over tls works with openssl's server, and checks its certificate",
  async () => {
    using dir = tempDir();
    const [key, cert] = [dir.join("key.pem"), dir.join("cert.pem")];
    await openssl(
      ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(" "),
      ...["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"],
      ...["-keyout", key, "-out", cert],
    );
    const port = freePort();
    await using server = startProcess(needPeer("openssl").command, {
      args: [
        "s_server",
        "-accept",
        `127.0.0.1:${port}`,
        "-key",
        key,
        "-cert",
        cert,
        "-alpn",
        "x",
        "-rev",
      ],
    });
    // It answers each line reversed, and says when it is ready.
    for (let line = ""; !line.startsWith("ACCEPT");) line = await server.readLine();
    const tls = { caCerts: [Deno.readTextFileSync(cert)], alpnProtocols: ["x"] };
    const dials = [
      () => dial("tls", `localhost:${port}`, "", { tls }),
      () => dial("tls", "localhost", `${port}`, { tls }),
      () => dialUri(`tls://localhost:${port}`, { tls }),
    ];
    for (const open of dials) {
      using conn = await open() as Deno.TlsConn;
      assertEquals((await conn.handshake()).alpnProtocol, "x");
      await conn.write(new TextEncoder().encode("hello\n"));
      const answer = new Uint8Array(16);
      assertEquals(
        new TextDecoder().decode(answer.subarray(0, await conn.read(answer) ?? 0)),
        "olleh\n",
      );
    }
    // Without the authority, or for another name, the certificate is worth nothing.
    await assertRejects(() => dial("tls", `localhost:${port}`), Deno.errors.InvalidData);
    await assertRejects(
      () => dial("tls", `127.0.0.1:${port}`, "", { tls }),
      Deno.errors.InvalidData,
    );
  },
);

Deno.test("dial() over tls refuses wrong addresses and options as tcp does", async () => {
  await assertRejects(() => dial("tls", "localhost"), TypeError, "over tls: it has no port");
  await assertRejects(() => dial("tls", "localhost:0"), RangeError);
  await assertRejects(() => dial("tls", "a b:1"), TypeError, "over tls: its host is malformed");
  const wrong = { tls: null as never };
  await assertRejects(() => dial("tls", "localhost:1", "", wrong), TypeError, "`tls`");
});
