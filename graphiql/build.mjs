// Bundles GraphiQL into graph_api/http/static/graphiql: files that fetch nothing, and the licences of
// what is in them. The same lock file gives the same bytes: `npm ci && npm run build`.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const OUT = "../graph_api/http/static/graphiql";

/** GraphiQL's style sheet carries 330 kB of fonts as data: URLs; the page uses the system's. */
const withoutFonts = {
  name: "without-fonts",
  setup({ onLoad }) {
    onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/@font-face\s*{[^}]*}/g, ""),
      loader: "css",
    }));
  },
};

/** The folders of the packages that have at least a byte in the bundle, sorted. */
function bundledPackages({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.match(/.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0])
    .filter(Boolean);
  return [...new Set(folders)].sort();
}

async function licenceText(folder) {
  const file = (await readdir(folder)).sort().find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) return "The package has no licence file.";
  return (await readFile(`${folder}/${file}`, "utf8")).replaceAll("\r\n", "\n").trim();
}

/** Each text once, below the names of the packages that it covers. */
async function licences(folders) {
  const packagesOf = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const text = await licenceText(folder);
    packagesOf.set(text, [...(packagesOf.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const entries = [...packagesOf].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  return entries.join(`\n${"-".repeat(80)}\n\n`);
}

const { metafile } = await build({
  entryPoints: { graphiql: "src/index.tsx", page: "src/page.css" },
  outdir: OUT,
  bundle: true,
  format: "esm",
  minify: true,
  keepNames: true, // GraphiQL names its icons for screen readers after their functions.
  metafile: true,
  target: "es2022",
  jsx: "automatic",
  legalComments: "none",
  banner: { js: "/*! Licences of what is bundled here: LICENSES.txt beside this file. */" },
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [withoutFonts],
});
await writeFile(`${OUT}/LICENSES.txt`, await licences(bundledPackages(metafile)));
