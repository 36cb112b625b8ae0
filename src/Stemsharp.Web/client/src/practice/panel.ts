import { api } from "../api";
import type { CountIn, Player } from "../audio/player";
import type { LoopMarker, PracticeSettings, SongAnalysis, SongKey } from "../contract";
import { time } from "../format";
import { attempt, h, iconButton, toast } from "../ui/dom";
import { beatGrid, countIn, isDownbeat, keys, nearestBeat, transposed, type BeatGrid } from "./beats";
import { exportStretched, type ExportSource } from "./export";
import "./practice.css";

/** What the panel has to know of the song that is open. */
export interface PracticeSong {
  id: string;
  name: string;
  /** The lanes that are heard, with their levels as they are now. */
  mix: () => ExportSource;
}

export interface Practice {
  /** Shows a song; undefined leaves it. */
  open(song: PracticeSong | undefined): Promise<void>;
  /** The count-in that is wanted before playing from here; undefined for none. */
  countIn(): CountIn | undefined;
}

/** Puts the practice tools into an element, for whatever the player plays. */
export function mount(element: HTMLElement, player: Player): Practice {
  return new PracticePanel(element, player);
}

const speedStep = 0.05;
const clickVolume = 0.8;

class PracticePanel implements Practice {
  private readonly player: Player;
  private song: PracticeSong | undefined;
  private analysis: SongAnalysis = {};
  private settings: PracticeSettings = {};
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
  private readonly markerName = h("input", { type: "text", id: "practice-marker", maxlength: 100, placeholder: "Chorus", autocomplete: "off" });
  private readonly markers = h("ul", { class: "practice-markers", "aria-label": "Loops" });
  private readonly beatTools: HTMLElement;
  private readonly save = h("button", { type: "button", text: "Save what I hear", onclick: () => void this.export() });
  private readonly saving = h("p", { class: "practice-fact", role: "status" });
  private readonly keep: () => void;

  constructor(element: HTMLElement, player: Player) {
    this.player = player;
    this.keep = delayed(400, () => this.send());
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
    element.replaceChildren(
      h(
        "section", { class: "practice", "aria-label": "Practice" },
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

  async open(song: PracticeSong | undefined): Promise<void> {
    if (song?.id === this.song?.id) {
      this.song = song;
      return;
    }
    this.song = song;
    [this.analysis, this.settings] = [{}, {}];
    this.metronome.checked = false;
    this.apply();
    if (!song) return;
    this.tempoText.textContent = "Listening for tempo and key…";
    const found = await attempt(() => api.practice(song.id));
    if (this.song !== song) return;
    [this.analysis, this.settings] = [found?.analysis ?? {}, found?.settings ?? {}];
    this.apply();
  }

  countIn(): CountIn | undefined {
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
    const markers = this.settings.markers ?? [];
    const name = this.markerName.value.trim() || `Loop ${markers.length + 1}`;
    this.markerName.value = "";
    this.change({ markers: [...markers, { name, from: loop.from / rate, to: loop.to / rate }].sort((a, b) => a.from - b.from) });
  }

  private useMarker(marker: LoopMarker): void {
    const { rate } = this.player;
    const loop = { from: Math.round(marker.from * rate), to: Math.min(this.player.length, Math.round(marker.to * rate)) };
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
    const { speed = 1, semitones = 0, markers = [], tempoOctave = 0 } = this.settings;
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
    this.markers.replaceChildren(...markers.map((marker, i) => h(
      "li", {},
      h("button", { type: "button", onclick: () => this.useMarker(marker) }, h("span", { text: marker.name }), h("small", { text: `${time(marker.from)} – ${time(marker.to)}` })),
      iconButton("trash", `Forget ${marker.name}`, () => this.change({ markers: markers.filter((_, j) => j !== i) })),
    )));
    this.save.hidden = !this.song;
  }

  private send(): void {
    const song = this.song;
    if (song) void attempt(() => api.setPractice(song.id, this.settings));
  }

  private async export(): Promise<void> {
    const { song } = this;
    if (!song) return;
    this.save.disabled = true;
    try {
      const { speed = 1, semitones = 0 } = this.settings;
      await exportStretched(song.mix(), { speed, semitones, name: song.name }, (fraction) => {
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

/** Runs something a while after the last call. */
function delayed(milliseconds: number, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
}
