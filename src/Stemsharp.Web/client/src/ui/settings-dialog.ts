import { api } from "../api";
import type { Model } from "../contract";
import { plural, size } from "../format";
import type { State } from "../state";
import { licence } from "./add-view";
import { ask, attempt, h } from "./dom";
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
  const action = model.installed ? h("span", { class: "tag", text: "here" })
    : download && !download.error ? h("progress", { max: 1, value: download.fraction, "aria-label": `Download of ${model.name}` })
      : h("button", {
          type: "button", onclick: () => void attempt(() => api.download(model.name)).then((started) => started && state.takeModel(started)),
        }, "Download ", h("span", { class: "visually-hidden", text: model.name }), model.downloadBytes ? size(model.downloadBytes) : "");
  return h("li", {}, h("div", {}, h("strong", { text: model.name }), facts, download?.error && h("p", { class: "error", text: download.error })), action);
}
