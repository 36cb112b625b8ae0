import { time } from "../format";
import { h, iconButton } from "./dom";
import { View } from "./view";

/** The part of the player that stands for time: the ruler, the playhead and the loop, over all lanes. */
export class Stage {
  readonly view = new View();
  readonly ruler = h("div", { class: "ruler", "aria-hidden": "true" });
  readonly overlay = h("div", { class: "overlay", "aria-hidden": "true" });
  /** Scrolls through a song that is seen in part. */
  readonly scroller: HTMLElement;
  readonly zoomButtons: HTMLElement;
  private readonly playhead = h("div", { class: "playhead" });
  private readonly region = h("div", { class: "region" });
  private readonly unmade = h("div", { class: "unmade" });
  private readonly scrolled = h("div", { class: "scrolled" });
  private readonly zoomIn = iconButton("zoomIn", "Zoom in", () => this.zoom(0.5));
  private readonly zoomOut = iconButton("zoomOut", "Zoom out", () => this.zoom(2));
  private readonly whole = iconButton("whole", "The whole song", () => this.zoom(Infinity));
  private readonly fingers = new Map<number, number>();
  private seconds = 0;
  private position = 0;
  private made = 1;
  private loop: { from: number; to: number } | undefined;
  private drag: { from: number; moved: boolean } | undefined;
  private pinch = 0;

  constructor(onSeek: (fraction: number) => void, onLoop: (from: number, to: number) => void) {
    this.overlay.append(this.unmade, this.region, this.playhead);
    this.scroller = h("div", { class: "scroller", tabindex: 0, role: "scrollbar", "aria-label": "Scroll through the song", "aria-orientation": "horizontal", "aria-controls": "lane-pictures" }, this.scrolled);
    this.zoomButtons = h("div", { class: "zoom", role: "group", "aria-label": "Zoom" }, this.zoomOut, this.zoomIn, this.whole);
    this.scroller.addEventListener("scroll", () => this.takeScroll());
    this.scroller.addEventListener("keydown", (event) => this.takeKey(event));
    this.view.addEventListener("change", () => this.showView());
    for (const surface of [this.ruler, this.overlay]) this.listen(surface, onSeek, onLoop);
  }

  setLength(seconds: number): void {
    if (seconds !== this.seconds) {
      this.seconds = seconds;
      this.view.reset(seconds);
    }
    this.showView();
  }

  showPosition(fraction: number, follow: boolean): void {
    this.position = fraction;
    if (follow && !this.drag && !this.view.isWhole) this.view.follow(fraction);
    this.playhead.style.transform = `translateX(${(this.view.toScreen(fraction) * this.overlay.clientWidth).toFixed(1)}px)`;
  }

  showLoop(from: number | undefined, to = 0): void {
    this.loop = from === undefined ? undefined : { from, to };
    this.region.hidden = from === undefined;
    if (from !== undefined) this.place(this.region, from, to);
  }

  /** Veils what is not made yet. */
  showMade(fraction: number): void {
    this.made = fraction;
    this.unmade.hidden = fraction >= 1;
    this.unmade.style.transform = `translateX(${Math.min(1, Math.max(0, this.view.toScreen(fraction))) * 100}%)`;
  }

  /** Zooms about the playhead where it is seen, about the middle otherwise. */
  zoom(factor: number): void {
    const { view } = this;
    const seen = this.position >= view.from && this.position <= view.to;
    view.zoom(factor, seen ? this.position : (view.from + view.to) / 2);
  }

  get length(): number {
    return this.seconds;
  }

  private listen(surface: HTMLElement, onSeek: (fraction: number) => void, onLoop: (from: number, to: number) => void): void {
    surface.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      surface.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, event.clientX);
      this.pinch = 0;
      this.drag = this.fingers.size === 1 ? { from: this.fraction(event), moved: false } : undefined;
    });
    surface.addEventListener("pointermove", (event) => {
      if (!this.fingers.has(event.pointerId)) return;
      this.fingers.set(event.pointerId, event.clientX);
      if (this.fingers.size === 2) return this.takePinch();
      if (!this.drag) return;
      const to = this.fraction(event);
      this.drag.moved ||= (Math.abs(to - this.drag.from) / this.view.span) * this.overlay.clientWidth > 6;
      if (this.drag.moved) this.showLoop(Math.min(this.drag.from, to), Math.max(this.drag.from, to));
    });
    surface.addEventListener("pointerup", (event) => {
      this.fingers.delete(event.pointerId);
      if (!this.drag) return;
      const { from, moved } = this.drag;
      this.drag = undefined;
      const to = this.fraction(event);
      if (moved) onLoop(Math.min(from, to), Math.max(from, to));
      else onSeek(to);
    });
    surface.addEventListener("pointercancel", (event) => {
      this.fingers.delete(event.pointerId);
      this.drag = undefined;
    });
    surface.addEventListener("wheel", (event) => {
      // A trackpad's pinch comes as a wheel with Ctrl.
      if (event.ctrlKey || event.metaKey) this.view.zoom(Math.exp(event.deltaY / 200), this.fraction(event));
      else {
        const across = event.shiftKey ? event.deltaY : event.deltaX;
        if (across === 0 || this.view.isWhole) return;
        this.view.moveTo(this.view.from + (across / this.overlay.clientWidth) * this.view.span);
      }
      event.preventDefault();
    });
  }

  /** Two fingers: their distance is the zoom, their middle stays. */
  private takePinch(): void {
    const [one, other] = [...this.fingers.values()] as [number, number];
    const distance = Math.max(20, Math.abs(one - other));
    if (this.pinch > 0) this.view.zoom(this.pinch / distance, this.fraction({ clientX: (one + other) / 2 }));
    this.pinch = distance;
  }

  private takeScroll(): void {
    const from = this.scroller.scrollLeft / this.scrolled.clientWidth;
    // What the view itself has set comes back rounded to a pixel.
    if (Math.abs(from - this.view.from) * this.scrolled.clientWidth > 1.5) this.view.moveTo(from);
  }

  private takeKey(event: KeyboardEvent): void {
    const { from, span } = this.view;
    const places: Record<string, number> = {
      ArrowLeft: from - span / 10, ArrowRight: from + span / 10, PageUp: from - span, PageDown: from + span, Home: 0, End: 1,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.view.moveTo(place);
  }

  private showView(): void {
    const { view } = this;
    this.scroller.classList.toggle("idle", view.isWhole);
    this.scroller.tabIndex = view.isWhole ? -1 : 0;
    this.scroller.setAttribute("aria-valuenow", `${Math.round(view.isWhole ? 0 : (view.from / (1 - view.span)) * 100)}`);
    this.scroller.setAttribute("aria-valuetext", `${time(view.from * this.seconds)} to ${time(view.to * this.seconds)}`);
    this.scrolled.style.width = `${100 / view.span}%`;
    this.scroller.scrollLeft = view.from * this.scrolled.clientWidth;
    this.zoomIn.disabled = !view.canZoomIn;
    this.zoomOut.disabled = this.whole.disabled = view.isWhole;
    this.showMarks();
    this.showMade(this.made);
    this.showLoop(this.loop?.from, this.loop?.to);
    this.showPosition(this.position, false);
  }

  private showMarks(): void {
    const { view, seconds } = this;
    const width = this.overlay.clientWidth || 600;
    const seen = seconds * view.span;
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
    const step = steps.find((candidate) => (candidate / seen) * width >= 64) ?? 7200;
    const marks: HTMLElement[] = [];
    for (let i = Math.ceil((view.from * seconds) / step - 1e-6); i * step < view.to * seconds - step / 3; i++) {
      const mark = h("span", { class: "mark", text: time(i * step + 1e-6, step < 1) });
      mark.style.left = `${view.toScreen((i * step) / seconds) * 100}%`;
      marks.push(mark);
    }
    this.ruler.replaceChildren(...marks);
  }

  private place(element: HTMLElement, from: number, to: number): void {
    element.style.left = `${this.view.toScreen(from) * 100}%`;
    element.style.width = `${((to - from) / this.view.span) * 100}%`;
  }

  private fraction(event: { clientX: number }): number {
    const box = this.overlay.getBoundingClientRect();
    return this.view.toSong((event.clientX - box.left) / box.width);
  }
}
