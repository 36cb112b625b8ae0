import { size } from "../format";
import type { State } from "../state";
import { h, icon, iconButton } from "./dom";
import { showSettings } from "./settings-dialog";

/** The product's name, what computes, and the ways to songs that are to be added and to the settings. */
export class TopBar {
  readonly element: HTMLElement;
  private readonly now: HTMLButtonElement;

  constructor(state: State, home: () => void, add: () => void, player: () => void) {
    this.now = h("button", { type: "button", class: "now", hidden: true, onclick: player }, icon("play"), h("span"));
    const facts = h("p", { class: "facts" });
    const name = h("button", { type: "button", class: "name", onclick: home }, h("img", { src: "/icon.svg", alt: "", width: 28, height: 28 }), h("span", { text: "Stemsharp" }));
    const adding = h("button", { type: "button", class: "add-songs", onclick: add }, icon("plus"), h("span", { text: "Add songs" }));
    const settings = iconButton("gear", "Settings", () => void showSettings(state));
    this.element = h("div", { class: "top-bar" }, h("h1", {}, name), facts, this.now, adding, settings);
    state.on("server", () => {
      const server = state.server!;
      const most = server.maxDiskBytes ? ` of ${size(server.maxDiskBytes)}` : "";
      facts.textContent = `${server.engine} · ${size(server.usedDiskBytes)}${most} on disk`;
    });
  }

  /** Leads to the song that is open and not seen; "" where none is. */
  showNow(title: string): void {
    this.now.hidden = title === "";
    this.now.lastElementChild!.textContent = title;
  }
}

/** The tabs at the foot of a small screen. */
export function tabs(go: Record<"songs" | "add" | "player", () => void>): HTMLElement {
  const tab = (id: "songs" | "add" | "player", name: string, label: string) => {
    const button = h("button", { type: "button", onclick: go[id] }, icon(name), h("span", { text: label }));
    button.dataset.tab = id;
    return button;
  };
  return h("nav", { class: "tabs", "aria-label": "Parts of the page" }, tab("songs", "songs", "Songs"), tab("add", "plus", "Add"), tab("player", "play", "Player"));
}

/** Says that the server is gone, where nobody overlooks it, until it is back. */
export function connectionNotice(state: State): HTMLElement {
  const notice = h(
    "div", { class: "notice", role: "alert", hidden: true },
    h("p", { text: "The server does not answer; trying again. Is “stemsharp serve” still running?" }),
    h("button", { type: "button", text: "Try now", onclick: () => state.reconnect() }),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  state.on("connection", () => {
    clearTimeout(timer);
    if (state.connected) {
      notice.hidden = true;
      void state.refreshServer().catch(() => undefined);
      void state.refreshModels().catch(() => undefined);
    } else timer = setTimeout(() => (notice.hidden = false), 400);
  });
  return notice;
}
