/**
 * The settings of the site's generator, VitePress. `build.ts` puts this file where it is looked for.
 *
 * @module
 */

import { type PageLink, pages } from "./pages.ts";

const item = ({ title, link }: PageLink): { text: string; link: string } => ({ text: title, link });

/** Name the place of a heading as GitHub does, so that links hold in both. */
function slugify(heading: string): string {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
}

export default {
  title: "@denet/unix",
  description: "Unix domain sockets for Deno",
  cleanUrls: false,
  markdown: { anchor: { slugify } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Guide", link: "/docs/" },
      { text: "API", link: "/api/index.html", target: "_self" },
      { text: "Gallery", link: "/examples/" },
      { text: "Bench", link: "/bench/" },
    ],
    sidebar: [
      { text: "Guide", items: pages("docs").map(item) },
      {
        text: "Project",
        items: [
          { text: "Overview", link: "/" },
          { text: "Gallery", link: "/examples/" },
          { text: "Bench", link: "/bench/" },
          { text: "Contributing", link: "/CONTRIBUTING" },
          { text: "Security", link: "/SECURITY" },
          { text: "Changelog", link: "/CHANGELOG" },
        ],
      },
    ],
  },
};
