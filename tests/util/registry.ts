/**
 * A registry as JSR is one, on the loopback interface: it takes what `deno publish` uploads, and serves it
 * to every other command that reads `JSR_URL`.
 *
 * @module
 */

/** A package version that was published: its files by their paths, each with a slash in front. */
export type PublishedFiles = Map<string, Uint8Array<ArrayBuffer>>;

interface Version {
  readonly files: PublishedFiles;
  readonly exports: Record<string, string>;
}

const VERSION_API = /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)\/versions\/([^/]+)$/;
const PACKAGE_API = /^\/api\/scopes\/([^/]+)(?:\/packages\/([^/]+))?$/;

/** A registry that serves from its construction to its disposal. */
export class Registry implements AsyncDisposable {
  /** The paths that were asked for, in order. */
  readonly requests: string[] = [];
  /** What was published, as in `@denet/unix@1.0.0`. */
  readonly published = new Map<string, Version>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(request),
  );

  /** Where it is: for `JSR_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.requests.push(pathname);
    const upload = VERSION_API.exec(pathname);
    if (upload && request.method === "POST") return await this.#take(request, upload);
    if (pathname.startsWith("/api/publish_status/")) return task("success");
    const named = PACKAGE_API.exec(pathname);
    if (named) return Response.json({ scope: named[1], name: named[2] });
    return this.#serve(pathname);
  }

  async #take(request: Request, [, scope, name, version]: string[]): Promise<Response> {
    const archive = request.body?.pipeThrough(new DecompressionStream("gzip"));
    const files = untar(new Uint8Array(await new Response(archive).arrayBuffer()));
    const config = JSON.parse(textOf(files, "/deno.json"));
    this.published.set(`@${scope}/${name}@${version}`, { files, exports: config.exports });
    return task("pending");
  }

  async #serve(pathname: string): Promise<Response> {
    const [, scope, name, file = "", ...rest] = pathname.split("/");
    const id = `${scope}/${name}`;
    if (file === "meta.json") return this.#versions(id);
    const metadata = /^(.+)_meta\.json$/.exec(file);
    const version = this.published.get(`${id}@${metadata?.[1] ?? file}`);
    if (version === undefined) return new Response("not found", { status: 404 });
    if (metadata) return await describe(version);
    const content = version.files.get(`/${rest.join("/")}`);
    if (content === undefined) return new Response("not found", { status: 404 });
    const headers = { "content-type": contentType(pathname) };
    return new Response(content, { headers });
  }

  #versions(id: string): Response {
    const all = [...this.published.keys()].filter((it) => it.startsWith(`${id}@`))
      .map((it) => it.slice(id.length + 1));
    if (all.length === 0) return new Response("not found", { status: 404 });
    const versions = Object.fromEntries(all.map((it) => [it, {}]));
    return Response.json({ latest: all.at(-1), versions });
  }
}

function task(status: string): Response {
  return Response.json({ id: "1", status, error: null });
}

async function describe({ files, exports }: Version): Promise<Response> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, content] of files) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    manifest[path] = { size: content.byteLength, checksum: `sha256-${digest.toHex()}` };
  }
  return Response.json({ manifest, exports });
}

function contentType(path: string): string {
  if (path.endsWith(".ts")) return "text/typescript";
  return path.endsWith(".js") ? "text/javascript" : "text/plain";
}

/** Return a published file as a text. */
export function textOf(files: PublishedFiles, path: string): string {
  const content = files.get(path);
  if (content === undefined) throw new Error(`There is no "${path}" in the package`);
  return new TextDecoder().decode(content);
}

const BLOCK = 512;

/** Take a tar archive apart: regular files by their paths. */
function untar(archive: Uint8Array): PublishedFiles {
  const files: PublishedFiles = new Map();
  const field = (at: number, from: number, length: number): string =>
    new TextDecoder().decode(archive.subarray(at + from, at + from + length)).replace(/\0.*$/s, "");
  let longName = "";
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const size = parseInt(field(at, 124, 12), 8);
    const type = field(at, 156, 1);
    const prefix = field(at, 345, 155);
    const name = longName || (prefix ? `${prefix}/` : "") + field(at, 0, 100);
    const content = archive.slice(at + BLOCK, at + BLOCK + size);
    longName = type === "L" ? new TextDecoder().decode(content).replace(/\0.*$/s, "") : "";
    if (type === "0" || type === "") files.set(`/${name.replace(/^\.?\//, "")}`, content);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
