import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    outDir: "dist",
    // Small files stay files: the page's content security policy takes nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
