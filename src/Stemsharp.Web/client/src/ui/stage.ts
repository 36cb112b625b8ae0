import { time } from "../format";
import { h } from "./dom";

/** The part of the player that stands for time: the ruler, the playhead and the loop, over all lanes. */
export class Stage {
  readonly ruler = h("div", { class: "ruler", "aria-hidden": "true" });
  readonly overlay = h("div", { class: "overlay", "aria-hidden": "true" });
  private readonly playhead = h("div", { class: "playhead" });
  private readonly region = h("div", { class: "region" });
  private readonly unmade = h("div", { class: "unmade" });
  private seconds = 0;
  private drag: { from: number; moved: boolean } | undefined;

  constructor(onSeek: (fraction: number) => void, onLoop: (from: number, to: number) => void) {
    this.overlay.append(this.unmade, this.region, this.playhead);
    for (const surface of [this.ruler, this.overlay]) {
      surface.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        surface.setPointerCapture(event.pointerId);
        this.drag = { from: this.fraction(event), moved: false };
      });
      surface.addEventListener("pointermove", (event) => {
        if (!this.drag) return;
        const to = this.fraction(event);
        this.drag.moved ||= Math.abs(to - this.drag.from) * this.overlay.clientWidth > 6;
        if (this.drag.moved) this.showLoop(Math.min(this.drag.from, to), Math.max(this.drag.from, to));
      });
      surface.addEventListener("pointerup", (event) => {
        if (!this.drag) return;
        const { from, moved } = this.drag;
        this.drag = undefined;
        const to = this.fraction(event);
        if (moved) onLoop(Math.min(from, to), Math.max(from, to));
        else onSeek(to);
      });
      surface.addEventListener("pointercancel", () => (this.drag = undefined));
    }
  }

  setLength(seconds: number): void {
    this.seconds = seconds;
    const width = this.overlay.clientWidth || 600;
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
    const step = steps.find((candidate) => (candidate / seconds) * width >= 64) ?? 7200;
    const marks: HTMLElement[] = [];
    for (let at = 0; at < seconds - step / 3; at += step) {
      const mark = h("span", { class: "mark", text: time(at) });
      mark.style.left = `${(at / seconds) * 100}%`;
      marks.push(mark);
    }
    this.ruler.replaceChildren(...marks);
  }

  showPosition(fraction: number): void {
    this.playhead.style.transform = `translateX(${(fraction * this.overlay.clientWidth).toFixed(1)}px)`;
  }

  showLoop(from: number | undefined, to = 0): void {
    this.region.hidden = from === undefined;
    if (from === undefined) return;
    this.region.style.left = `${from * 100}%`;
    this.region.style.width = `${(to - from) * 100}%`;
  }

  /** Veils what is not made yet. */
  showMade(fraction: number): void {
    this.unmade.hidden = fraction >= 1;
    this.unmade.style.left = `${fraction * 100}%`;
  }

  get length(): number {
    return this.seconds;
  }

  private fraction(event: PointerEvent): number {
    const box = this.overlay.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  }
}
