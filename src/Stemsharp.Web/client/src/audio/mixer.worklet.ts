import { blockFrames, type FromMixer, type ToMixer } from "./blocks";

// An AudioWorklet's own world; TypeScript's DOM library does not describe it.
declare const sampleRate: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, type: unknown): void;

interface Lane {
  readonly blocks: Map<number, Float32Array>;
  left: number;
  right: number;
  wantedLeft: number;
  wantedRight: number;
  peak: number;
}

/**
 * Plays all lanes from one position: a frame is heard from every lane or from none, so that they cannot drift apart.
 * Where a block of any lane is missing, all of them wait.
 */
class StemMixer extends AudioWorkletProcessor {
  private lanes: Lane[] = [];
  private frame = 0;
  private frames = 0;
  private limit = Infinity;
  private playing = false;
  private starved = false;
  private loopFrom = 0;
  private loopTo = 0;
  /** Fades sound in and out around every start, stop and jump: a cut in a waveform is heard as a click. */
  private fade = 0;
  private jump = -1;
  private sinceReport = 0;
  private readonly fadeStep = 1 / (0.004 * sampleRate);

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<ToMixer>) => this.take(event.data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [left, right] = outputs[0]!;
    if (!left || !right) return true;
    let at = 0;
    while (at < left.length) {
      if (this.jump >= 0 && this.fade <= 0) this.land(this.jump);
      const wanted = this.playing && this.jump < 0;
      if (!wanted && this.fade <= 0) break;
      const count = this.ready(left.length - at);
      this.starved = count === 0 && this.playing;
      if (count === 0) {
        this.fade = 0;
        if (this.jump >= 0) continue;
        break;
      }
      this.mix(left, right, at, count, wanted ? 1 : 0);
      at += count;
      this.frame += count;
      if (this.loopTo > this.loopFrom && this.frame === this.loopTo) this.frame = this.loopFrom;
      else if (this.frame >= this.frames) {
        this.playing = false;
        this.fade = 0;
      }
    }
    this.sinceReport += left.length;
    if (this.sinceReport >= sampleRate / 30) this.report();
    return true;
  }

  /** Frames from the position on that every lane has, up to the next border of a block, the loop or the song. */
  private ready(most: number): number {
    const block = Math.floor(this.frame / blockFrames);
    for (const lane of this.lanes) if (!lane.blocks.has(block)) return 0;
    let end = Math.min(this.frame + most, (block + 1) * blockFrames, this.frames, this.limit);
    if (this.loopTo > this.loopFrom && this.frame < this.loopTo) end = Math.min(end, this.loopTo);
    return Math.max(0, end - this.frame);
  }

  private mix(left: Float32Array, right: Float32Array, at: number, count: number, wantedFade: number): void {
    const block = Math.floor(this.frame / blockFrames);
    const offset = (this.frame - block * blockFrames) * 2;
    for (const lane of this.lanes) {
      const samples = lane.blocks.get(block)!;
      const stepLeft = (lane.wantedLeft - lane.left) / count;
      const stepRight = (lane.wantedRight - lane.right) / count;
      let fade = this.fade;
      for (let i = 0; i < count; i++) {
        fade = fade < wantedFade ? Math.min(wantedFade, fade + this.fadeStep) : Math.max(wantedFade, fade - this.fadeStep);
        lane.left += stepLeft;
        lane.right += stepRight;
        const l = samples[offset + 2 * i]! * lane.left;
        const r = samples[offset + 2 * i + 1]! * lane.right;
        lane.peak = Math.max(lane.peak, Math.abs(l), Math.abs(r));
        left[at + i]! += l * fade;
        right[at + i]! += r * fade;
      }
      lane.left = lane.wantedLeft;
      lane.right = lane.wantedRight;
    }
    const change = this.fadeStep * count;
    this.fade = this.fade < wantedFade ? Math.min(wantedFade, this.fade + change) : Math.max(wantedFade, this.fade - change);
  }

  private take(message: ToMixer): void {
    switch (message.kind) {
      case "open":
        this.lanes = Array.from({ length: message.lanes }, () => ({
          blocks: new Map<number, Float32Array>(), left: 0, right: 0, wantedLeft: 0, wantedRight: 0, peak: 0,
        }));
        this.frames = message.frames;
        this.limit = message.frames;
        break;
      case "block":
        this.lanes[message.lane]?.blocks.set(message.block, message.samples);
        break;
      case "keep": {
        const keep = new Set(message.blocks);
        for (const lane of this.lanes) for (const block of lane.blocks.keys()) if (!keep.has(block)) lane.blocks.delete(block);
        break;
      }
      case "limit":
        this.limit = message.frames;
        break;
      case "levels":
        this.lanes.forEach((lane, i) => {
          lane.wantedLeft = message.left[i] ?? 0;
          lane.wantedRight = message.right[i] ?? 0;
        });
        break;
      case "play":
        this.playing = message.playing;
        if (!message.playing) this.starved = false;
        this.report();
        break;
      case "seek":
        if (this.fade > 0) this.jump = message.frame;
        else this.land(message.frame);
        break;
      case "loop":
        [this.loopFrom, this.loopTo] = [message.from, message.to];
        break;
    }
  }

  private land(frame: number): void {
    this.frame = Math.min(frame, this.frames);
    this.jump = -1;
    this.report();
  }

  private report(): void {
    this.sinceReport = 0;
    const peaks = Float32Array.from(this.lanes, (lane) => lane.peak);
    for (const lane of this.lanes) lane.peak = 0;
    const message: FromMixer = { frame: this.jump >= 0 ? this.jump : this.frame, playing: this.playing, starved: this.starved, peaks };
    this.port.postMessage(message, [peaks.buffer]);
  }
}

registerProcessor("stem-mixer", StemMixer);
