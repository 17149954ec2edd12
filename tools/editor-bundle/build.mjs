// Builds the writing page's editor into one ES module beside the licences of what is in it, and says its digest.
//
//   npm install && node build.mjs

import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const { dependencies } = JSON.parse(await readFile(join(HERE, "package.json"), "utf8"));
const version = dependencies["@codemirror/view"];
const target = join(HERE, "..", "..", "static", "vendor", `codemirror@${version}`);
const file = join(target, "codemirror.min.js");

async function licences(inputs) {
  const folders = new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean));
  const parts = [];
  for (const name of [...folders].sort()) {
    const folder = join(HERE, "node_modules", name);
    const licence = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const { version: its, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    parts.push(`${name} ${its} (${license})\n\n${await readFile(join(folder, licence), "utf8")}`);
  }
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}

await mkdir(target, { recursive: true });
const { metafile } = await build({
  entryPoints: [join(HERE, "entry.js")],
  outfile: file,
  absWorkingDir: HERE,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  metafile: true,
  minify: true,
  target: ["es2022"],
});
await writeFile(join(target, "LICENSES.txt"), await licences(Object.keys(metafile.inputs)));
const digest = createHash("sha256").update(await readFile(file)).digest("hex");
console.log(`${file}\nsha256 ${digest}`);
