// Runs TypeScript on Node 18, which reads JavaScript alone: bundles it (esbuild comes with Vite),
// then runs the bundle.
//   bundle.mjs FILE.ts ARGUMENTS…
//   bundle.mjs --test [FILE.ts …]    [every *.test.ts]
import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, statSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = join(root, 'node_modules', '.tokenmill');  // beside the packages, to find them

function* filesBelow(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

async function bundled(paths) {
  mkdirSync(scratch, {recursive: true});
  await build({
    entryPoints: paths, outdir: scratch, outbase: root, outExtension: {'.js': '.mjs'},
    bundle: true, platform: 'node', format: 'esm', packages: 'external', sourcemap: 'inline',
    jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning',
  });
  return paths.map((path) => join(scratch, relative(root, path).replace(/\.tsx?$/, '.mjs')));
}

const [first, ...rest] = process.argv.slice(2);
const tests = () => ['src', 'mock'].flatMap((folder) => [...filesBelow(join(root, folder))])
  .filter((path) => /\.test\.tsx?$/.test(path));
const here = (paths) => paths.map((path) => join(root, path));
const words = first === '--test'
  ? ['--test', ...await bundled(rest.length ? here(rest) : tests())]
  : [...await bundled(here([first])), ...rest];
const done = spawnSync(process.execPath, ['--enable-source-maps', ...words], {stdio: 'inherit'});
process.exit(done.status ?? 1);
