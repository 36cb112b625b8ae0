import { api } from "../api";
import type { LaneLevel } from "../audio/player";
import type { Waveform } from "../audio/waveform";
import { decibels } from "../format";
import { attempt, h, icon, iconButton } from "./dom";
import { paintSpectrogram, paintWaveform, type Spectrum } from "./paint";
import { stemIcon, stemTitle } from "./stems";
import type { View } from "./view";

/** What the listener has set for a stem of a song; kept by name, so that it holds for both sides of a comparison. */
export interface LaneSetting {
  gain: number;
  pan: number;
  mute: boolean;
  solo: boolean;
  /** Whether the spectrogram is shown instead of the waveform. */
  spectrum: boolean;
}

export const newSetting = (): LaneSetting => ({ gain: 1, pan: 0, mute: false, solo: false, spectrum: false });

/** What is heard, given everybody's mutes and solos. */
export function heard(setting: LaneSetting, anySolo: boolean): LaneLevel {
  const silent = setting.mute || (anySolo && !setting.solo);
  return { gain: silent ? 0 : setting.gain, pan: setting.pan };
}

const loudest = 1.5;

/** One stem: its waveform or spectrogram, its controls and its meter. Without a waveform it is a lane that waits for its sound. */
export class LaneView {
  readonly stem: string;
  readonly head: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  private readonly setting: LaneSetting;
  private readonly changed: () => void;
  private readonly mute: HTMLButtonElement;
  private readonly solo: HTMLButtonElement;
  private readonly more: HTMLButtonElement;
  private readonly level = h("div", { class: "level" });
  private readonly link: HTMLAnchorElement;
  private readonly spectrumButton: HTMLButtonElement;
  private readonly volume: HTMLInputElement;
  private readonly pan: HTMLInputElement;
  private readonly read = h("output", { class: "db" });
  private readonly view: View;
  private readonly jobId: () => string;
  private readonly spectra: Map<string, Spectrum>;
  private spectrum: Spectrum | undefined;
  private spectrumOf = "";
  private spectrumTimer: ReturnType<typeof setTimeout> | undefined;
  private waveform: Waveform | undefined;
  private frames = 0;
  private scale = 1;
  private shownLevel = 0;

  /** `spectra` keeps the spectrograms of a song, so that a comparison finds them again. */
  constructor(
    stem: string, colour: string, number: number, setting: LaneSetting, changed: () => void, jobId: () => string, view: View, spectra: Map<string, Spectrum>,
  ) {
    this.stem = stem;
    this.setting = setting;
    this.changed = changed;
    this.jobId = jobId;
    this.view = view;
    this.spectra = spectra;
    const name = stemTitle(stem);
    this.mute = h("button", { type: "button", class: "letter mute", "aria-label": `Mute ${name}`, title: `Mute (${number})`, text: "M", onclick: () => this.toggleMute() });
    this.solo = h("button", { type: "button", class: "letter solo", "aria-label": `Solo ${name}`, title: `Solo (Shift+${number})`, text: "S", onclick: () => this.toggleSolo() });
    this.spectrumButton = iconButton("spectrum", `Spectrogram of ${name}`, () => this.toggleSpectrum());
    this.link = h("a", { class: "icon", role: "link", "aria-label": `Download ${name}`, title: `Download ${name}`, download: true }, icon("download"));
    this.canvas = h("canvas", { class: "lane-picture", "aria-hidden": "true" });
    this.volume = slider(`Volume of ${name}`, 0, loudest, 0.01, decibels, (value) => {
      setting.gain = value;
      changed();
    });
    this.volume.classList.add("lane-volume");
    this.pan = slider(`Pan of ${name}`, -1, 1, 0.05, panText, (value) => {
      setting.pan = value;
      changed();
    });
    this.pan.classList.add("pan");
    const reset = iconButton("undo", `Reset ${name}`, () => this.reset());
    this.more = iconButton("dots", `More about ${name}`, () => {
      const open = this.head.classList.toggle("open");
      this.more.setAttribute("aria-expanded", `${open}`);
    }, "icon lane-more");
    this.more.setAttribute("aria-expanded", "false");
    this.head = h(
      "div", { class: "lane-head", role: "group", "aria-label": name },
      icon(stemIcon(stem)), h("p", { class: "lane-name", text: name, title: name }),
      h("div", { class: "lane-buttons" }, this.mute, this.solo, this.more),
      h("div", { class: "lane-level" }, this.volume, this.read),
      h("div", { class: "lane-extra" }, this.pan, this.spectrumButton, this.link, reset),
      h("div", { class: "meter", "aria-hidden": "true" }, this.level),
    );
    this.head.style.setProperty("--stem", colour);
    this.canvas.style.setProperty("--stem", colour);
    this.showSetting();
  }

  toggleMute(): void {
    this.setting.mute = !this.setting.mute;
    this.changed();
  }

  toggleSolo(): void {
    this.setting.solo = !this.setting.solo;
    this.changed();
  }

  /** Unity, the middle, heard. */
  reset(): void {
    const { spectrum } = this.setting;
    Object.assign(this.setting, newSetting(), { spectrum });
    this.changed();
  }

  showSetting(): void {
    setSlider(this.volume, this.setting.gain);
    setSlider(this.pan, this.setting.pan);
    this.read.textContent = decibels(this.setting.gain).replace(" dB", "");
    this.spectrumButton.setAttribute("aria-pressed", `${this.setting.spectrum}`);
    this.mute.setAttribute("aria-pressed", `${this.setting.mute}`);
    this.solo.setAttribute("aria-pressed", `${this.setting.solo}`);
  }

  showAudible(audible: boolean): void {
    this.canvas.classList.toggle("silent", !audible);
  }

  setDownload(address: string | undefined): void {
    if (address) this.link.href = address;
    else this.link.removeAttribute("href");
    if (address) this.link.removeAttribute("aria-disabled");
    else this.link.setAttribute("aria-disabled", "true");
    this.spectrumButton.disabled = !address;
  }

  /** Shows a waveform; the scale is the same for all lanes, so that loud stems look louder. */
  setWaveform(waveform: Waveform, frames: number, scale: number): void {
    [this.waveform, this.frames, this.scale] = [waveform, frames, scale];
    this.canvas.classList.remove("skeleton");
    // The spectrogram of the other side of a comparison is not this one's.
    if (this.setting.spectrum && this.spectrumOf !== this.jobId()) this.fetchSpectrum();
    this.paint();
  }

  /** Shows a lane without sound yet. */
  setWaiting(): void {
    this.waveform = undefined;
    this.canvas.classList.add("skeleton");
    this.paint();
  }

  paint(): void {
    if (this.setting.spectrum && this.spectrum) {
      paintSpectrogram(this.canvas, this.spectrum, this.view);
      this.refineSpectrum();
    } else paintWaveform(this.canvas, this.waveform, this.frames, this.scale, this.view);
  }

  /** A meter that jumps up at once and sinks slowly, as meters do. */
  showLevel(peak: number): void {
    const wanted = peak <= 0 ? 0 : Math.max(0, 1 + Math.log10(Math.min(1, peak)) / 2.5);
    this.shownLevel = Math.max(wanted, this.shownLevel - 0.03);
    this.level.style.transform = `scaleX(${this.shownLevel.toFixed(3)})`;
  }

  private toggleSpectrum(): void {
    this.setting.spectrum = !this.setting.spectrum;
    this.showSetting();
    if (this.setting.spectrum) this.fetchSpectrum();
    this.paint();
  }

  /** Once the view has come to rest, its own stretch replaces what was stretched or cut to fit. */
  private refineSpectrum(): void {
    clearTimeout(this.spectrumTimer);
    if (this.spectrumOf !== this.jobId() || (this.spectrum!.from === this.view.from && this.spectrum!.to === this.view.to)) return;
    this.spectrumTimer = setTimeout(() => this.fetchSpectrum(), 200);
  }

  private fetchSpectrum(): void {
    const { from, to } = this.view;
    const [columns, bins] = [1024, 128];
    const job = this.jobId();
    const key = `${job} ${this.stem} ${from} ${to}`;
    const show = (spectrum: Spectrum) => {
      [this.spectrum, this.spectrumOf] = [spectrum, job];
      this.paint();
    };
    const kept = this.spectra.get(key);
    if (kept) return show(kept);
    const stretch = { columns, bins, from: Math.floor(from * this.frames), to: Math.ceil(to * this.frames) };
    if (stretch.to <= stretch.from) return;
    void attempt(() => api.spectrogram(job, this.stem, stretch)).then((levels) => {
      if (!levels) return;
      const spectrum = { from, to, columns, bins, levels };
      // A spectrogram is 128 kB: what was seen last is kept.
      this.spectra.set(key, spectrum);
      if (this.spectra.size > 24) this.spectra.delete(this.spectra.keys().next().value!);
      if (job === this.jobId()) show(spectrum);
    });
  }
}

const panText = (value: number) =>
  Math.abs(value) < 0.01 ? "centre" : `${Math.round(Math.abs(value) * 100)} % ${value < 0 ? "left" : "right"}`;

function slider(
  label: string, min: number, max: number, step: number, text: (value: number) => string, changed: (value: number) => void,
): HTMLInputElement {
  const input = h("input", { type: "range", min, max, step, "aria-label": label, title: `${label}. Double-click resets.` });
  const neutral = min < 0 ? 0 : 1;
  input.style.setProperty("--unity", `${((neutral - min) / (max - min)) * 100}%`);
  const show = () => {
    input.style.setProperty("--value", `${((input.valueAsNumber - min) / (max - min)) * 100}%`);
    input.setAttribute("aria-valuetext", text(input.valueAsNumber));
  };
  input.addEventListener("show", show);
  let dragged = false;
  input.addEventListener("pointerdown", () => (dragged = true));
  input.addEventListener("change", () => (dragged = false));
  input.addEventListener("input", () => {
    // Unity is easy to find with the pointer: the handle stays on it for a little.
    if (dragged && Math.abs(input.valueAsNumber - neutral) < 1.6 * step) input.value = `${neutral}`;
    show();
    changed(input.valueAsNumber);
  });
  input.addEventListener("dblclick", () => {
    setSlider(input, neutral);
    changed(neutral);
  });
  return input;
}

function setSlider(input: HTMLInputElement, value: number): void {
  if (input.valueAsNumber !== value) input.value = `${value}`;
  input.dispatchEvent(new Event("show"));
}
