import { api } from "../api";
import type { LaneLevel } from "../audio/player";
import type { Waveform } from "../audio/waveform";
import { decibels } from "../format";
import { attempt, h, iconButton } from "./dom";
import { paintSpectrogram, paintWaveform, type Spectrum } from "./paint";
import { stemTitle } from "./stems";
import type { View } from "./view";

/** What the listener has set for a stem; kept by name, so that it holds for both sides of a comparison. */
export interface LaneSetting {
  gain: number;
  pan: number;
  mute: boolean;
  solo: boolean;
}

export const newSetting = (): LaneSetting => ({ gain: 1, pan: 0, mute: false, solo: false });

/** What is heard, given everybody's mutes and solos. */
export function heard(setting: LaneSetting, anySolo: boolean): LaneLevel {
  const silent = setting.mute || (anySolo && !setting.solo);
  return { gain: silent ? 0 : setting.gain, pan: setting.pan };
}

/** One stem: its waveform or spectrogram, its controls and its meter. */
export class LaneView {
  readonly stem: string;
  readonly head: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  private readonly setting: LaneSetting;
  private readonly changed: () => void;
  private readonly mute: HTMLButtonElement;
  private readonly solo: HTMLButtonElement;
  private readonly level = h("div", { class: "level" });
  private readonly link: HTMLAnchorElement;
  private readonly spectrumButton: HTMLButtonElement;
  private readonly view: View;
  private readonly jobId: () => string;
  private spectrum: Spectrum | undefined;
  private spectrumTimer = 0;
  private waveform: Waveform | undefined;
  private frames = 0;
  private scale = 1;
  private shownLevel = 0;

  constructor(stem: string, colour: string, number: number, setting: LaneSetting, changed: () => void, jobId: () => string, view: View) {
    this.stem = stem;
    this.setting = setting;
    this.changed = changed;
    this.jobId = jobId;
    this.view = view;
    const name = stemTitle(stem);
    this.mute = h("button", { type: "button", class: "letter mute", "aria-label": `Mute ${name}`, title: `Mute (${number})`, text: "M", onclick: () => this.toggleMute() });
    this.solo = h("button", { type: "button", class: "letter solo", "aria-label": `Solo ${name}`, title: `Solo (Shift+${number})`, text: "S", onclick: () => this.toggleSolo() });
    this.spectrumButton = iconButton("spectrum", `Spectrogram of ${name}`, () => void this.toggleSpectrum());
    this.spectrumButton.setAttribute("aria-pressed", "false");
    this.link = h("a", { class: "icon", "aria-label": `Download ${name}`, title: `Download ${name}`, download: true });
    this.link.append(iconButton("download", "", () => undefined).firstElementChild!);
    this.canvas = h("canvas", { class: "lane-picture", "aria-hidden": "true" });
    const volume = slider(`Volume of ${name}`, 0, 1.5, 0.01, setting.gain, decibels, (value) => {
      setting.gain = value;
      changed();
    });
    const pan = slider(`Pan of ${name}`, -1, 1, 0.05, setting.pan, panText, (value) => {
      setting.pan = value;
      changed();
    });
    pan.classList.add("pan");
    this.head = h(
      "div", { class: "lane-head", role: "group", "aria-label": name },
      h("p", { class: "lane-name", text: name }),
      h("div", { class: "lane-buttons" }, this.mute, this.solo, this.spectrumButton, this.link),
      h("div", { class: "lane-sliders" }, volume, pan),
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

  showSetting(): void {
    this.mute.setAttribute("aria-pressed", `${this.setting.mute}`);
    this.solo.setAttribute("aria-pressed", `${this.setting.solo}`);
  }

  showAudible(audible: boolean): void {
    this.canvas.classList.toggle("silent", !audible);
  }

  setDownload(address: string | undefined): void {
    this.link.hidden = this.spectrumButton.hidden = !address;
    if (address) this.link.href = address;
  }

  /** Shows a waveform; the scale is the same for all lanes, so that loud stems look louder. */
  setWaveform(waveform: Waveform, frames: number, scale: number): void {
    [this.waveform, this.frames, this.scale] = [waveform, frames, scale];
    this.paint();
  }

  paint(): void {
    if (this.spectrum) {
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

  private async toggleSpectrum(): Promise<void> {
    if (this.spectrum) this.spectrum = undefined;
    else {
      this.spectrumButton.setAttribute("aria-pressed", "true");
      this.spectrum = await this.loadSpectrum();
    }
    this.spectrumButton.setAttribute("aria-pressed", `${this.spectrum !== undefined}`);
    this.paint();
  }

  /** Once the view has come to rest, its own stretch replaces what was stretched or cut to fit. */
  private refineSpectrum(): void {
    clearTimeout(this.spectrumTimer);
    if (this.spectrum!.from === this.view.from && this.spectrum!.to === this.view.to) return;
    this.spectrumTimer = setTimeout(async () => {
      const finer = await this.loadSpectrum();
      if (!this.spectrum || !finer) return;
      this.spectrum = finer;
      this.paint();
    }, 200);
  }

  private async loadSpectrum(): Promise<Spectrum | undefined> {
    const { from, to } = this.view;
    const [columns, bins] = [1024, 128];
    const stretch = { columns, bins, from: Math.floor(from * this.frames), to: Math.ceil(to * this.frames) };
    const levels = await attempt(() => api.spectrogram(this.jobId(), this.stem, stretch));
    return levels && { from, to, columns, bins, levels };
  }
}

const panText = (value: number) =>
  Math.abs(value) < 0.01 ? "centre" : `${Math.round(Math.abs(value) * 100)} % ${value < 0 ? "left" : "right"}`;

function slider(
  label: string, min: number, max: number, step: number, value: number,
  text: (value: number) => string, changed: (value: number) => void,
): HTMLInputElement {
  const input = h("input", { type: "range", min, max, step, "aria-label": label });
  const neutral = min < 0 ? 0 : 1;
  const show = () => {
    input.style.setProperty("--value", `${((input.valueAsNumber - min) / (max - min)) * 100}%`);
    input.setAttribute("aria-valuetext", text(input.valueAsNumber));
    input.title = `${label}: ${text(input.valueAsNumber)}. Double-click resets.`;
  };
  input.value = `${value}`;
  input.addEventListener("input", () => {
    show();
    changed(input.valueAsNumber);
  });
  input.addEventListener("dblclick", () => {
    input.value = `${neutral}`;
    show();
    changed(neutral);
  });
  show();
  return input;
}
