import { ask, h } from "./dom";

export interface Shortcut {
  keys: string;
  what: string;
  matches: (event: KeyboardEvent) => boolean;
  run: (event: KeyboardEvent) => void;
}

/** Single keys clash with speech input and some assistive technology, so that they can be turned off. */
export const usesKeys = () => localStorage.getItem("keys") !== "off";
export const setKeys = (on: boolean) => localStorage.setItem("keys", on ? "on" : "off");

export function listen(shortcuts: Shortcut[], active: () => boolean): void {
  addEventListener("keydown", (event) => {
    if (!active() || !usesKeys() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target as HTMLElement;
    if (target.closest("dialog, select, textarea, input:not([type=range]):not([type=checkbox])")) return;
    // Space presses the button that has the focus, and arrows move the slider; a slider has no use for Space.
    if (target.closest("button, a, summary, input:not([type=range])") && (event.key === " " || event.key === "Enter")) return;
    if (target.closest("input[type=range], [role=scrollbar], [role=radio]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    const shortcut = shortcuts.find((candidate) => candidate.matches(event));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run(event);
  });
}

export function showHelp(shortcuts: Shortcut[]): void {
  const box = h("input", { type: "checkbox", id: "keys-on", checked: usesKeys() });
  box.addEventListener("change", () => setKeys(box.checked));
  void ask(
    "Keyboard",
    [
      h("dl", { class: "keys" }, ...shortcuts.flatMap(({ keys, what }) => [h("dt", {}, h("kbd", { text: keys })), h("dd", { text: what })])),
      h("label", { class: "check", for: "keys-on" }, box, h("span", { text: "Use these keys" })),
    ],
    [h("button", { value: "", class: "primary", text: "Close" })],
  );
}
