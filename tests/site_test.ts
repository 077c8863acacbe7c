// Time limit: 240 s, because the site is built, and a browser goes through it.
/**
 * The site that `deno task docs` makes: its links, its search, and how it looks on a small screen.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Page, withPage } from "./util/browser.ts";
import { peer, peersRequired, testUnless } from "./util/peers.ts";
import { config, filesIn, ROOT } from "./util/project.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";

/** What a page refers to, and the places that others may refer to. */
interface Html {
  readonly links: readonly string[];
  readonly ids: ReadonlySet<string>;
}

async function build(dir: TempDir): Promise<string> {
  const folder = dir.join("site");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "docs/site/build.ts", folder],
    cwd: ROOT,
    stdin: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return folder;
}

function filesOf(folder: string, under = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${under}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(folder, `${under}${name}/`) : [`${under}${name}`]
  );
}

function parse(text: string): Html {
  const attributes = (name: string): string[] =>
    [...text.matchAll(new RegExp(`\\s${name}="([^"]*)"`, "g"))].map(([, value = ""]) =>
      value.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#x2F;", "/")
    );
  return {
    links: [...attributes("href"), ...attributes("src")],
    ids: new Set([...attributes("id"), ...attributes("name")]),
  };
}

/** Return the links that lead nowhere on the site itself. */
function brokenLinks(folder: string): string[] {
  const files = new Set(filesOf(folder));
  const pages = new Map<string, Html>();
  for (const file of files) {
    if (file.endsWith(".html")) {
      pages.set(file, parse(Deno.readTextFileSync(`${folder}/${file}`)));
    }
  }
  assert(pages.size > 100, `only ${pages.size} pages were made`);
  const broken: string[] = [];
  for (const [file, { links }] of pages) {
    for (const link of links) {
      const base = `https://site.invalid/${file.split("/").map(encodeURIComponent).join("/")}`;
      const url = new URL(link, base);
      if (url.host !== "site.invalid") continue;
      const path = decodeURIComponent(url.pathname.slice(1));
      const target = path === "" || path.endsWith("/") ? `${path}index.html` : path;
      const id = decodeURIComponent(url.hash.slice(1));
      if (!files.has(target)) broken.push(`${file}: ${link}`);
      else if (id !== "" && pages.has(target) && !pages.get(target)?.ids.has(id)) {
        broken.push(`${file}: ${link}`);
      }
    }
  }
  return [...new Set(broken)];
}

const TYPES: Record<string, string> = {
  css: "text/css",
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

function serve(folder: string): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async ({ url }) => {
    const { pathname } = new URL(url);
    const path = decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    const type = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    try {
      return new Response(await Deno.readFile(folder + path), {
        headers: { "content-type": type },
      });
    } catch {
      return new Response("Not found", { status: 404 });
    }
  });
}

/** Pages of each kind, with tables, long lines of code and pictures. */
const PAGES = [
  "/",
  "/docs/",
  "/docs/passing_files.html",
  "/docs/http.html",
  "/docs/porting.html",
  "/docs/troubleshooting.html",
  "/docs/comparison.html",
  "/docs/architecture.html",
  "/examples/",
  "/bench/",
  "/CHANGELOG.html",
  "/api/index.html",
  "/api/~/Socket.html",
  "/api/unix/~/connect.html",
];

/** What readers look for, and the page that answers. */
const SUBJECTS: Record<string, string> = {
  "child processes": "passing_files",
  "barrier": "messages",
  "lengthPrefixed": "frames",
  "pidfd": "identity",
  "namespace": "identity",
  "replaceStale": "listening",
  "abstract": "abstract_names",
  "listenFds": "systemd",
  "successor": "restarts",
  "Workers": "workers",
  "Fastify": "http",
  "grpc": "http",
  "redis": "http",
  "AbortSignal": "time_limits",
  "busyPoll": "performance",
  "prompt": "permissions",
  "Hare": "porting",
  "junixsocket": "comparison",
  "ControlTruncatedError": "troubleshooting",
  "reactor": "architecture",
};

async function isAsWideAsTheScreen(page: Page, origin: string): Promise<string[]> {
  const wide: string[] = [];
  await page.resize({ width: 400, height: 800, mobile: true });
  for (const path of PAGES) {
    await page.go(origin + path);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    if (width !== 400) wide.push(`${path} is ${width} pixels wide`);
    const folder = Deno.env.get("SCREENSHOTS");
    if (folder) await page.screenshot(`${folder}/${path.replaceAll("/", "_")}.png`);
  }
  return wide;
}

/** Whether the site's generator can be had: from the cache, or from npm. */
function hasGenerator(): boolean {
  const { success } = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-lock", "--no-config", "npm:vitepress@1.6.4"],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return success;
}

const missing = peer("chromium") === undefined
  ? "chromium is not installed"
  : !peersRequired() && !hasGenerator()
  ? "npm cannot be reached"
  : undefined;

testUnless(missing, "the site", async (t) => {
  using dir = tempDir();
  const folder = await build(dir);

  await t.step("has no broken link, inside of the reference neither", () => {
    assertEquals(brokenLinks(folder), []);
  });

  await using server = serve(folder);
  const origin = `http://127.0.0.1:${server.addr.port}`;
  await withPage(async (page) => {
    await t.step("fits a screen of 400 pixels", async () => {
      assertEquals(await isAsWideAsTheScreen(page, origin), []);
    });

    await t.step("finds connect in the guide", async () => {
      await page.resize({ width: 1280, height: 800, mobile: false });
      await page.go(`${origin}/docs/`);
      await page.until("document.querySelector('.VPNavBarSearch button') !== null");
      await page.evaluate("document.querySelector('.VPNavBarSearch button').click()");
      await page.until("document.activeElement?.classList.contains('search-input')");
      await page.type("connect");
      await page.until("document.querySelectorAll('.VPLocalSearchBox .result').length > 0");
      const found = await page.evaluate(
        "[...document.querySelectorAll('.VPLocalSearchBox .result')].map((it) => it.innerText).join()",
      );
      assertMatch(String(found), /connect/i);
    });

    await t.step("finds each page of the guide by its subject", async () => {
      for (const [subject, name] of Object.entries(SUBJECTS)) {
        await page.evaluate(`{
          const input = document.querySelector(".search-input");
          input.value = ${JSON.stringify(subject)};
          input.dispatchEvent(new Event("input"));
        }`);
        const links = "[...document.querySelectorAll('.VPLocalSearchBox .result')]";
        await page.until(`${links}.some((it) => it.href.includes("/docs/${name}"))`);
      }
      const pages = filesIn("docs", /^(?!README)\w+\.md$/).map((it) => it.slice(5, -3));
      assertEquals([...new Set(Object.values(SUBJECTS))].sort(), pages.sort());
    });

    await t.step("finds connect in the reference", async () => {
      await page.go(`${origin}/api/index.html`);
      await page.evaluate("document.querySelector('#searchbar').focus()");
      await page.type("connect");
      await page.until("document.querySelectorAll('#searchResults a').length > 0");
      const found = await page.evaluate(
        "[...document.querySelectorAll('#searchResults a')].map((it) => it.href).join()",
      );
      assertMatch(String(found), /~\/connect\.html/);
    });

    await t.step("says which version it is about", async () => {
      await page.go(`${origin}/CHANGELOG.html`);
      const text = await page.evaluate("document.body.innerText");
      assert(String(text).includes(config().version), "the version is missing");
    });
  });
});
