type Child = Node | string | false | null | undefined;

interface Props {
  class?: string;
  text?: string;
  [name: string]: unknown;
}

/** Makes an element. Text only ever becomes text: nothing here parses HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false || value === null) continue;
    if (name === "class") element.className = value as string;
    else if (name === "text") element.textContent = value as string;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? "" : `${value as string | number}`);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

const iconPaths: Record<string, string> = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  start: "M6 5h3v14H6zM20 5v14l-10-7z",
  back: "M20 11H7.8l5.6-5.6L12 4l-8 8 8 8 1.4-1.4L7.8 13H20z",
  up: "M12 6l7 7-1.5 1.5L13 10v9h-2v-9l-4.500 4.500L5 13z",
  down: "M12 18l-7-7 1.500-1.500L11 14V5h2v9l4.500-4.500L19 11z",
  close: "M18.300 7.100l-1.400-1.400-4.900 4.900-4.900-4.900-1.400 1.400 4.900 4.900-4.900 4.900 1.400 1.400 4.900-4.900 4.900 4.900 1.400-1.400-4.900-4.900z",
  retry: "M17.700 6.300A8 8 0 1 0 20 12h-2a6 6 0 1 1-1.800-4.200L13 11h8V3z",
  undo: "M12 5V2L7 7l5 5V8a5 5 0 1 1-5 5H5a7 7 0 1 0 7-8z",
  trash: "M7 21a2 2 0 0 1-2-2V7H4V5h5V4h6v1h5v2h-1v12a2 2 0 0 1-2 2zM9 9v9h2V9zm4 0v9h2V9z",
  download: "M11 4h2v8.200l3.100-3.100 1.400 1.400L12 16l-5.500-5.500 1.400-1.400 3.100 3.100zM5 18h14v2H5z",
  loop: "M7 7h9V4l4 4-4 4V9H8v4H6V8a1 1 0 0 1 1-1zm10 10H8v3l-4-4 4-4v3h8v-4h2v5a1 1 0 0 1-1 1z",
  sun: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 1h2v4h-2zM11 19h2v4h-2zM1 11h4v2H1zM19 11h4v2h-4zM4.200 2.800l2.900 2.800-1.500 1.500-2.800-2.900zM18.400 17l2.800 2.800-1.400 1.400-2.900-2.800zM2.800 19.800L5.600 17l1.500 1.400-2.900 2.800zM17 5.600l2.800-2.800 1.400 1.400-2.800 2.900z",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z",
  keys: "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zm2 3v2h2V9zm4 0v2h2V9zm4 0v2h2V9zm-8 4v2h2v-2zm3.500 0v2h5v-2zM16 13v2h2v-2z",
  spectrum: "M4 20V10h2v10zM8 20V4h2v16zM12 20v-7h2v7zM16 20V8h2v12zM20 20v-4h2v4z",
  zoomIn: "M10 3a7 7 0 0 1 5.600 11.200l5.100 5.100-1.400 1.400-5.100-5.100A7 7 0 1 1 10 3zm0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM9 7h2v2h2v2h-2v2H9v-2H7V9h2z",
  zoomOut: "M10 3a7 7 0 0 1 5.600 11.200l5.100 5.100-1.400 1.400-5.100-5.100A7 7 0 1 1 10 3zm0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM7 9h6v2H7z",
  dots: "M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm0 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm0 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  plus: "M11 4h2v7h7v2h-7v7h-2v-7H4v-2h7z",
  songs: "M4 5h16v2H4zM4 11h16v2H4zM4 17h10v2H4z",
  gear: "M10 2h4l.500 2.700 2 .900 2.300-1.600 2.800 2.800-1.600 2.300.900 2 2.700.500v4l-2.700.500-.900 2 1.600 2.300-2.800 2.800-2.300-1.600-2 .900L14 22h-4l-.500-2.700-2-.900-2.300 1.600-2.800-2.800L4 14.900l-.900-2L2 12.500zM12 8.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z",
  search: "M10 3a7 7 0 0 1 5.600 11.200l5.100 5.100-1.400 1.400-5.100-5.100A7 7 0 1 1 10 3zm0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10z",
  check: "M9.500 17.500L4 12l1.500-1.500 4 4L18.500 5.500 20 7z",
  grip: "M8 5h3v3H8zM13 5h3v3h-3zM8 10.500h3v3H8zM13 10.500h3v3h-3zM8 16h3v3H8zM13 16h3v3h-3z",
  voice: "M12 2a3.500 3.500 0 0 1 3.500 3.500v6a3.500 3.500 0 0 1-7 0v-6A3.500 3.500 0 0 1 12 2zM5 11h2a5 5 0 0 0 10 0h2a7 7 0 0 1-6 6.900V22h-2v-4.100A7 7 0 0 1 5 11z",
  drum: "M12 6c5 0 9 1.300 9 3.200v7C21 18 17 20 12 20s-9-2-9-3.800v-7C3 7.300 7 6 12 6zm0 2c-3.800 0-6.500.700-6.500 1.300S8.200 10.500 12 10.500s6.500-.600 6.500-1.200S15.800 8 12 8zM3.700 2.500l6 3.200-.800 1.400-6-3.200zM20.300 2.500l-6 3.200.800 1.400 6-3.200z",
  low: "M9 4a5 5 0 0 1 5 5c0 5-3.500 8.500-8.500 11l-1-1.700C8.500 16 11 13 11 9a2.200 2.200 0 0 0-4-1.200A2.200 2.200 0 1 1 5 9.800 5.500 5.500 0 0 1 9 4zM17 6h2.500v2.500H17zM17 12h2.500v2.500H17z",
  guitar: "M20.500 2l1.500 1.500-2 2-1-.500-4.500 4.500c1.200 1.700 1 3.600-.500 4.500-1 .600-1 1.200-1.200 2.300C12.300 19.500 9.500 22 6 22a4 4 0 0 1-4-4c0-3.500 2.500-6.300 5.700-6.800 1.100-.200 1.700-.200 2.300-1.200.9-1.500 2.800-1.700 4.500-.500L19 5l-.500-1zM8 14a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  piano: "M3 5h18v14H3zm2 2v10h3.300v-4H7.500V7zm4.500 0v6H9.700v4h4.600v-4h-.800V7zm5 0v6h-.800v4H19V7z",
  note: "M9 4l11-2v13.500a3 3 0 1 1-2-2.800V7l-7 1.300v9.200a3 3 0 1 1-2-2.800z",
  whole: "M3 5h2v14H3zM19 5h2v14h-2zM9 8v3h6V8l4 4-4 4v-3H9v3l-4-4z",
};

export function icon(name: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", iconPaths[name] ?? "");
  svg.append(path);
  return svg;
}

/** A button with a picture on it; its name is for screen readers and the tooltip. */
export function iconButton(name: string, label: string, onclick: () => void, className = "icon"): HTMLButtonElement {
  return h("button", { type: "button", class: className, "aria-label": label, title: label, onclick }, icon(name));
}

export function setIcon(button: HTMLElement, name: string): void {
  button.replaceChildren(icon(name));
}

/** One may stand over another. */
let dialogs = 0;

/** A question or a form over the page; what it answers is the value of the button that closed it, "" for Escape. */
export function ask(title: string, body: Child[], buttons: HTMLElement[]): Promise<string> {
  return new Promise((resolve) => {
    const id = `dialog-title-${++dialogs}`;
    const heading = h("h2", { text: title, id });
    const dialog = h("dialog", { "aria-labelledby": id }, heading, ...body, h("form", { method: "dialog", class: "buttons" }, ...buttons));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    // Enter in a line of text is a yes, as everywhere.
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || event.target.type !== "text") return;
      // What has the focus after the dialog would take the key for its own.
      event.preventDefault();
      dialog.querySelector<HTMLElement>(".buttons .primary")?.click();
    });
    // A click beside it is a no.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A list of things to do with something, as a dialog that a thumb reaches. */
export async function menu(title: string, actions: { label: string; icon: string; danger?: boolean; run: () => void }[]): Promise<void> {
  const list = h("form", { method: "dialog", class: "menu" }, ...actions.map(({ label, icon: name, danger }, i) =>
    h("button", { value: `${i}`, class: danger ? "danger" : "" }, icon(name), h("span", { text: label }))));
  const chosen = await ask(title, [list], [h("button", { value: "", text: "Close" })]);
  if (chosen !== "") actions[Number(chosen)]!.run();
}

export function toast(message: string, kind: "info" | "error" = "info"): void {
  const host = document.getElementById("toasts")!;
  const note = h("div", { class: `toast ${kind}` }, h("span", { text: message }));
  note.append(iconButton("close", "Dismiss", () => note.remove()));
  host.append(note);
  setTimeout(() => note.remove(), kind === "error" ? 15_000 : 6_000);
}

/** Runs something that may be refused, and says so. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    toast(error instanceof Error ? error.message : `${error}`, "error");
    return undefined;
  }
}

/** Puts elements in order, moving only those that are out of place. */
export function arrange(list: HTMLElement, wanted: HTMLElement[]): void {
  wanted.forEach((element, i) => {
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
  while (list.children.length > wanted.length) list.lastElementChild!.remove();
}
