import { api } from "../api";
import type { CountIn, Player } from "../audio/player";
import type { SongAnalysis, SongKey, SongMarker } from "../contract";
import { time } from "../format";
import { attempt, h, iconButton, toast } from "../ui/dom";
import { beatGrid, countIn, isDownbeat, keys, nearestBeat, transposed, type BeatGrid } from "./beats";
import type { PracticeHost } from "../practice-host";
import { exportStretched } from "./export";
import "./practice.css";

/** What is kept for practising a song, in its notes. What is absent is as it was found. */
export interface PracticeSettings {
  /** −1 where the tempo counts half, 1 where it counts double. */
  tempoOctave?: number;
  beatsPerBar?: number;
  /** Which beat, counted as `tempoOctave` says, is the first of a bar. */
  firstBeat?: number;
  key?: SongKey;
  speed?: number;
  semitones?: number;
}

/** Puts the practice tools into their place; what it answers takes them away. */
export function mount(host: PracticeHost): () => void {
  const panel = new PracticePanel(host);
  void panel.open();
  return () => panel.close();
}

const speedStep = 0.05;
const clickVolume = 0.8;

class PracticePanel {
  private readonly host: PracticeHost;
  private readonly player: Player;
  private closed = false;
  private analysis: SongAnalysis = {};
  private settings: PracticeSettings = {};
  private loops: SongMarker[] = [];
  private readonly speed = h("input", { type: "range", id: "practice-speed", min: 50, max: 150, step: 1, value: 100 });
  private readonly speedText = h("output", { for: "practice-speed" });
  private readonly pitch = h("input", { type: "range", id: "practice-pitch", min: -12, max: 12, step: 1, value: 0 });
  private readonly pitchText = h("output", { for: "practice-pitch" });
  private readonly tempoText = h("p", { class: "practice-fact" });
  private readonly key = h("select", { id: "practice-key" });
  private readonly keyText = h("p", { class: "practice-fact" });
  private readonly meter = h("select", { id: "practice-meter", "aria-label": "Beats in a bar" }, ...[2, 3, 4, 5, 6, 7].map((n) => h("option", { value: n, text: `${n} beats in a bar` })));
  private readonly half = h("button", { type: "button", text: "Half", title: "Count half as fast", onclick: () => this.octave(-1) });
  private readonly double = h("button", { type: "button", text: "Double", title: "Count twice as fast", onclick: () => this.octave(1) });
  private readonly first = h("button", { type: "button", text: "Bar starts here", title: "The beat nearest to the playing position is the first of a bar", onclick: () => this.barStartsHere() });
  private readonly metronome = h("input", { type: "checkbox", id: "practice-metronome" });
  private readonly counted = h("input", { type: "checkbox", id: "practice-count-in" });
  private readonly markerName = h("input", { type: "text", id: "practice-marker", maxlength: 80, placeholder: "Chorus", autocomplete: "off" });
  private readonly markers = h("ul", { class: "practice-markers", "aria-label": "Loops" });
  private readonly beatTools: HTMLElement;
  private readonly save = h("button", { type: "button", text: "Save what I hear", onclick: () => void this.export() });
  private readonly saving = h("p", { class: "practice-fact", role: "status" });

  constructor(host: PracticeHost) {
    this.host = host;
    this.player = host.player;
    this.player.beforePlaying = () => this.countIn();
    this.speed.addEventListener("input", () => this.setSpeed(this.speed.valueAsNumber / 100));
    this.pitch.addEventListener("input", () => this.setPitch(this.pitch.valueAsNumber));
    this.key.addEventListener("change", () => this.setKey(this.key.value));
    this.meter.addEventListener("change", () => this.change({ beatsPerBar: Number(this.meter.value) }));
    this.metronome.addEventListener("change", () => this.showClicks());
    this.key.append(h("option", { value: "", text: "Key not clear" }), ...keys.map(({ name }, i) => h("option", { value: i, text: name })));
    this.beatTools = h(
      "div", { class: "practice-row" },
      this.half, this.double, this.meter, this.first,
      check(this.metronome, "Metronome"), check(this.counted, "Count-in"),
    );
    const marker = h(
      "form", { class: "practice-row" },
      h("label", { for: "practice-marker", text: "Keep this loop as" }), this.markerName, h("button", { type: "submit", text: "Keep loop" }),
    );
    marker.addEventListener("submit", (event) => {
      event.preventDefault();
      this.addMarker();
    });
    host.element.replaceChildren(
      h(
        "div", { class: "practice" },
        this.slider("Speed", this.speed, this.speedText, () => this.setSpeed(this.player.speed - speedStep), () => this.setSpeed(this.player.speed + speedStep), "Slower", "Faster", () => this.setSpeed(1), "Speed of the song"),
        this.slider("Pitch", this.pitch, this.pitchText, () => this.setPitch(this.player.semitones - 1), () => this.setPitch(this.player.semitones + 1), "A semitone lower", "A semitone higher", () => this.setPitch(0), "Pitch of the song"),
        h("div", { class: "practice-group" }, h("h3", { text: "Tempo" }), this.tempoText, this.beatTools),
        h("div", { class: "practice-group" }, h("h3", {}, h("label", { for: "practice-key", text: "Key" })), h("div", { class: "practice-row" }, this.key, this.keyText)),
        h("div", { class: "practice-group" }, h("h3", { text: "Loops" }), marker, this.markers),
        h("div", { class: "practice-row" }, this.save, this.saving),
      ),
    );
    this.show();
  }

  async open(): Promise<void> {
    this.tempoText.textContent = "Listening for tempo and key…";
    const [found, notes] = await Promise.all([attempt(() => api.analysis(this.host.songId)), this.host.notes()]);
    if (this.closed) return;
    this.analysis = found ?? {};
    // What was set while this was on its way is later than what was kept.
    const [set, added] = [this.settings, this.loops];
    this.settings = { ...(notes.practice as PracticeSettings | undefined), ...set };
    this.loops = (notes.markers ?? []).filter(({ end }) => end !== undefined);
    this.apply();
    if (Object.keys(set).length > 0) this.keep();
    if (added.length > 0) this.setLoops([...this.loops, ...added]);
  }

  close(): void {
    this.closed = true;
    this.player.beforePlaying = undefined;
    this.player.setClicks(undefined);
  }

  private countIn(): CountIn | undefined {
    const grid = this.grid;
    if (!this.counted.checked || !grid) return undefined;
    return { ...countIn(grid, this.player.frame / this.player.rate, this.player.speed), volume: clickVolume };
  }

  private get grid(): BeatGrid | undefined {
    return beatGrid(this.analysis, this.settings);
  }

  private get heardKey(): SongKey | undefined {
    return this.settings.key ?? this.analysis.key;
  }

  private slider(name: string, input: HTMLInputElement, text: HTMLElement, less: () => void, more: () => void, lessName: string, moreName: string, reset: () => void, label: string): HTMLElement {
    input.setAttribute("aria-label", label);
    return h(
      "div", { class: "practice-group" },
      h("h3", { text: name }),
      h(
        "div", { class: "practice-row", role: "group", "aria-label": name },
        iconButton("zoomOut", lessName, less), input, iconButton("zoomIn", moreName, more), text,
        h("button", { type: "button", text: "As it is", "aria-label": `${name} as it is`, onclick: reset }),
      ),
    );
  }

  private setSpeed(speed: number): void {
    const kept = Math.round(Math.min(1.5, Math.max(0.5, speed)) * 100) / 100;
    this.settings = { ...this.settings, speed: kept };
    this.apply();
    this.keep();
  }

  private setPitch(semitones: number): void {
    this.settings = { ...this.settings, semitones: Math.min(12, Math.max(-12, Math.round(semitones))) };
    this.apply();
    this.keep();
  }

  private setKey(value: string): void {
    const { key: _, ...others } = this.settings;
    const chosen = keys[Number(value)];
    this.settings = value === "" || !chosen ? others : { ...others, key: { tonic: chosen.tonic, minor: chosen.minor } };
    this.show();
    this.keep();
  }

  private octave(by: number): void {
    const octave = Math.min(1, Math.max(-1, (this.settings.tempoOctave ?? 0) + by));
    const { firstBeat: _, ...others } = this.settings;
    this.settings = { ...others, tempoOctave: octave };
    this.apply();
    this.keep();
  }

  private barStartsHere(): void {
    const grid = this.grid;
    if (!grid) return;
    const beat = nearestBeat(grid, this.player.frame / this.player.rate);
    this.change({ firstBeat: beat % grid.beatsPerBar });
  }

  private change(change: PracticeSettings): void {
    this.settings = { ...this.settings, ...change };
    this.apply();
    this.keep();
  }

  private addMarker(): void {
    const { loop, rate } = this.player;
    if (!loop) return toast("First set a loop: drag over the lanes, or use the keys [ and ].");
    const name = this.markerName.value.trim() || `Loop ${this.loops.length + 1}`;
    this.markerName.value = "";
    this.setLoops([...this.loops, { name, start: loop.from / rate, end: loop.to / rate }].sort((a, b) => a.start - b.start));
  }

  /** Markers that are no loops stay as they are. */
  private setLoops(loops: SongMarker[]): void {
    this.loops = loops;
    this.show();
    void this.host.notes().then((notes) => this.host.change({ markers: [...(notes.markers ?? []).filter(({ end }) => end === undefined), ...loops] }));
  }

  private useMarker(marker: SongMarker): void {
    const { rate } = this.player;
    const loop = { from: Math.round(marker.start * rate), to: Math.min(this.player.length, Math.round(marker.end! * rate)) };
    this.player.setLoop(loop);
    this.player.seek(loop.from);
  }

  private apply(): void {
    const { speed = 1, semitones = 0 } = this.settings;
    void attempt(() => this.player.setStretch(speed, semitones));
    this.showClicks();
    this.show();
  }

  private showClicks(): void {
    const grid = this.grid;
    if (!grid || !this.metronome.checked) return this.player.setClicks(undefined);
    this.player.setClicks({
      frames: Float64Array.from(grid.beats, (beat) => Math.round(beat * this.player.rate)),
      accents: Uint8Array.from(grid.beats, (_, i) => (grid.barsKnown && isDownbeat(grid, i) ? 1 : 0)),
      volume: clickVolume,
    });
  }

  private show(): void {
    const { speed = 1, semitones = 0, tempoOctave = 0 } = this.settings;
    this.speed.value = `${Math.round(speed * 100)}`;
    this.speed.setAttribute("aria-valuetext", `${Math.round(speed * 100)} percent`);
    this.speedText.textContent = `${Math.round(speed * 100)} %`;
    this.pitch.value = `${semitones}`;
    this.pitchText.textContent = semitones === 0 ? "as it is" : `${semitones > 0 ? "+" : "−"}${Math.abs(semitones)}`;
    this.pitch.setAttribute("aria-valuetext", semitones === 0 ? "as it is" : `${semitones} semitones`);
    const grid = this.grid;
    this.tempoText.textContent = grid ? tempoWords(grid, this.analysis, speed) : "No steady beat was found, so there is no metronome for this song.";
    this.beatTools.hidden = !grid;
    this.half.disabled = tempoOctave <= -1;
    this.double.disabled = tempoOctave >= 1;
    if (grid) this.meter.value = `${grid.beatsPerBar}`;
    const key = this.heardKey;
    this.key.value = key ? `${keys.findIndex((one) => one.tonic === key.tonic && one.minor === key.minor)}` : "";
    this.keyText.textContent = key && semitones !== 0 ? `heard in ${transposed(key, semitones)}` : "";
    this.markers.replaceChildren(...this.loops.map((marker, i) => h(
      "li", {},
      h("button", { type: "button", onclick: () => this.useMarker(marker) }, h("span", { text: marker.name }), h("small", { text: `${time(marker.start)} – ${time(marker.end!)}` })),
      iconButton("trash", `Forget ${marker.name}`, () => this.setLoops(this.loops.filter((_, j) => j !== i))),
    )));
  }

  private keep(): void {
    this.host.change({ practice: { ...this.settings } });
  }

  private async export(): Promise<void> {
    this.save.disabled = true;
    try {
      const { speed = 1, semitones = 0 } = this.settings;
      await exportStretched(this.host.mix(), { speed, semitones, name: this.host.title }, (fraction) => {
        this.saving.textContent = `Working: ${Math.round(fraction * 100)} %`;
      });
      this.saving.textContent = "Saved to your downloads.";
    } catch (error) {
      this.saving.textContent = "";
      toast(error instanceof Error ? error.message : `${error}`, "error");
    } finally {
      this.save.disabled = false;
    }
  }
}

function tempoWords(grid: BeatGrid, { slowestBpm, fastestBpm }: SongAnalysis, speed: number): string {
  const own = `${round(grid.bpm)} beats a minute`;
  const drifts = slowestBpm && fastestBpm && fastestBpm / slowestBpm > 1.01;
  const range = drifts ? `, from ${round((slowestBpm * grid.bpm * 2) / (slowestBpm + fastestBpm))} to ${round((fastestBpm * grid.bpm * 2) / (slowestBpm + fastestBpm))}` : "";
  return speed === 1 ? `${own}${range}` : `${own}${range}; you hear ${round(grid.bpm * speed)}`;
}

const round = (bpm: number) => `${Math.round(bpm * 10) / 10}`;

function check(input: HTMLInputElement, text: string): HTMLElement {
  return h("label", { class: "practice-check" }, input, h("span", { text }));
}
