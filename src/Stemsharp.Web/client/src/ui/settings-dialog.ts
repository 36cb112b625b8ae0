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
  const show = () => models.replaceChildren(...[...state.models].sort((a, b) => Number(b.installed) - Number(a.installed)).map((model) => row(model, state)));
  show();
  state.on("models", show);
  await state.refreshServer().catch(() => undefined);
  const { server } = state;
  const songs = state.songs().size;
  const storage = server
    ? `${plural(songs, "song")}, ${size(server.usedDiskBytes)}${server.maxDiskBytes ? ` of ${size(server.maxDiskBytes)}` : ""} on this computer. “Select” above the songs deletes several at once.`
    : "";
  await ask(
    "Settings",
    [
      h("div", { class: "field" }, h("label", { for: "theme", text: "Colours" }), theme),
      h("label", { class: "check" }, keys, h("span", { text: "Keys such as Space, L and 1 … 9 play, loop and mute" })),
      server?.canOpenLan ? devicesSection() : "",
      h("h3", { text: "Storage" }), h("p", { text: storage }),
      h("h3", { text: "Models" }), models,
      h("p", { class: "hint", text: server ? `Stemsharp ${server.version}, ${server.engine}` : "" }),
    ],
    [h("button", { value: "", class: "primary", text: "Close" })],
  );
  state.off("models", show);
}

function row(model: Model, state: State): HTMLElement {
  const { download } = model;
  const facts = h("p", { class: "hint" }, model.description, " ", ...licence(model));
  const action = model.installed ? present(model, state)
    : download && !download.error ? h("progress", { max: 1, value: download.fraction, "aria-label": `Download of ${model.name}` })
      : h("button", {
          type: "button", onclick: () => void attempt(() => api.download(model.name)).then((started) => started && state.takeModel(started)),
        }, "Download ", h("span", { class: "visually-hidden", text: model.name }), model.downloadBytes ? size(model.downloadBytes) : "");
  return h("li", {}, h("div", {}, h("strong", { text: model.name }), facts, download?.error && h("p", { class: "error", text: download.error })), action);
}

/** A model that is here, and a way to be rid of it where the server has fetched it. */
function present(model: Model, state: State): HTMLElement {
  const { removableBytes } = model;
  if (!removableBytes) return h("span", { class: "tag", text: "here" });
  return h("div", { class: "present" }, h("span", { class: "tag", text: size(removableBytes) }), iconButton("trash", `Delete ${model.name} …`, () => void attempt(() => remove(model, state))));
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
