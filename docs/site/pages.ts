/**
 * The pages of the guide, in the order in which `docs/README.md` lists them.
 *
 * @module
 */

/** One page: its title, and its address on the site. */
export interface PageLink {
  readonly title: string;
  readonly link: string;
}

/** Return the pages that the table in the index of a folder of the site links to, in its order. */
export function pages(folder: string): PageLink[] {
  const text = Deno.readTextFileSync(`${folder}/index.md`);
  return [...text.matchAll(/^\| \[([^\]]+)\]\(([\w/-]+)\.md\)/gm)].map(
    ([, title = "", name = ""]) => ({ title, link: `/${folder}/${name}` }),
  );
}
