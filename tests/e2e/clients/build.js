// Bundles each file that is named drive-*.ts, and the example, for a browser.
import { build } from "esbuild";

const [...entryPoints] = process.argv.slice(2);
await build({
  entryPoints,
  bundle: true,
  format: "esm",
  outdir: "bundles",
  define: { "process.env.NODE_ENV": '"production"', ngDevMode: "false", ngJitMode: "true", ngServerMode: "false", ngI18nClosureMode: "false" },
});
