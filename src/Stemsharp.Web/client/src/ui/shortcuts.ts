import { h } from "./dom";

export interface Shortcut {
  keys: string;
  what: string;
  matches: (event: KeyboardEvent) => boolean;
  run: (event: KeyboardEvent) => void;
}

/** Single keys clash with speech input and some assistive technology, so that they can be turned off. */
const enabled = () => localStorage.getItem("keys") !== "off";

export function listen(shortcuts: Shortcut[], active: () => boolean): void {
  addEventListener("keydown", (event) => {
    if (!active() || !enabled() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target as HTMLElement;
    if (target.closest("dialog, select, textarea, input:not([type=range]):not([type=checkbox])")) return;
    // Space and arrows belong to the control that has the focus.
    if (target.closest("button, a, summary, input") && (event.key === " " || event.key === "Enter")) return;
    if (target.closest("input[type=range], [role=scrollbar]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    const shortcut = shortcuts.find((candidate) => candidate.matches(event));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run(event);
  });
}

export function showHelp(shortcuts: Shortcut[]): void {
  const dialog = document.createElement("dialog");
  const box = h("input", { type: "checkbox", id: "keys-on", checked: enabled() });
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  dialog.append(
    h("h2", { text: "Keyboard" }),
    h("dl", { class: "keys" }, ...shortcuts.flatMap(({ keys, what }) => [h("dt", {}, h("kbd", { text: keys })), h("dd", { text: what })])),
    h("p", {}, h("label", { for: "keys-on" }, box, " Use these keys")),
    h("form", { method: "dialog", class: "buttons" }, h("button", { class: "primary", text: "Close" })),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
