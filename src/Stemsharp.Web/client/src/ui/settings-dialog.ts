import { api } from "../api";
import type { Model } from "../contract";
import { plural, size } from "../format";
import type { State } from "../state";
import { licence } from "./add-view";
import { devicesSection } from "./devices";
import { ask, attempt, h, iconButton } from "./dom";
import { setKeys, usesKeys } from "./shortcuts";
import { chosenTheme, setTheme, type Theme } from "./theme";

const themes: [Theme, string][] = [["auto", "As the system has it"], ["light", "Light"], ["dark", "Dark"]];

/** Colours, keys, models and storage. */
export async function showSettings(state: State): Promise<void> {
  const theme = h("select", { id: "theme" }, ...themes.map(([value, text]) => h("option", { value, text })));
  theme.value = chosenTheme();
  theme.addEventListener("change", () => setTheme(theme.value as Theme));
  const keys = h("input", { type: "checkbox", checked: usesKeys() });
  keys.addEventListener("change", () => setKeys(keys.checked));
  const models = h("ul", { class: "models" });
  // Whoever is at one of them stays there, whatever is told or asked meanwhile.
  let at = "";
  models.addEventListener("focusin", (event) => (at = (event.target as HTMLElement).closest("li")!.dataset.model!));
  const stay = () => {
    if (at === "" || document.activeElement !== document.body) return;
    const same = models.querySelector<HTMLElement>(`[data-model="${CSS.escape(at)}"]`);
    (same?.querySelector<HTMLElement>("button") ?? same)?.focus();
  };
  const show = () => {
    models.replaceChildren(...[...state.models].sort((a, b) => Number(b.installed) - Number(a.installed)).map((model) => row(model, state, stay)));
    stay();
  };
  show();
  state.on("models", show);
  const { server } = state;
  const storage = h("p");
  const weigh = () => {
    if (!state.server) return;
    const { usedDiskBytes, maxDiskBytes } = state.server;
    storage.textContent = `${plural(state.songs().size, "song")}, ${size(usedDiskBytes)}${maxDiskBytes ? ` of ${size(maxDiskBytes)}` : ""} on this computer. “Select” above the songs deletes several at once.`;
  };
  weigh();
  state.on("server", weigh);
  // It opens with what is known: keys that are pressed at once are meant for it.
  void state.refreshServer().catch(() => undefined);
  await ask(
    "Settings",
    [
      h("div", { class: "field" }, h("label", { for: "theme", text: "Colours" }), theme),
      h("label", { class: "check" }, keys, h("span", { text: "Keys such as Space, L and 1 … 9 play, loop and mute" })),
      server?.canOpenLan ? devicesSection() : "",
      h("h3", { text: "Storage" }), storage,
      h("h3", { text: "Models" }), models,
      h("p", { class: "hint", text: server ? `Stemsharp ${server.version}, ${server.engine}` : "" }),
    ],
    [h("button", { value: "", class: "primary", text: "Close" })],
  );
  state.off("models", show);
  state.off("server", weigh);
}

function row(model: Model, state: State, stay: () => void): HTMLElement {
  const { download } = model;
  const facts = h("p", { class: "hint" }, model.description, " ", ...licence(model));
  const action = model.installed ? present(model, state, stay)
    : download && !download.error ? h("progress", { max: 1, value: download.fraction, "aria-label": `Download of ${model.name}` })
      : h("button", {
          type: "button", onclick: () => void attempt(() => api.download(model.name)).then((started) => started && state.takeModel(started)),
        }, "Download ", h("span", { class: "visually-hidden", text: model.name }), model.downloadBytes ? size(model.downloadBytes) : "");
  return h("li", { "data-model": model.name, tabindex: -1 }, h("div", {}, h("strong", { text: model.name }), facts, download?.error && h("p", { class: "error", text: download.error })), action);
}

/** A model that is here, and a way to be rid of it where the server has fetched it. */
function present(model: Model, state: State, stay: () => void): HTMLElement {
  const { removableBytes } = model;
  if (!removableBytes) return h("span", { class: "tag", text: "here" });
  return h("div", { class: "present" }, h("span", { class: "tag", text: size(removableBytes) }), iconButton("trash", `Delete ${model.name} …`, () => void attempt(() => remove(model, state)).then(stay)));
}

/** Says exactly what goes. */
async function remove(model: Model, state: State): Promise<void> {
  const { files, sharedWith } = await api.modelFiles(model.name);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const answer = await ask(
    `Delete ${model.name}?`,
    [
      h("ul", { class: "deleted" }, ...files.map((file) => h("li", { text: `${file.name}, ${size(file.bytes)}` }))),
      h("p", { text: `${files.length === 1 ? "This file goes" : "These files go"}, ${size(bytes)} in all. Songs and their stems stay; to take more songs apart with it, it has to be downloaded again.` }),
      sharedWith.length > 0 && h("p", { text: `Not here any more either, because ${sharedWith.length === 1 ? "it needs" : "they need"} the same: ${sharedWith.join(", ")}.` }),
    ],
    [h("button", { value: "", text: "Keep" }), h("button", { value: "yes", class: "danger", text: "Delete" })],
  );
  if (answer !== "yes") return;
  await api.deleteModel(model.name);
  await state.refreshModels();
}
