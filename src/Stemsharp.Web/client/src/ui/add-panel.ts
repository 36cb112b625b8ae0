import { api } from "../api";
import type { Job, JobSettings, Model, Song } from "../contract";
import { size } from "../format";
import type { State } from "../state";
import { droppedFiles, isMusic, Uploader } from "../upload";
import { attempt, h, toast } from "./dom";
import { stemColour } from "./stems";

/** Takes songs in, with the choice of model, stems and output. */
export class AddPanel {
  readonly element: HTMLElement;
  readonly uploader = new Uploader();
  private readonly state: State;
  private readonly model = h("select", { id: "model" });
  private readonly about = h("p", { class: "hint" });
  private readonly licence = h("p", { class: "hint licence" });
  private readonly download = h("div", { class: "download" });
  private readonly split = choice("split", [["stems", "A file for every stem"], ["two", "One stem and the rest"]]);
  private readonly stems = h("fieldset", { class: "chips" }, h("legend", { text: "Stems" }));
  private readonly depth = choice("depth", [["pcm16", "16 bit"], ["pcm24", "24 bit"], ["float32", "32 bit float"]]);
  private readonly clip = choice("clip", [
    ["rescale", "Make the stem softer"], ["rescale-all", "Make all stems softer"], ["clamp", "Cut peaks off"], ["tanh", "Round peaks off"], ["none", "Leave them"],
  ]);
  private readonly rest = choice("rest", [["add", "The other stems added up"], ["minus", "The song less the stem"]]);
  private readonly exact = h("input", { id: "exact", type: "checkbox" });
  private readonly shifts = h("input", { id: "shifts", type: "number", min: 1, max: 20, value: 1 });
  private readonly overlap = h("select", { id: "overlap" });
  private readonly restField = field("The rest is", this.rest);
  private readonly queued: (job: Job) => void;
  private shownModel = "";

  constructor(state: State, queued: (job: Job) => void) {
    this.state = state;
    this.queued = queued;
    this.model.addEventListener("change", () => this.showModel());
    this.split.addEventListener("change", () => this.showStems());
    state.on("models", () => this.showModels());
    this.element = h(
      "section", { class: "panel add", "aria-labelledby": "add-title" },
      h("h1", { id: "add-title", text: "Take songs apart" }),
      this.dropZone(),
      field("Model", this.model),
      this.about, this.licence, this.download,
      field("Make", this.split), this.stems, this.restField,
      h(
        "details", {},
        h("summary", { text: "Output and quality" }),
        field("Samples", this.depth),
        field("Peaks above full scale", this.clip),
        h("label", { class: "check" }, this.exact, h("span", { text: "Stems add up to the song exactly" })),
        field("Passes, shifted in time", this.shifts),
        field("Overlap of segments", this.overlap),
        h("p", { class: "hint", text: "Each pass takes as long as the first; a few lift quality by a little." }),
      ),
    );
    this.showModels();
  }

  private dropZone(): HTMLElement {
    const files = h("input", { type: "file", multiple: true, accept: "audio/*,video/mp4,.flac,.opus,.m4a", hidden: true });
    const folder = h("input", { type: "file", webkitdirectory: true, hidden: true });
    files.addEventListener("change", () => this.addFiles([...(files.files ?? [])], files));
    folder.addEventListener("change", () => this.addFiles([...(folder.files ?? [])].filter(isMusic), folder));
    const zone = h(
      "div", { class: "drop" },
      h("p", { class: "big", text: "Drop songs or folders here" }),
      h(
        "div", { class: "drop-buttons" },
        h("button", { type: "button", class: "primary", onclick: () => files.click(), text: "Choose songs" }),
        h("button", { type: "button", onclick: () => folder.click(), text: "Choose a folder" }),
      ),
      files, folder,
    );
    // The whole page takes what is dropped: a song that misses the zone must not replace the page.
    addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    addEventListener("dragleave", (event) => event.relatedTarget === null && zone.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer) void droppedFiles(event.dataTransfer).then((dropped) => this.addFiles(dropped));
    });
    return zone;
  }

  private addFiles(files: File[], input?: HTMLInputElement): void {
    if (files.length === 0) return toast("There is no music in that.", "error");
    const settings = this.settings();
    if (!settings) return;
    const batch = crypto.randomUUID();
    const queue = async (song: Song) => {
      const job = await api.createJob(song.id, settings, batch);
      this.queued(job);
      this.state.put(job);
    };
    for (const file of files) this.uploader.add(file, queue, (message) => toast(message, "error"));
    // The same file can be chosen again.
    if (input) input.value = "";
  }

  private settings(): JobSettings | undefined {
    const model = this.chosen();
    if (!model?.installed) return refuse(`The model ${model?.name ?? ""} is not on this machine yet. Download it first, or choose another.`);
    const boxes = [...this.stems.querySelectorAll("input")];
    const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
    if (boxes.length > 0 && wanted.length === 0) return refuse("Choose at least one stem.");
    const two = this.split.value === "two" && boxes.length > 0;
    const some = !two && wanted.length < boxes.length;
    if (this.exact.checked && some) return refuse("Only all stems add up to the song: choose all of them, or leave “add up exactly” out.");
    return {
      model: model.name,
      ...(some ? { stems: wanted } : {}),
      ...(two ? { twoStems: wanted[0], otherMethod: this.rest.value } : {}),
      exactSum: this.exact.checked,
      sampleFormat: this.depth.value,
      clipMode: this.clip.value,
      shifts: Math.max(1, Math.min(20, Number(this.shifts.value) || 1)),
      ...(this.overlap.value ? { overlap: Number(this.overlap.value) } : {}),
    };
  }

  private chosen(): Model | undefined {
    return this.state.models.find((model) => model.name === this.model.value);
  }

  private showModels(): void {
    const before = this.model.value;
    const { models, server } = this.state;
    const option = (model: Model) => h("option", { value: model.name, text: model.installed ? model.name : `${model.name} (not here yet)` });
    const group = (label: string, some: Model[]) => (some.length > 0 ? [h("optgroup", { label }, ...some.map(option))] : []);
    const single = models.filter((model) => !model.models);
    this.model.replaceChildren(
      ...single.filter((model) => !model.byOthers).map(option),
      ...group("Several models", models.filter((model) => model.models)),
      ...group("Models of others", single.filter((model) => model.byOthers)),
    );
    const wanted = before || server?.defaultModel;
    const first = models.find((model) => model.name === wanted && (before !== "" || model.installed)) ?? models.find((model) => model.installed) ?? models[0];
    if (first) this.model.value = first.name;
    this.showModel();
  }

  private showModel(): void {
    const model = this.chosen();
    if (!model) return;
    this.about.textContent = model.models ? `${model.description} Runs ${model.models.join(", ")}.` : model.description;
    this.showLicence(model);
    this.showDownload(model);
    const key = `${model.name} ${model.stems.join()} ${model.overlap}`;
    if (key === this.shownModel) return;
    this.shownModel = key;
    this.showOverlap(model);
    this.showStems();
  }

  /** What each overlap costs: the network's work is the song's length by what of a segment is new. */
  private showOverlap({ overlap }: Model): void {
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    const times = (share: number) => (overlap === undefined ? "" : `, ${Number(((1 - overlap) / (1 - share)).toPrecision(2))} × the time`);
    this.overlap.replaceChildren(
      h("option", { value: "", text: overlap === undefined ? "As the model has it" : `As the model has it: ${percent(overlap)}` }),
      ...[0.1, 0.25, 0.5, 0.75, 0.875].filter((share) => share !== overlap).map((share) => h("option", { value: share, text: percent(share) + times(share) })),
    );
  }

  private showStems(): void {
    const stems = this.chosen()?.stems ?? [];
    const two = this.split.value === "two";
    const first = stems.includes("vocals") ? "vocals" : stems[0];
    const chips = stems.map((stem) => {
      const box = h("input", { type: two ? "radio" : "checkbox", name: "stem", value: stem, checked: !two || stem === first });
      const chip = h("label", { class: "chip" }, box, h("span", { text: stem }));
      chip.style.setProperty("--stem", stemColour(stem, stems));
      return chip;
    });
    this.stems.replaceChildren(h("legend", { text: two ? "The one stem" : "Stems" }), ...chips);
    this.stems.hidden = chips.length === 0;
    this.restField.hidden = !two;
  }

  private showLicence(model: Model): void {
    const { licence } = model;
    if (!licence) return this.licence.replaceChildren("Licence: not stated");
    const source = licence.link ? h("a", { href: licence.link, target: "_blank", rel: "noopener noreferrer", text: licence.statedBy }) : licence.statedBy;
    this.licence.replaceChildren(`Licence: ${licence.text}, as stated by `, source);
  }

  private showDownload(model: Model): void {
    this.download.replaceChildren();
    if (model.installed) return;
    if (model.download && !model.download.error) {
      this.download.append(
        h("progress", { max: 1, value: model.download.fraction, "aria-label": `Download of ${model.name}` }),
        h("span", { class: "hint", text: `${Math.round(model.download.fraction * 100)} % downloaded` }),
      );
      return;
    }
    if (model.download?.error) this.download.append(h("p", { class: "error", text: model.download.error }));
    const bytes = model.downloadBytes ? ` (${size(model.downloadBytes)})` : "";
    this.download.append(h("button", {
      type: "button", text: `Download ${model.name}${bytes}`,
      onclick: () => void attempt(async () => {
        const started = await api.download(model.name);
        this.state.models = this.state.models.map((known) => (known.name === started.name ? started : known));
        this.showModels();
      }),
    }));
  }
}

function choice(id: string, options: [string, string][]): HTMLSelectElement {
  return h("select", { id }, ...options.map(([value, text]) => h("option", { value, text })));
}

function field(label: string, control: HTMLElement): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: control.id, text: label }), control);
}

function refuse(message: string): undefined {
  toast(message, "error");
  return undefined;
}
