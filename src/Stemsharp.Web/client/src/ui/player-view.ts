import { api } from "../api";
import { Player, type LaneLevel } from "../audio/player";
import { StemSource } from "../audio/stem-source";
import { loadWaveform } from "../audio/waveform";
import type { Job, JobSettings, SongNotes } from "../contract";
import { about, heardAt, settingsText, size, songTitle, speed, time } from "../format";
import { MediaKeys } from "../media-session";
import type { ExportSource } from "../practice/export";
import type { PracticeHost, PracticeTools } from "../practice-host";
import { expectedSeconds } from "../presets";
import { isPlayable, type State } from "../state";
import type { PendingUpload } from "../upload";
import { attempt, h, iconButton } from "./dom";
import { showExport } from "./export-dialog";
import { heard, LaneView, newSetting, type LaneSetting } from "./lane-view";
import type { Spectrum } from "./paint";
import { describeProgress, describeWaiting, fetchModel } from "./queue-view";
import { listen, showHelp, type Shortcut } from "./shortcuts";
import { Stage } from "./stage";
import { expectedStems, laneOrder, stemColour } from "./stems";
import { themeChanged } from "./theme";
import { Transport } from "./transport";

type Side = "a" | "b";

/** The player for one song: one result of it, or two that are compared. */
export class PlayerView {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly gone: () => void;
  private readonly player = new Player();
  private readonly stage: Stage;
  private readonly transport: Transport;
  private readonly keys: MediaKeys;
  private readonly name = h("h2", { class: "title", id: "player-title", tabindex: -1 });
  private readonly facts = h("p", { class: "facts" });
  private readonly note = h("p", { class: "player-note", role: "status" });
  private readonly trouble: HTMLElement;
  private readonly warnings = h("ul", { class: "warnings" });
  private readonly bar = h("progress", { class: "player-progress", max: 1, value: 0, "aria-label": "Progress of this song" });
  private readonly again = h("button", { type: "button", text: "Try again", onclick: () => this.tryAgain() });
  private readonly lanesBox = h("div", { class: "lane-heads" });
  private readonly pictures = h("div", { class: "lane-pictures", id: "lane-pictures" });
  private readonly compare = h("select", { "aria-label": "Compare with" });
  private readonly sides = h("div", { class: "sides", role: "group", "aria-label": "Which result is heard" });
  private readonly another = h("select", { "aria-label": "Separate this song again with" });
  private readonly resetMix = h("button", { type: "button", text: "Reset mix", onclick: () => this.resetLanes() });
  private readonly exporting = h("button", { type: "button", class: "primary", text: "Export", onclick: () => void this.export() });
  private readonly practice = h("section", { id: "practice", "aria-label": "Practice", hidden: true });
  private readonly practising = h("button", { type: "button", text: "Practice", hidden: true, "aria-expanded": "false", "aria-controls": "practice", onclick: () => void this.togglePractice() });
  private readonly more = iconButton("dots", "More about this song", () => this.showMenu(!this.element.classList.contains("tools-open")), "icon tools-more");
  private readonly shortcuts: Shortcut[];
  private settings = new Map<string, LaneSetting>();
  private spectra = new Map<string, Spectrum>();
  private lanes: LaneView[] = [];
  private shownLanes = "";
  /** A song that is on its way here; `job` stands for what will be made of it. */
  upload: PendingUpload | undefined;
  private songId: string | undefined;
  private job: Job | undefined;
  private shownHeard = "";
  private other: Job | undefined;
  private side: Side = "a";
  private opened = "";
  private waveformsAt = 0;
  private notes: Promise<SongNotes> = Promise.resolve({});
  private change: SongNotes = {};
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private tools: PracticeTools | undefined;
  private practiceOpen = false;
  private closeTools: (() => void) | undefined;

  /** `back` leads to the list of songs; `gone` is told when all results of the open song have been deleted. */
  constructor(state: State, back: () => void, gone: () => void, search: () => void) {
    this.state = state;
    this.gone = gone;
    this.stage = new Stage((fraction) => this.player.seek(fraction * this.frames), (from, to) => this.setLoop(from, to));
    this.shortcuts = this.makeShortcuts(search);
    this.transport = new Transport(this.player, () => this.toggleLoop(), () => showHelp(this.shortcuts));
    this.keys = new MediaKeys(this.player, () => this.frames / this.rate, () => this.rate);
    this.overlayPlayhead();
    this.more.setAttribute("aria-expanded", "false");
    this.trouble = h("div", { class: "player-state", hidden: true }, this.note, this.again);
    this.element = h(
      "section", { id: "player", class: "panel player", "aria-label": "Player" },
      h(
        "header", { class: "player-head" },
        iconButton("back", "Back to the songs", back, "icon back"),
        h("div", { class: "player-names" }, this.name, this.facts),
        this.sides,
        h("div", { class: "player-tools" }, this.practising, this.another, this.compare, this.resetMix),
        this.exporting, this.more,
      ),
      this.bar,
      this.trouble,
      this.warnings,
      h(
        "div", { class: "lanes", role: "group", "aria-label": "Stems" },
        this.stage.zoomButtons, this.stage.ruler, this.lanesBox, this.pictures, this.stage.scroller,
      ),
      this.practice,
      this.transport.element,
    );
    this.pictures.append(this.stage.overlay);
    this.compare.addEventListener("change", () => this.setOther(this.compare.value));
    this.another.addEventListener("change", () => void this.separateAgain(this.another.value));
    this.stage.view.addEventListener("change", () => this.paintLanes());
    this.player.addEventListener("state", () => this.showState());
    state.on("jobs", () => this.refresh());
    state.on("models", () => this.refresh());
    themeChanged.addEventListener("change", () => this.paint());
    new ResizeObserver(() => this.paint()).observe(this.pictures);
    addEventListener("pagehide", () => this.save(true));
    listen(this.shortcuts, () => this.job !== undefined);
  }

  get openSong(): string | undefined {
    return this.songId;
  }

  /** What the song that is open is called. */
  get title(): string {
    return this.job ? songTitle(this.job) : "";
  }

  /** Opens a song with its newest result, or with what is on its way. */
  open(songId: string, jobId?: string): boolean {
    const jobs = this.state.jobsOf(songId);
    const job = jobs.find((candidate) => candidate.id === jobId) ?? jobs.find((candidate) => candidate.state === "done")
      ?? jobs.find((candidate) => candidate.state === "running" || candidate.state === "queued") ?? jobs[0];
    if (!job) return false;
    if (songId !== this.songId) {
      // What was set while the song was on its way is meant for it.
      const settings = this.upload ? this.settings : new Map<string, LaneSetting>();
      this.leave();
      this.songId = songId;
      this.job = job;
      this.settings = settings;
      this.spectra = new Map();
      this.notes = api.notes(songId).catch(() => ({}));
      void this.notes.then((notes) => this.songId === songId && this.takeNotes(notes));
    } else if (jobId && job.id !== this.job?.id) {
      [this.job, this.other, this.side] = [job, undefined, "a"];
    }
    this.refresh();
    return true;
  }

  /** Shows the lanes of a song that is on its way here. */
  openUpload(upload: PendingUpload, settings: JobSettings): void {
    this.leave();
    this.player.close();
    this.upload = upload;
    this.settings = new Map();
    this.spectra = new Map();
    this.job = { id: "", songId: "", name: upload.name, durationSeconds: 0, state: "queued", settings, created: "", order: 0, bytes: 0 };
    this.refresh();
  }

  /** Tells how far it is. */
  showUpload(): void {
    if (this.upload) this.showHead();
  }

  /** Gives the focus to the song's name, which a screen reader then says. */
  focus(): void {
    this.name.focus({ preventScroll: true });
  }

  /** Nothing is open any more. */
  close(): void {
    this.leave();
    this.player.close();
    this.lanesBox.replaceChildren();
    this.pictures.replaceChildren(this.stage.overlay);
  }

  /** The tools for practising are loaded when they are asked for; from then on they stand in the player for each song that is opened. */
  private async togglePractice(): Promise<void> {
    const wanted = this.practice.hidden;
    if (wanted && !this.tools) this.tools = (await attempt(() => import("../practice/panel")))?.mount;
    if (!this.tools) return;
    this.practiceOpen = wanted;
    this.practice.hidden = !wanted;
    this.practising.setAttribute("aria-expanded", `${wanted}`);
    this.showPractice();
    this.showMenu(false);
    // They may lie below the edge of the screen.
    if (wanted) this.practice.scrollIntoView({ block: "nearest" });
  }

  /** Where there is no room for the row of tools it is a menu. */
  private showMenu(open: boolean): void {
    this.element.classList.toggle("tools-open", open);
    this.more.setAttribute("aria-expanded", `${open}`);
  }

  private leave(): void {
    this.save(false);
    this.closeTools?.();
    this.closeTools = undefined;
    this.practice.replaceChildren();
    this.practice.hidden = true;
    this.showMenu(false);
    this.upload = undefined;
    void this.player.setStretch(1, 0);
    [this.songId, this.job, this.other, this.opened, this.lanes, this.shownLanes, this.side] = [undefined, undefined, undefined, "", [], "", "a"];
  }

  private get frames(): number {
    return this.job?.audio?.frames ?? 0;
  }

  private get rate(): number {
    return this.job?.audio?.sampleRate ?? 44_100;
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
    if (this.upload) {
      this.showLanes();
      return this.showHead();
    }
    const fresh = this.state.jobs.get(this.job.id) ?? this.state.jobsOf(this.songId!)[0];
    if (!fresh) return this.gone();
    this.job = fresh;
    if (this.other) this.other = this.state.jobs.get(this.other.id);
    if (!this.other) this.side = "a";
    const playable = isPlayable(fresh);
    const key = playable ? this.jobs.map((job) => `${job.id} ${job.state} ${job.finished}`).join() : "";
    if (key !== this.opened) {
      const same = this.opened.startsWith(fresh.id);
      this.opened = key;
      if (playable) this.load(same);
      else this.player.close();
    }
    this.showLanes();
    this.showHead();
    if (!playable) return;
    const made = fresh.state === "running" ? (fresh.progress?.playableFrames ?? 0) : this.frames;
    if (fresh.state === "running") {
      this.player.setLimit(made);
      if (made - this.waveformsAt > this.frames / 50) void this.loadWaveforms();
    }
    this.stage.showMade(this.frames > 0 ? made / this.frames : 1);
  }

  private load(keepPosition: boolean): void {
    const { audio } = this.job!;
    const sources = this.jobs.flatMap((job) => job.audio!.stems.map((stem) => new StemSource(job.id, stem)));
    this.player.open(sources, audio!.frames, audio!.sampleRate, keepPosition);
    this.shownLanes = "";
    this.showPractice();
  }

  /** The stems of a job, in the order of its files. */
  private stemsOf(job: Job): string[] {
    return job.audio?.stems ?? expectedStems(job, this.state.model(job.settings.model));
  }

  /** Makes lanes where other ones are shown: those of a song that is still being made stay when it is done. */
  private showLanes(): void {
    const job = this.current;
    const stems = this.stemsOf(job);
    const playable = isPlayable(job);
    const names = stems.join("\n");
    if (this.lanes.map((lane) => lane.stem).join("\n") !== laneOrder(stems).map((i) => stems[i]!).join("\n") || this.lanes.length === 0) {
      this.lanes = laneOrder(stems).map((i, place) =>
        new LaneView(stems[i]!, stemColour(stems[i]!, stems), place + 1, this.setting(stems[i]!), () => this.changeLevels(), () => this.current.id, this.stage.view, this.spectra));
      document.documentElement.style.setProperty("--lanes", `${Math.max(1, this.lanes.length)}`);
      this.lanesBox.replaceChildren(...this.lanes.map((lane) => lane.head));
      this.pictures.replaceChildren(...this.lanes.map((lane) => lane.canvas), this.stage.overlay);
      this.shownLanes = "";
    }
    const key = `${job.id} ${names} ${playable} ${job.finished}`;
    if (key === this.shownLanes) return;
    this.shownLanes = key;
    const seconds = job.audio ? job.audio.frames / job.audio.sampleRate : job.durationSeconds;
    this.stage.setLength(seconds);
    this.transport.setLength(job.audio?.frames ?? Math.round(job.durationSeconds * this.rate), this.rate);
    this.showLoop();
    this.applyLevels();
    if (playable) void this.loadWaveforms();
    else {
      this.stage.showMade(0);
      for (const lane of this.lanes) lane.setWaiting();
    }
  }

  private setting(stem: string): LaneSetting {
    let setting = this.settings.get(stem);
    if (!setting) this.settings.set(stem, (setting = newSetting()));
    return setting;
  }

  private showHead(): void {
    const { job } = this;
    if (!job) return;
    const shown = this.current;
    const name = songTitle(job);
    if (this.name.textContent !== name) this.name.textContent = name;
    const heard = heardAt(this.player.speed, this.player.semitones);
    const facts = [job.artist, time(job.durationSeconds), settingsText(shown), shown.timesRealTime && speed(shown.timesRealTime), heard && `heard ${heard}`];
    const model = this.state.model(job.settings.model);
    const stopped = job.state === "failed" || job.state === "cancelled" || (job.waitsForModel === true && model?.download?.error !== undefined);
    // Work that goes on is told where the facts stand afterwards: nothing moves when it is done.
    this.facts.textContent = job.state === "done" || stopped ? facts.filter(Boolean).join(" · ") : this.describeState(job);
    this.note.textContent = stopped ? this.describeState(job) : "";
    this.trouble.hidden = !stopped;
    this.bar.classList.toggle("idle", job.state !== "running" && !job.waitsForModel && !this.upload);
    this.bar.value = this.upload ? this.upload.sent / Math.max(1, this.upload.bytes) : job.waitsForModel ? (model?.download?.fraction ?? 0) : (job.progress?.fraction ?? 0);
    const warnings = shown.warnings ?? [];
    if (warnings.length !== this.warnings.children.length) this.warnings.replaceChildren(...warnings.map((text) => h("li", { text })));
    this.warnings.hidden = warnings.length === 0;
    this.exporting.disabled = this.practising.hidden = job.state !== "done";
    this.transport.setEnabled(isPlayable(job));
    if (!this.upload) this.keys.show(job.songId, name, job.artist ?? "", job.hasCover === true);
    this.showChoices();
  }

  private describeState(job: Job): string {
    switch (job.state) {
      case "queued": {
        if (this.upload) return this.upload.sent > 0 ? `Copying · ${size(this.upload.sent)} of ${size(this.upload.bytes)}` : "Waits to be copied";
        if (job.waitsForModel) return describeWaiting(job, this.state.model(job.settings.model));
        const ahead = [...this.state.jobs.values()].filter((other) => other.state === "running" || (other.state === "queued" && !other.waitsForModel && other.order < job.order));
        const seconds = ahead.map((other) => other.progress?.etaSeconds ?? expectedSeconds(other.durationSeconds, this.state.model(other.settings.model), other.settings));
        const known = seconds.every((one) => one !== undefined);
        const wait = seconds.reduce<number>((sum, one) => sum + (one ?? 0), 0);
        if (ahead.length === 0) return "Begins in a moment";
        return `In the queue, ${ahead.length === 1 ? "one song" : `${ahead.length} songs`} ahead${known ? `: starts in ${about(wait)}` : ""}`;
      }
      case "running":
        return `${describeProgress(job)}${isPlayable(job) ? " · levels are not final yet" : ""}`;
      case "failed":
        return job.error ?? "Failed";
      case "cancelled":
        return "Cancelled";
      default:
        return "";
    }
  }

  /** Does once more what has failed: the song, or the download that it waits for. */
  private tryAgain(): void {
    const job = this.job!;
    if (job.waitsForModel) fetchModel(job, this.state);
    else void attempt(() => api.retry(job.id));
  }

  private async loadWaveforms(): Promise<void> {
    const job = this.current;
    this.waveformsAt = job.progress?.playableFrames ?? this.frames;
    const lanes = this.lanes;
    const waveforms = await Promise.all(lanes.map((lane) => loadWaveform(job.id, lane.stem).catch(() => undefined)));
    if (lanes !== this.lanes || job.id !== this.job?.id && job.id !== this.other?.id) return;
    let loudest = 8;
    for (const waveform of waveforms) for (const level of waveform?.pairs ?? []) loudest = Math.max(loudest, Math.abs(level));
    lanes.forEach((lane, i) => waveforms[i] && lane.setWaveform(waveforms[i], job.audio!.frames, Math.min(6, 118 / loudest)));
  }

  /** What is heard of a job, stem by stem as its files are. */
  private levels(job: Job): LaneLevel[] {
    const stems = this.stemsOf(job);
    const anySolo = stems.some((stem) => this.setting(stem).solo);
    return stems.map((stem) => heard(this.setting(stem), anySolo));
  }

  private applyLevels(): void {
    const { current } = this;
    const shown = this.stemsOf(current), levels = this.levels(current);
    this.player.setLevels(this.jobs.flatMap((job) => (job === current ? levels : this.stemsOf(job).map(() => ({ gain: 0, pan: 0 })))));
    for (const lane of this.lanes) {
      lane.showSetting();
      lane.showAudible((levels[shown.indexOf(lane.stem)]?.gain ?? 0) > 0);
      lane.setDownload(current.state === "done" ? api.stemAddress(current.id, lane.stem, "wav") : undefined);
    }
    const neutral = shown.every((stem) => {
      const { gain, pan, mute, solo } = this.setting(stem);
      return gain === 1 && pan === 0 && !mute && !solo;
    });
    this.resetMix.disabled = neutral;
  }

  /** Somebody has turned something. */
  private changeLevels(): void {
    this.applyLevels();
    const levels: NonNullable<SongNotes["levels"]> = {};
    for (const [stem, { gain, pan, mute }] of this.settings) if (gain !== 1 || pan !== 0 || mute) levels[stem] = { gain, pan, mute };
    this.keep({ levels });
  }

  private resetLanes(): void {
    for (const setting of this.settings.values()) Object.assign(setting, newSetting(), { spectrum: setting.spectrum });
    this.changeLevels();
  }

  private takeNotes(notes: SongNotes): void {
    for (const [stem, level] of Object.entries(notes.levels ?? {})) Object.assign(this.setting(stem), level);
    if (this.lanes.length > 0) this.applyLevels();
    // Speed and key are the song's as its levels are, whether or not somebody opens the practice tools.
    const { speed = 1, semitones = 0 } = (notes.practice ?? {}) as { speed?: number; semitones?: number };
    void attempt(() => this.player.setStretch(speed, semitones));
  }

  /** Keeps a change of the song's notes a moment later, so that a slider does not ask the server with every step. */
  private keep(change: SongNotes): void {
    this.change = { ...this.change, ...change };
    this.notes = this.notes.then((notes) => ({ ...notes, ...change }));
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => this.save(false), 600);
  }

  private save(last: boolean): void {
    clearTimeout(this.saveTimer);
    const { change, songId } = this;
    if (!songId || Object.keys(change).length === 0) return;
    this.change = {};
    void api.changeNotes(songId, change, last).catch(() => undefined);
  }

  private showPractice(): void {
    const { job, songId } = this;
    if (!this.tools || !this.practiceOpen || this.closeTools || !job?.audio || job.state !== "done" || !songId) return;
    const host: PracticeHost = {
      element: this.practice, player: this.player, songId, jobId: job.id, sampleRate: job.audio.sampleRate,
      durationSeconds: job.audio.frames / job.audio.sampleRate, notes: () => this.notes, change: (notes) => this.keep(notes),
      title: songTitle(job), mix: () => this.heardMix(),
    };
    this.practice.hidden = false;
    this.closeTools = this.tools(host);
  }

  private heardMix(): ExportSource {
    const { current } = this;
    return {
      sources: current.audio!.stems.map((stem) => new StemSource(current.id, stem)),
      levels: this.levels(current), frames: this.frames, sampleRate: this.rate,
    };
  }

  /** Other results of the song, and the models that could be tried. */
  private showChoices(): void {
    const job = this.job!;
    const siblings = this.state.jobsOf(job.songId).filter((other) => other.id !== job.id && other.state === "done" && other.audio!.frames === job.audio?.frames);
    fill(this.compare, [["", "Compare …"], ...siblings.map((other): [string, string] => [other.id, settingsText(other)])], this.other?.id ?? "");
    this.compare.hidden = siblings.length === 0 || job.state !== "done";
    const installed = this.state.models.filter((model) => model.installed && model.name !== job.settings.model);
    const again: [string, string][] = installed.map((model) => [model.name, model.name]);
    if ((job.settings.shifts ?? 0) < 2) again.push([passesAgain, `${job.settings.model}, 4 passes`]);
    fill(this.another, [["", "Separate again …"], ...again], "");
    this.another.hidden = again.length === 0 || job.state !== "done" || this.other !== undefined;
    this.sides.hidden = !this.other;
    const sides = this.other ? (["a", "b"] as const).map((side) => [side, settingsText(side === "a" ? job : this.other!)] as const) : [];
    const key = `${this.side} ${sides.join()}`;
    if (this.sides.dataset.key === key) return;
    this.sides.dataset.key = key;
    const hadFocus = this.sides.contains(document.activeElement);
    this.sides.replaceChildren(...sides.map(([side, text]) => h("button", {
      type: "button", "aria-pressed": `${this.side === side}`, title: text, onclick: () => this.setSide(side),
    }, h("strong", { text: side.toUpperCase() }), h("span", { text: ` · ${text}` }))));
    if (hadFocus) this.sides.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
  }

  private setOther(id: string): void {
    this.other = this.state.jobs.get(id);
    this.side = "a";
    this.refresh();
  }

  private setSide(side: Side): void {
    if (!this.other || this.side === side) return;
    this.side = side;
    this.showLanes();
    this.showHead();
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

  private async export(): Promise<void> {
    await showExport(this.current, this.state.server?.encoders ?? ["wav"], this.levels(this.current), this.player.loop);
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
    if (loop && this.frames > 0) this.stage.showLoop(loop.from / this.frames, loop.to / this.frames);
    else this.stage.showLoop(undefined);
  }

  private showState(): void {
    this.transport.update();
    this.showLoop();
    const heard = heardAt(this.player.speed, this.player.semitones);
    if (heard === this.shownHeard) return;
    this.shownHeard = heard;
    this.showHead();
  }

  /** Moves the playhead and the meters with every picture of the screen, and only while something moves. */
  private overlayPlayhead(): void {
    const step = () => {
      if (this.job && this.frames > 0) {
        this.stage.showPosition(this.player.frame / this.frames, this.player.playing);
        const offset = this.side === "b" ? this.stemsOf(this.job).length : 0;
        const stems = this.stemsOf(this.current);
        for (const lane of this.lanes) lane.showLevel(this.player.playing ? (this.player.peaks[offset + stems.indexOf(lane.stem)] ?? 0) : 0);
      } else for (const lane of this.lanes) lane.showLevel(0);
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

  private makeShortcuts(search: () => void): Shortcut[] {
    const key = (...wanted: string[]) => (event: KeyboardEvent) => wanted.includes(event.key.toLowerCase());
    const jump = (seconds: number) => () => this.player.seek(this.player.frame + seconds * this.rate);
    const digit = (event: KeyboardEvent) => Number(/^Digit([1-9])$/.exec(event.code)?.[1] ?? 0);
    return [
      { keys: "Space", what: "Play or pause", matches: key(" ", "k"), run: () => this.transport.toggle() },
      { keys: "←", what: "5 seconds back", matches: key("arrowleft"), run: jump(-5) },
      { keys: "→", what: "5 seconds on", matches: key("arrowright"), run: jump(5) },
      { keys: "Home", what: "To the start", matches: key("home"), run: () => this.player.seek(0) },
      { keys: "↑ ↓", what: "Louder, softer", matches: key("arrowup", "arrowdown"), run: (event) => this.transport.turn(event.key === "ArrowUp" ? 0.05 : -0.05) },
      { keys: "1 … 9", what: "Mute a stem", matches: (event) => digit(event) > 0 && !event.shiftKey, run: (event) => this.lanes[digit(event) - 1]?.toggleMute() },
      { keys: "Shift + 1 … 9", what: "Solo a stem", matches: (event) => digit(event) > 0 && event.shiftKey, run: (event) => this.lanes[digit(event) - 1]?.toggleSolo() },
      { keys: "L", what: "Loop on or off", matches: key("l"), run: () => this.toggleLoop() },
      { keys: "[", what: "The loop starts here", matches: key("["), run: () => this.moveLoop("from") },
      { keys: "]", what: "The loop ends here", matches: key("]"), run: () => this.moveLoop("to") },
      { keys: "B", what: "The other result of a comparison", matches: key("b"), run: () => this.setSide(this.side === "a" ? "b" : "a") },
      { keys: "E", what: "Export", matches: key("e"), run: () => !this.exporting.disabled && void this.export() },
      { keys: "+ −", what: "Zoom in, out", matches: (event) => /^[+=\-−_]$/.test(event.key), run: (event) => this.stage.zoom(/[+=]/.test(event.key) ? 0.5 : 2) },
      { keys: "0", what: "The whole song", matches: key("0"), run: () => this.stage.zoom(Infinity) },
      { keys: "/", what: "Search songs", matches: key("/"), run: search },
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
