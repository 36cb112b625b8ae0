import { size } from "../format";
import type { State } from "../state";
import { h, iconButton, setIcon } from "./dom";

type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");
const stored = () => localStorage.getItem("theme") as Theme | null;
const current = (): Theme => stored() ?? (dark.matches ? "dark" : "light");

export function applyTheme(): void {
  document.documentElement.dataset.theme = current();
}

/** Says that colours have changed, to what is painted by hand. */
export const themeChanged = new EventTarget();

export class TopBar {
  readonly element: HTMLElement;

  constructor(state: State) {
    const facts = h("p", { class: "facts" });
    const theme = iconButton("sun", "", () => {
      localStorage.setItem("theme", current() === "dark" ? "light" : "dark");
      update();
    });
    const update = () => {
      applyTheme();
      setIcon(theme, current() === "dark" ? "sun" : "moon");
      const label = current() === "dark" ? "Light colours" : "Dark colours";
      theme.setAttribute("aria-label", label);
      theme.title = label;
      themeChanged.dispatchEvent(new Event("change"));
    };
    dark.addEventListener("change", update);
    update();
    const offline = h("p", { class: "offline", role: "status" });
    const mark = h("img", { src: "/icon.svg", alt: "", width: 28, height: 28 });
    this.element = h("div", { class: "top-bar" }, mark, h("p", { class: "name", text: "Stemsharp" }), facts, offline, theme);
    state.on("server", () => {
      const server = state.server!;
      const most = server.maxDiskBytes ? ` of ${size(server.maxDiskBytes)}` : "";
      facts.textContent = `${server.engine} · ${size(server.usedDiskBytes)}${most} on disk`;
    });
    state.on("connection", () => {
      offline.textContent = state.connected ? "" : "The server does not answer; trying again.";
      if (state.connected) void state.refreshServer().catch(() => undefined);
    });
  }
}
