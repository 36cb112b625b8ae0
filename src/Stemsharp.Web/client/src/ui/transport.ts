import type { Player } from "../audio/player";
import { time } from "../format";
import { h, iconButton, setIcon } from "./dom";

/** Play, position, loop and volume: always in reach at the foot of the player. */
export class Transport {
  readonly element: HTMLElement;
  private readonly player: Player;
  private readonly playButton: HTMLButtonElement;
  private readonly loopButton: HTMLButtonElement;
  private readonly position = h("input", { type: "range", min: 0, step: 0.1, value: 0, "aria-label": "Position", class: "position" });
  private readonly clock = h("p", { class: "clock" });
  private readonly volume = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: 1, "aria-label": "Volume", class: "volume" });
  private readonly waiting = h("p", { class: "waiting", role: "status" });
  private frames = 0;
  private sampleRate = 44_100;
  private shownPlaying: boolean | undefined;

  constructor(player: Player, toggleLoop: () => void, help: () => void) {
    this.player = player;
    this.playButton = iconButton("play", "Play", () => this.toggle(), "icon play");
    this.loopButton = iconButton("loop", "Loop", toggleLoop);
    this.position.addEventListener("input", () => player.seek(this.position.valueAsNumber * this.sampleRate));
    this.volume.value = localStorage.getItem("volume") ?? "1";
    this.volume.addEventListener("input", () => this.setVolume());
    this.setVolume();
    this.element = h(
      "div", { class: "transport", role: "group", "aria-label": "Playing" },
      iconButton("start", "To the start", () => player.seek(0)),
      this.playButton, this.loopButton, this.clock, this.position, this.waiting,
      h("label", { class: "volume-label" }, h("span", { text: "Volume" }), this.volume),
      iconButton("keys", "Keyboard shortcuts", help, "icon help"),
    );
  }

  setLength(frames: number, sampleRate: number): void {
    [this.frames, this.sampleRate] = [frames, sampleRate];
    this.position.max = `${frames / sampleRate}`;
    this.update();
  }

  /** Whether there is anything to play. */
  setEnabled(enabled: boolean): void {
    for (const control of this.element.querySelectorAll<HTMLButtonElement | HTMLInputElement>("button:not(.help), input.position")) control.disabled = !enabled;
  }

  /** Louder or softer, by a share of the slider. */
  turn(by: number): void {
    this.volume.value = `${this.volume.valueAsNumber + by}`;
    this.setVolume();
  }

  private setVolume(): void {
    const { volume } = this;
    volume.style.setProperty("--value", `${volume.valueAsNumber * 100}%`);
    this.player.setVolume(volume.valueAsNumber ** 2);
    localStorage.setItem("volume", volume.value);
  }

  toggle(): void {
    if (this.playButton.disabled) return;
    if (this.player.playing) this.player.pause();
    else void this.player.play();
  }

  update(): void {
    const { frame, playing, starved, loop } = this.player;
    const seconds = frame / this.sampleRate;
    const text = `${time(seconds, true)} / ${time(this.frames / this.sampleRate)}`;
    if (this.clock.textContent !== text) this.clock.textContent = text;
    this.position.value = `${seconds}`;
    this.position.style.setProperty("--value", `${this.frames > 0 ? (frame / this.frames) * 100 : 0}%`);
    this.position.setAttribute("aria-valuetext", `${time(seconds)} of ${time(this.frames / this.sampleRate)}`);
    this.loopButton.setAttribute("aria-pressed", `${loop !== undefined}`);
    const waits = playing && starved ? "Waiting for sound" : "";
    if (this.waiting.textContent !== waits) this.waiting.textContent = waits;
    if (this.shownPlaying === playing) return;
    this.shownPlaying = playing;
    setIcon(this.playButton, playing ? "pause" : "play");
    this.playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.playButton.title = playing ? "Pause" : "Play";
  }
}
