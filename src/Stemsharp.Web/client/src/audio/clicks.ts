/** A click as metronomes have it: a tone of 30 ms, higher on the first beat of a bar. */
const seconds = 0.03;
const hertz = [1000, 1500] as const;

interface Sounding {
  /** Frames since its start; negative until then. */
  age: number;
  accent: 0 | 1;
  volume: number;
}

/** The metronome: clicks on given frames of the song, at the sample at which the frame is heard, and clicks that count in. */
export class Clicks {
  private readonly sampleRate: number;
  private frames: Float64Array = new Float64Array();
  private accents: Uint8Array = new Uint8Array();
  private volume = 0;
  private sounding: Sounding[] = [];

  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
  }

  set(frames: Float64Array, accents: Uint8Array, volume: number): void {
    [this.frames, this.accents, this.volume] = [frames, accents, volume];
  }

  /** Counts in: clicks at frames of output from now on, the first of them accented. */
  count(clicks: number[], volume: number): void {
    this.sounding = clicks.map((at, i) => ({ age: -Math.round(at), accent: i === 0 ? 1 : 0, volume }));
  }

  silence(): void {
    this.sounding = [];
  }

  /** Frames of the song pass, heard from `at` frames of output on, `speed` of them in one of output. */
  pass(from: number, count: number, at: number, speed: number): void {
    if (this.volume <= 0) return;
    for (let i = this.first(from); i < this.frames.length && this.frames[i]! < from + count; i++) {
      const age = -Math.round(at + (this.frames[i]! - from) / speed);
      this.sounding.push({ age, accent: this.accents[i] ? 1 : 0, volume: this.volume });
    }
  }

  /** Adds what sounds now. */
  play(left: Float32Array, right: Float32Array): void {
    if (this.sounding.length === 0) return;
    const length = seconds * this.sampleRate;
    for (const click of this.sounding) {
      for (let i = Math.max(0, -click.age); i < left.length; i++) {
        const t = (click.age + i) / this.sampleRate;
        if (t >= seconds) break;
        const value = click.volume * 0.5 * Math.cos(2 * Math.PI * hertz[click.accent] * t) * Math.exp(-150 * t) * (1 - t / seconds);
        left[i]! += value;
        right[i]! += value;
      }
      click.age += left.length;
    }
    this.sounding = this.sounding.filter(({ age }) => age < length);
  }

  /** The first click at a frame or after it. */
  private first(frame: number): number {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle]! < frame) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
