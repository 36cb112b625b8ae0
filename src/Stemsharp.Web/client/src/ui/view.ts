/** The stretch of the song that is on the screen, in fractions of the whole. */
export class View extends EventTarget {
  from = 0;
  to = 1;
  private smallest = 1;

  get span(): number {
    return this.to - this.from;
  }

  get isWhole(): boolean {
    return this.span >= 1;
  }

  get canZoomIn(): boolean {
    return this.span > this.smallest * 1.001;
  }

  /** A new song is seen whole; nothing shorter than two seconds fills the screen, for waveforms are no finer. */
  reset(seconds: number): void {
    this.smallest = Math.min(1, 2 / Math.max(seconds, 1e-3));
    this.show(0, 1);
  }

  /** Zooms about a place that stays where it is on the screen; a factor below one zooms in. */
  zoom(factor: number, about: number): void {
    const span = Math.max(this.smallest, Math.min(1, this.span * factor));
    const share = this.span > 0 ? (about - this.from) / this.span : 0;
    this.show(about - share * span, span);
  }

  /** Turns the page so that a place is seen. */
  follow(place: number): void {
    if (place < this.from || place > this.to) this.moveTo(place - this.span * 0.05);
  }

  moveTo(from: number): void {
    this.show(from, this.span);
  }

  /** Where a place of the song is on the screen: 0 at its left, 1 at its right, others outside. */
  toScreen(place: number): number {
    return (place - this.from) / this.span;
  }

  toSong(screen: number): number {
    return Math.max(0, Math.min(1, this.from + screen * this.span));
  }

  private show(from: number, span: number): void {
    const start = Math.max(0, Math.min(1 - span, from));
    if (start === this.from && start + span === this.to) return;
    [this.from, this.to] = [start, start + span];
    this.dispatchEvent(new Event("change"));
  }
}
