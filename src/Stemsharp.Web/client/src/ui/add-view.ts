import { api } from "../api";
import type { Job, JobSettings, Model, Song } from "../contract";
import { about, size } from "../format";
import { expectedSeconds, type Preset, presets } from "../presets";
import type { State } from "../state";
import { droppedFiles, isMusic, type PendingUpload, type Uploader } from "../upload";
import { h, toast } from "./dom";
import { stemColour, stemTitle } from "./stems";

const sampleAddress = "/sample.wav";
/** The length of song that estimates on the cards are for. */
const usualSeconds = 240;

/** Takes songs in: a place to drop them, what is wanted of them, and behind a drawer everything else. */
export class AddView {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly uploader: Uploader;
  private readonly begun: (upload: PendingUpload, settings: JobSettings) => void;
  private readonly queued: (job: Job, upload: PendingUpload) => void;
  private readonly cards = h("div", { class: "presets", role: "radiogroup", "aria-labelledby": "presets-title" });
  private readonly about = h("p", { class: "hint preset-about" });
  private readonly sample = h("button", { type: "button", text: "Try the sample song", onclick: () => void this.addSample() });
  private readonly model = h("select", { id: "model" });
  private readonly stems = h("fieldset", { class: "chips" }, h("legend", { text: "Stems to make" }));
  private readonly depth = choice("depth", [["pcm16", "16 bit, as on a CD"], ["pcm24", "24 bit, for a studio"], ["float32", "32 bit float"]]);
  private readonly clip = choice("clip", [
    ["rescale", "Make that stem softer"], ["rescale-all", "Make all stems softer"], ["clamp", "Cut the peaks off"], ["tanh", "Round the peaks off"], ["none", "Leave them"],
  ]);
  private readonly rest = choice("rest", [["add", "The other stems added up"], ["minus", "The song less the stem"]]);
  private readonly exact = h("input", { id: "exact", type: "checkbox" });
  private readonly shifts = h("input", { id: "shifts", type: "number", min: 1, max: 20, value: 1 });
  private readonly overlap = h("select", { id: "overlap" });
  private readonly restField = field("The rest is", this.rest);
  private preset = localStorage.getItem("preset") ?? "";
  private dropped = localStorage.getItem("all-but") ?? "";
  private shownStems = "";

  /** `begun` is told of every song that is on its way here, `queued` when it has come. */
  constructor(
    state: State, uploader: Uploader,
    begun: (upload: PendingUpload, settings: JobSettings) => void, queued: (job: Job, upload: PendingUpload) => void,
  ) {
    this.state = state;
    this.begun = begun;
    this.uploader = uploader;
    this.queued = queued;
    this.model.addEventListener("change", () => this.show());
    for (const control of [this.shifts, this.overlap]) control.addEventListener("change", () => this.showCards());
    state.on("models", () => this.show());
    this.element = h(
      "section", { class: "add", id: "add", "aria-labelledby": "add-title" },
      h("h2", { class: "title", id: "add-title", text: "Take songs apart" }),
      h("p", { class: "lead", text: "Vocals, drums, bass and more from any song, on this computer: no account, and no song leaves it." }),
      this.dropZone(),
      h("h3", { id: "presets-title", text: "What do you want of them?" }),
      this.cards, this.about,
      h(
        "details", { class: "advanced" },
        h("summary", { text: "Advanced" }),
        h("div", { class: "drawer" },
          field("Model", this.model), this.stems, this.restField,
          field("Depth of the files", this.depth),
          field("Peaks above full scale", this.clip),
          field("Passes, averaged", this.shifts),
          field("Overlap of pieces", this.overlap),
          h("label", { class: "check" }, this.exact, h("span", { text: "Stems add up to the song exactly" })),
          h("p", { class: "hint", text: "Each pass takes as long as the first; a few lift quality by a little. More overlap makes seams between pieces smoother." }),
        ),
      ),
    );
    // What opens below the edge of the screen comes into sight.
    const drawer = this.element.querySelector("details")!;
    drawer.addEventListener("toggle", () => drawer.open && drawer.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" }));
    this.show();
  }

  private dropZone(): HTMLElement {
    const files = h("input", { type: "file", multiple: true, accept: "audio/*,video/mp4,.flac,.opus,.m4a", hidden: true });
    const folder = h("input", { type: "file", webkitdirectory: true, hidden: true });
    files.addEventListener("change", () => this.addFiles([...(files.files ?? [])], files));
    folder.addEventListener("change", () => this.addFiles([...(folder.files ?? [])].filter(isMusic), folder));
    // The whole window takes what is dropped, and shows it: a song that misses the place must not replace the page.
    const veil = h("div", { class: "veil", hidden: true, "aria-hidden": "true" }, h("p", { text: "Let go to take it apart" }));
    document.body.append(veil);
    addEventListener("dragover", (event) => {
      event.preventDefault();
      veil.hidden = event.dataTransfer?.types.includes("Files") !== true;
    });
    addEventListener("dragleave", (event) => (veil.hidden ||= event.relatedTarget === null));
    addEventListener("drop", (event) => {
      event.preventDefault();
      veil.hidden = true;
      if (event.dataTransfer?.types.includes("Files")) void droppedFiles(event.dataTransfer).then((dropped) => this.addFiles(dropped));
    });
    return h(
      "div", { class: "drop" },
      h("p", { class: "big", text: "Drop songs or folders anywhere" }),
      h(
        "div", { class: "drop-buttons" },
        h("button", { type: "button", class: "primary", onclick: () => files.click(), text: "Choose songs" }),
        h("button", { type: "button", onclick: () => folder.click(), text: "Choose a folder" }),
        this.sample,
      ),
      files, folder,
    );
  }

  private addFiles(files: File[], input?: HTMLInputElement): void {
    if (files.length === 0) return toast("There is no music in that.", "error");
    const settings = this.settings();
    if (settings) this.upload(files, settings);
    // The same file can be chosen again.
    if (input) input.value = "";
  }

  /** The sample song is for the toy model, which is no match for others. */
  private async addSample(): Promise<void> {
    const toy = this.state.models.find((model) => model.isToy);
    const response = await fetch(sampleAddress).catch(() => undefined);
    if (!toy || !response?.ok) return toast("The sample song is not in this build.", "error");
    const file = new File([await response.blob()], "Sample song.wav");
    this.upload([file], { model: toy.name });
  }

  private upload(files: File[], settings: JobSettings): void {
    const batch = crypto.randomUUID();
    for (const file of files) {
      const upload = this.uploader.add(file, async (song: Song) => {
        const job = await api.createJob(song.id, settings, batch);
        this.queued(job, upload);
        this.state.put(job);
      }, (message) => toast(message, "error"));
      this.begun(upload, settings);
    }
  }

  private get base(): Model | undefined {
    const { server, models } = this.state;
    return models.find((model) => model.name === server?.defaultModel) ?? models[0];
  }

  private get offered(): Preset[] {
    return presets(this.state.models, this.base, this.dropped);
  }

  private get chosen(): Preset | undefined {
    const all = this.offered;
    return all.find(({ id }) => id === this.preset) ?? all.find(({ id, model }) => model === this.base && !id.match(/instr|voc|but/)) ?? all[0];
  }

  /** The model that will be at work: that of the drawer, or else the card's. */
  private get worker(): Model | undefined {
    return this.state.models.find((model) => model.name === this.model.value) ?? this.chosen?.model;
  }

  private settings(): JobSettings | undefined {
    const model = this.worker;
    if (!model) return refuse("The server offers no model.");
    const card = this.chosen?.settings ?? {};
    const two = card.twoStems !== undefined && (model.stems.length === 0 || model.stems.includes(card.twoStems));
    if (card.twoStems !== undefined && !two) return refuse(`The model ${model.name} has no stem “${card.twoStems}”. Choose another card, or another model under Advanced.`);
    const boxes = [...this.stems.querySelectorAll("input")];
    const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!two && boxes.length > 0 && wanted.length === 0) return refuse("Choose at least one stem.");
    const some = !two && wanted.length < boxes.length;
    if (this.exact.checked && (some || card.otherMethod === "none")) return refuse("Only all stems add up to the song: choose all of them, or leave “add up exactly” out.");
    return {
      model: model.name,
      ...(some ? { stems: wanted } : {}),
      ...(two ? { twoStems: card.twoStems, otherMethod: card.otherMethod === "add" ? this.rest.value : card.otherMethod } : {}),
      exactSum: this.exact.checked,
      sampleFormat: this.depth.value,
      clipMode: this.clip.value,
      shifts: this.passes,
      ...(this.overlap.value ? { overlap: Number(this.overlap.value) } : {}),
    };
  }

  private get passes(): number {
    return Math.max(1, Math.min(20, Number(this.shifts.value) || 1));
  }

  private show(): void {
    this.showModels();
    this.showCards();
    this.showStems();
    this.sample.hidden = !this.state.models.some((model) => model.isToy);
  }

  private showModels(): void {
    const before = this.model.value;
    const { models } = this.state;
    const option = (model: Model) => h("option", { value: model.name, text: model.installed ? model.name : `${model.name} (not here yet)` });
    const group = (label: string, some: Model[]) => (some.length > 0 ? [h("optgroup", { label }, ...some.map(option))] : []);
    const single = models.filter((model) => !model.models && (!model.isToy || model === this.base));
    this.model.replaceChildren(
      h("option", { value: "", text: `As the card has it${this.chosen ? `: ${this.chosen.model.name}` : ""}` }),
      ...single.filter((model) => !model.byOthers).map(option),
      ...group("Several models", models.filter((model) => model.models)),
      ...group("Models of others", single.filter((model) => model.byOthers)),
    );
    this.model.value = models.some((model) => model.name === before) ? before : "";
  }

  private showCards(): void {
    const focused = this.cards.contains(document.activeElement);
    const chosen = this.chosen;
    this.cards.replaceChildren(...this.offered.map((preset) => this.card(preset, preset.id === chosen?.id)));
    if (focused) this.cards.querySelector<HTMLElement>("[aria-checked=true]")?.focus();
    const model = this.worker;
    this.about.replaceChildren(...(model ? describe(model) : []));
    this.about.dataset.model = model?.name ?? "";
    this.restField.hidden = chosen?.settings.otherMethod !== "add";
  }

  private card(preset: Preset, checked: boolean): HTMLElement {
    const choose = (id: string) => {
      this.preset = id;
      localStorage.setItem("preset", id);
      // A card says which model; the drawer's own choice was for another one.
      this.model.value = "";
      this.show();
    };
    const seconds = expectedSeconds(usualSeconds, preset.model, { ...preset.settings, shifts: this.passes, ...(this.overlap.value ? { overlap: Number(this.overlap.value) } : {}) });
    const time = seconds === undefined ? "Time not known yet" : capital(`${about(seconds)} for a 4\u2011minute song`);
    const missing = preset.model.installed ? "" : ` · ${preset.model.downloadBytes ? `${size(preset.model.downloadBytes)} to download` : "to be downloaded"} first`;
    const button = h(
      "button", { type: "button", class: "preset", role: "radio", "aria-checked": `${checked}`, tabindex: checked ? 0 : -1, onclick: () => choose(preset.id) },
      h("strong", { text: preset.title }), h("span", { text: preset.text }), h("small", { text: time + missing }),
    );
    button.dataset.preset = preset.id;
    button.addEventListener("keydown", (event) => {
      const all = this.offered, at = all.findIndex(({ id }) => id === preset.id);
      const step = /^Arrow(Right|Down)$/.test(event.key) ? 1 : /^Arrow(Left|Up)$/.test(event.key) ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      choose(all[(at + step + all.length) % all.length]!.id);
    });
    if (!preset.choices) return button;
    const select = h("select", { "aria-label": "Which stem is left out" }, ...preset.choices.map((stem) => h("option", { value: stem, text: stemTitle(stem) })));
    select.value = preset.settings.twoStems ?? "";
    select.addEventListener("change", () => {
      this.dropped = select.value;
      localStorage.setItem("all-but", select.value);
      choose(preset.id);
    });
    return h("div", { class: "preset-with-choice", role: "none" }, button, select);
  }

  private showStems(): void {
    const model = this.worker;
    const two = this.chosen?.settings.twoStems !== undefined;
    const key = `${model?.name} ${model?.stems.join()} ${model?.overlap} ${two}`;
    if (key === this.shownStems) return;
    this.shownStems = key;
    if (model) this.showOverlap(model);
    const stems = two ? [] : (model?.stems ?? []);
    const chips = stems.map((stem) => {
      const chip = h("label", { class: "chip" }, h("input", { type: "checkbox", value: stem, checked: true }), h("span", { text: stemTitle(stem) }));
      chip.style.setProperty("--stem", stemColour(stem, stems));
      return chip;
    });
    this.stems.replaceChildren(h("legend", { text: "Stems to make" }), ...chips);
    this.stems.hidden = chips.length === 0;
  }

  /** What each overlap costs: the network's work is the song's length by what of a piece is new. */
  private showOverlap({ overlap }: Model): void {
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    const times = (share: number) => (overlap === undefined ? "" : `, ${Number(((1 - overlap) / (1 - share)).toPrecision(2))} × the time`);
    this.overlap.replaceChildren(
      h("option", { value: "", text: overlap === undefined ? "As the model has it" : `As the model has it: ${percent(overlap)}` }),
      ...[0.1, 0.25, 0.5, 0.75, 0.875].filter((share) => share !== overlap).map((share) => h("option", { value: share, text: percent(share) + times(share) })),
    );
  }
}

/** A model in a line: what it is, what it takes, and under which licence. */
export function describe(model: Model): (Node | string)[] {
  const runs = model.models ? ` Runs ${model.models.join(", ")}.` : "";
  return [`${model.name}: ${model.description}${runs} `, ...licence(model)];
}

export function licence({ licence }: Model): (Node | string)[] {
  if (!licence) return ["Licence: not stated"];
  const source = licence.link ? h("a", { href: licence.link, target: "_blank", rel: "noopener noreferrer", text: licence.statedBy }) : licence.statedBy;
  return [`Licence: ${licence.text}, as stated by `, source];
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

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
