import { api } from "../api";
import { Player, type LaneLevel } from "../audio/player";
import { StemSource } from "../audio/stem-source";
import { loadWaveform } from "../audio/waveform";
import type { Job } from "../contract";
import { settingsText, speed, time, title } from "../format";
import type { Practice } from "../practice/panel";
import type { State } from "../state";
import { attempt, h, iconButton } from "./dom";
import { heard, LaneView, newSetting, type LaneSetting } from "./lane-view";
import { listen, showHelp, type Shortcut } from "./shortcuts";
import { Stage } from "./stage";
import { stemColour } from "./stems";
import { themeChanged } from "./top-bar";
import { Transport } from "./transport";

type Side = "a" | "b";

/** The player for one job, or for two jobs of the same song that are compared. */
export class PlayerView {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly closed: (jobId: string) => void;
  private readonly player = new Player();
  private readonly stage: Stage;
  private readonly transport: Transport;
  private readonly settings = new Map<string, LaneSetting>();
  private readonly name = h("h1", { id: "player-title" });
  private readonly facts = h("p", { class: "facts" });
  private readonly provisional = h("p", { class: "badge", text: "Still being separated: levels are not final" });
  private readonly lanesBox = h("div", { class: "lane-heads" });
  private readonly pictures = h("div", { class: "lane-pictures", id: "lane-pictures" });
  private readonly compare = h("select", { "aria-label": "Compare with" });
  private readonly sides = h("div", { class: "sides", role: "group", "aria-label": "Which model is heard" });
  private readonly another = h("select", { "aria-label": "Separate this song again with" });
  private readonly format = h("select", { "aria-label": "Format of downloads" });
  private readonly zip = h("a", { class: "button", download: true, text: "All stems" });
  private readonly mix = h("a", { class: "button", download: true, text: "This mix" });
  private readonly downloads = h("div", { class: "downloads" }, h("span", { text: "Download" }), this.zip, this.mix, h("span", { text: "as" }), this.format);
  private readonly practiceButton = h("button", { type: "button", text: "Practice", "aria-expanded": "false", "aria-controls": "practice", onclick: () => void this.togglePractice() });
  private readonly practiceBox = h("div", { id: "practice", hidden: true });
  private practice: Practice | undefined;
  private readonly content: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly shortcuts: Shortcut[];
  private lanes: LaneView[] = [];
  private job: Job | undefined;
  private other: Job | undefined;
  private side: Side = "a";
  private opened = "";
  private waveformsAt = 0;

  /** `back` leads to the list of songs; `closed` is told of a job whose stems have gone while it was open. */
  constructor(state: State, back: () => void, closed: (jobId: string) => void) {
    this.state = state;
    this.closed = closed;
    this.stage = new Stage((fraction) => this.player.seek(fraction * this.frames), (from, to) => this.setLoop(from, to));
    this.transport = new Transport(this.player, () => this.toggleLoop(), () => showHelp(this.shortcuts), () => this.practice?.countIn());
    this.overlayPlayhead();
    this.content = h(
      "div", { class: "player-content" },
      h(
        "header", { class: "player-head" },
        h("div", { class: "back" }, iconButton("back", "Back to the songs", back)),
        h("div", { class: "player-names" }, this.name, this.facts, this.provisional),
        h("div", { class: "player-tools" }, this.practiceButton, this.another, this.compare, this.sides),
      ),
      h(
        "div", { class: "lanes", role: "group", "aria-label": "Stems" },
        this.stage.zoomButtons, this.stage.ruler, this.lanesBox, this.pictures, this.stage.scroller,
      ),
      this.practiceBox,
      this.downloads,
      this.transport.element,
    );
    this.pictures.append(this.stage.overlay);
    this.empty = h(
      "div", { class: "empty" },
      h("img", { src: "/icon.svg", alt: "", width: 72, height: 72 }),
      h("p", { class: "big", text: "Nothing is open yet" }),
      h("p", { text: "Drop a song: it opens here as soon as its first seconds are separated. Every stem gets a lane of its own: mute, solo, turn up and down, loop, compare models, and take home what you need." }),
    );
    this.element = h("section", { id: "player", class: "panel player", "aria-label": "Player" }, this.empty, this.content);
    this.content.hidden = true;

    this.compare.addEventListener("change", () => this.setOther(this.compare.value));
    this.another.addEventListener("change", () => void this.separateAgain(this.another.value));
    this.stage.view.addEventListener("change", () => this.paintLanes());
    this.format.addEventListener("change", () => this.showDownloads());
    this.player.addEventListener("state", () => this.showState());
    state.on("jobs", () => this.refresh());
    state.on("models", () => this.showChoices());
    themeChanged.addEventListener("change", () => this.paint());
    new ResizeObserver(() => this.paint()).observe(this.pictures);
    this.shortcuts = this.makeShortcuts();
    listen(this.shortcuts, () => this.job !== undefined);
  }

  get isOpen(): boolean {
    return this.job !== undefined;
  }

  /** Opens a job; the focus goes to it where somebody has asked for it. */
  open(job: Job, focus: boolean): void {
    if (this.job?.id !== job.id) [this.other, this.side] = [undefined, "a"];
    this.job = job;
    this.empty.hidden = true;
    this.content.hidden = false;
    this.refresh();
    this.name.tabIndex = -1;
    if (focus) this.name.focus({ preventScroll: true });
  }

  private get frames(): number {
    return this.job?.audio?.frames ?? 0;
  }

  /** The job whose lanes are shown and heard. */
  private get current(): Job {
    return this.side === "b" && this.other ? this.other : this.job!;
  }

  private get jobs(): Job[] {
    return this.other ? [this.job!, this.other] : [this.job!];
  }

  /** Takes over what the server has said of the jobs that are open. */
  private refresh(): void {
    if (!this.job) return;
    const fresh = this.state.jobs.get(this.job.id);
    if (!fresh?.audio) return this.close(this.job.id);
    this.job = fresh;
    if (this.other) this.other = this.state.jobs.get(this.other.id);
    if (!this.other) this.side = "a";
    const key = this.jobs.map((job) => `${job.id} ${job.state} ${job.finished}`).join();
    if (key !== this.opened) {
      const same = this.opened.startsWith(this.job.id);
      this.opened = key;
      this.load(same);
    }
    const made = fresh.state === "running" ? (fresh.progress?.playableFrames ?? 0) : this.frames;
    if (fresh.state === "running") {
      this.player.setLimit(made);
      if (made - this.waveformsAt > this.frames / 50) void this.loadWaveforms();
    }
    this.stage.showMade(this.frames > 0 ? made / this.frames : 1);
    this.provisional.hidden = fresh.state !== "running";
    this.showChoices();
  }

  private load(keepPosition: boolean): void {
    const { audio } = this.job!;
    const sources = this.jobs.flatMap((job) => job.audio!.stems.map((stem) => new StemSource(job.id, stem)));
    this.player.open(sources, audio!.frames, audio!.sampleRate, keepPosition);
    this.showLanes();
  }

  /** The practice tools are loaded when they are asked for; what was set for a song stays in force while they are hidden. */
  private async togglePractice(): Promise<void> {
    const open = this.practiceBox.hidden;
    if (open && !this.practice) {
      const panel = await attempt(() => import("../practice/panel"));
      if (!panel) return;
      this.practice ??= panel.mount(this.practiceBox, this.player);
    }
    this.practiceBox.hidden = !open;
    this.practiceButton.setAttribute("aria-expanded", `${open}`);
    this.openPractice();
  }

  private openPractice(): void {
    const { job } = this;
    void this.practice?.open(job && job.state === "done" ? {
      id: job.songId,
      name: title(job.name),
      mix: () => ({
        sources: this.current.audio!.stems.map((stem) => new StemSource(this.current.id, stem)),
        levels: this.levels(this.current),
        frames: this.frames,
        sampleRate: job.audio!.sampleRate,
      }),
    } : undefined);
  }

  private levels(job: Job): LaneLevel[] {
    const settings = job.audio!.stems.map((stem) => this.settings.get(stem)!);
    const anySolo = settings.some(({ solo }) => solo);
    return settings.map((setting) => heard(setting, anySolo));
  }

  private showLanes(): void {
    const job = this.current;
    this.openPractice();
    this.lanes = job.audio!.stems.map((stem, i, stems) => {
      let setting = this.settings.get(stem);
      if (!setting) this.settings.set(stem, (setting = newSetting()));
      return new LaneView(stem, stemColour(stem, stems), i + 1, setting, () => this.applyLevels(), () => this.current.id, this.stage.view);
    });
    document.documentElement.style.setProperty("--lanes", `${this.lanes.length}`);
    this.lanesBox.replaceChildren(...this.lanes.map((lane) => lane.head));
    this.pictures.replaceChildren(...this.lanes.map((lane) => lane.canvas), this.stage.overlay);
    this.name.textContent = title(job.name);
    const facts = [time(job.durationSeconds), settingsText(job), job.timesRealTime && speed(job.timesRealTime)];
    this.facts.textContent = facts.filter(Boolean).join(" · ");
    const seconds = job.audio!.frames / job.audio!.sampleRate;
    this.stage.setLength(seconds);
    this.transport.setLength(job.audio!.frames, job.audio!.sampleRate);
    this.stage.showLoop(undefined);
    this.showLoop();
    this.applyLevels();
    this.showDownloads();
    void this.loadWaveforms();
  }

  private async loadWaveforms(): Promise<void> {
    const job = this.current;
    this.waveformsAt = job.progress?.playableFrames ?? this.frames;
    const lanes = this.lanes;
    const waveforms = await Promise.all(lanes.map((lane) => loadWaveform(job.id, lane.stem).catch(() => undefined)));
    if (lanes !== this.lanes) return;
    let loudest = 8;
    for (const waveform of waveforms) for (const level of waveform?.pairs ?? []) loudest = Math.max(loudest, Math.abs(level));
    lanes.forEach((lane, i) => waveforms[i] && lane.setWaveform(waveforms[i], job.audio!.frames, Math.min(6, 118 / loudest)));
  }

  private applyLevels(): void {
    const shown = this.current.audio!.stems;
    const anySolo = shown.some((stem) => this.settings.get(stem)!.solo);
    const levels = this.jobs.flatMap((job) =>
      job.audio!.stems.map((stem) => {
        const setting = this.settings.get(stem);
        if (job !== this.current || !setting) return { gain: 0, pan: 0 };
        return heard(setting, anySolo);
      }),
    );
    this.player.setLevels(levels);
    for (const lane of this.lanes) {
      lane.showSetting();
      lane.showAudible(heard(this.settings.get(lane.stem)!, anySolo).gain > 0);
    }
    this.showDownloads();
  }

  private showDownloads(): void {
    const job = this.current;
    const done = job.state === "done";
    const format = this.format.value || "wav";
    this.downloads.hidden = !done;
    for (const lane of this.lanes) lane.setDownload(done ? api.stemAddress(job.id, lane.stem, format) : undefined);
    if (!done) return;
    const levels = this.levels(job);
    this.zip.href = api.zipAddress(job.id, format);
    this.mix.href = api.mixAddress(job.id, levels.map(({ gain }) => gain), levels.map(({ pan }) => pan), format);
  }

  /** Other models' results for the same song, and the models that could be tried. */
  private showChoices(): void {
    const job = this.job;
    if (!job) return;
    const siblings = [...this.state.jobs.values()].filter(
      (other) => other.songId === job.songId && other.id !== job.id && other.state === "done" && other.audio!.frames === job.audio!.frames,
    );
    fill(this.compare, [["", "Compare with…"], ...siblings.map((other): [string, string] => [other.id, settingsText(other)])], this.other?.id ?? "");
    this.compare.hidden = siblings.length === 0 || job.state !== "done";
    const installed = this.state.models.filter((model) => model.installed && model.name !== job.settings.model);
    const again: [string, string][] = installed.map((model) => [model.name, model.name]);
    if ((job.settings.shifts ?? 0) < 2) again.push([passesAgain, `${job.settings.model}, 4 passes`]);
    fill(this.another, [["", "Separate again with…"], ...again], "");
    this.another.hidden = again.length === 0 || this.other !== undefined;
    fill(this.format, (this.state.server?.encoders ?? ["wav"]).map((encoder): [string, string] => [encoder, encoder.toUpperCase()]), this.format.value || "wav");
    this.sides.hidden = !this.other;
    if (!this.other) return;
    this.sides.replaceChildren(...(["a", "b"] as const).map((side) => {
      const shown = side === "a" ? job : this.other!;
      return h("button", {
        type: "button", "aria-pressed": `${this.side === side}`, text: `${side.toUpperCase()} · ${settingsText(shown)}`, onclick: () => this.setSide(side),
      });
    }));
  }

  private setOther(id: string): void {
    this.other = this.state.jobs.get(id);
    this.side = "a";
    this.refresh();
  }

  private setSide(side: Side): void {
    if (!this.other || this.side === side) return;
    this.side = side;
    const hadFocus = this.sides.contains(document.activeElement);
    this.showLanes();
    this.showChoices();
    if (hadFocus) this.sides.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
  }

  private async separateAgain(choice: string): Promise<void> {
    this.another.value = "";
    if (!choice) return;
    // Other models have other stems, so all of them are made.
    const { stems, twoStems, otherMethod, residual, ...settings } = this.job!.settings;
    const wanted = choice === passesAgain ? { ...settings, stems, twoStems, otherMethod, residual, shifts: 4 } : { ...settings, model: choice };
    const made = await attempt(() => api.createJob(this.job!.songId, wanted, crypto.randomUUID()));
    if (made) this.state.put(made);
  }

  private setLoop(from: number, to: number): void {
    const loop = { from: Math.round(from * this.frames), to: Math.round(to * this.frames) };
    // Shorter than a twentieth of a second is a tone, not a loop.
    if (loop.to - loop.from < 2205) return this.showLoop();
    this.player.setLoop(loop);
    if (this.player.frame < loop.from || this.player.frame >= loop.to) this.player.seek(loop.from);
  }

  private toggleLoop(): void {
    if (this.player.loop) return this.player.setLoop(undefined);
    const from = this.player.frame / this.frames;
    this.setLoop(Math.min(from, 0.98), Math.min(1, from + Math.max(0.02, 8 / this.stage.length)));
  }

  private moveLoop(edge: "from" | "to"): void {
    const loop = this.player.loop ?? { from: 0, to: this.frames };
    const moved = { ...loop, [edge]: this.player.frame };
    if (moved.from < moved.to) this.setLoop(moved.from / this.frames, moved.to / this.frames);
  }

  private showLoop(): void {
    const { loop } = this.player;
    if (loop) this.stage.showLoop(loop.from / this.frames, loop.to / this.frames);
    else this.stage.showLoop(undefined);
  }

  private showState(): void {
    this.transport.update();
    this.showLoop();
  }

  /** Moves the playhead and the meters with every picture of the screen, and only while something moves. */
  private overlayPlayhead(): void {
    const step = () => {
      if (this.job && this.frames > 0) {
        this.stage.showPosition(this.player.frame / this.frames, this.player.playing);
        const offset = this.side === "b" ? this.job.audio!.stems.length : 0;
        this.lanes.forEach((lane, i) => lane.showLevel(this.player.playing ? (this.player.peaks[offset + i] ?? 0) : 0));
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  private paint(): void {
    if (!this.job) return;
    this.stage.setLength(this.stage.length);
    this.paintLanes();
  }

  private paintLanes(): void {
    for (const lane of this.lanes) lane.paint();
  }

  private close(jobId: string): void {
    this.player.close();
    void this.practice?.open(undefined);
    [this.job, this.other, this.opened, this.lanes] = [undefined, undefined, "", []];
    this.lanesBox.replaceChildren();
    this.pictures.replaceChildren(this.stage.overlay);
    this.content.hidden = true;
    this.empty.hidden = false;
    this.closed(jobId);
  }

  private makeShortcuts(): Shortcut[] {
    const key = (wanted: string) => (event: KeyboardEvent) => event.key === wanted || event.key === wanted.toUpperCase();
    const rate = () => this.job?.audio?.sampleRate ?? 44_100;
    const jump = (seconds: number) => () => this.player.seek(this.player.frame + seconds * rate());
    const digit = (event: KeyboardEvent) => Number(/^Digit([1-9])$/.exec(event.code)?.[1] ?? 0);
    return [
      { keys: "Space", what: "Play or pause", matches: key(" "), run: () => this.transport.toggle() },
      { keys: "←", what: "5 seconds back", matches: key("ArrowLeft"), run: jump(-5) },
      { keys: "→", what: "5 seconds on", matches: key("ArrowRight"), run: jump(5) },
      { keys: "Home", what: "To the start", matches: key("Home"), run: () => this.player.seek(0) },
      { keys: "1 … 9", what: "Mute a stem", matches: (event) => digit(event) > 0 && !event.shiftKey, run: (event) => this.lanes[digit(event) - 1]?.toggleMute() },
      { keys: "Shift + 1 … 9", what: "Solo a stem", matches: (event) => digit(event) > 0 && event.shiftKey, run: (event) => this.lanes[digit(event) - 1]?.toggleSolo() },
      { keys: "L", what: "Loop on or off", matches: key("l"), run: () => this.toggleLoop() },
      { keys: "[", what: "The loop starts here", matches: key("["), run: () => this.moveLoop("from") },
      { keys: "]", what: "The loop ends here", matches: key("]"), run: () => this.moveLoop("to") },
      { keys: "B", what: "The other model of a comparison", matches: key("b"), run: () => this.setSide(this.side === "a" ? "b" : "a") },
      { keys: "+ −", what: "Zoom in, out", matches: (event) => /^[+=\-−_]$/.test(event.key), run: (event) => this.stage.zoom(/[+=]/.test(event.key) ? 0.5 : 2) },
      { keys: "0", what: "The whole song", matches: key("0"), run: () => this.stage.zoom(Infinity) },
      { keys: "?", what: "These keys", matches: key("?"), run: () => showHelp(this.shortcuts) },
    ];
  }
}

/** Stands for the same model, run several times, among the models to separate with again. */
const passesAgain = ":passes";

/** Fills a list only where it differs: one that is open under somebody's pointer stays as it is. */
function fill(select: HTMLSelectElement, options: [string, string][], value: string): void {
  const same = select.options.length === options.length && options.every(([id, text], i) => select.options[i]!.value === id && select.options[i]!.text === text);
  if (!same) select.replaceChildren(...options.map(([id, text]) => h("option", { value: id, text })));
  if (select.value !== value) select.value = value;
}
