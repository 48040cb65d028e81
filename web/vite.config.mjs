// The console's build. The server knows files only, under /console/, and its
// Content-Security-Policy allows neither inline scripts nor inline styles: so nothing is inlined,
// and routes are fragments.
import {defineConfig} from 'vite';

// `npm run dev` shows the pages while they are written, in front of a server that runs already.
const server = process.env.TOKENMILL_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/console/',
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact'},
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    reportCompressedSize: false,
  },
  server: {proxy: {'/v1': server}},
});
