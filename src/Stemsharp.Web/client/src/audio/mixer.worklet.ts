import { blockFrames, type FromMixer, type ToMixer } from "./blocks";
import { Clicks } from "./clicks";
import type { Stretcher } from "../practice/stretcher";

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
  private readonly clicks = new Clicks(sampleRate);
  /** Changes speed and pitch of the mix, so that nothing can come between the lanes; undefined where both are the song's. */
  private stretcher: Stretcher | undefined;
  /** The stretcher, compiled once. */
  private spare: Stretcher | undefined;
  private speed = 1;
  private semitones = 0;
  /** Frames of the song that are due beyond the whole ones. */
  private due = 0;
  private gate = 0;
  /** What the stretcher was given and has not been heard yet, in order; silence where sound was missing does not move on. */
  private trail: { from: number; count: number; moves: boolean }[] = [];
  private ended = false;
  /** Frames of output until the song is heard, while it is counted in. */
  private countdown = 0;
  private readonly scratch = [new Float32Array(1024), new Float32Array(1024)] as const;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<ToMixer>) => this.take(event.data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [left, right] = outputs[0]!;
    if (!left || !right) return true;
    const early = this.stretcher ? this.delay / this.speed : 0;
    const wait = Math.min(left.length, Math.max(0, Math.ceil(this.countdown - early)));
    this.countdown = Math.max(0, this.countdown - left.length);
    if (wait < left.length) {
      if (this.stretcher) this.stretch(left, right);
      else this.render(left, right, wait, left.length);
    }
    this.clicks.play(left, right);
    this.sinceReport += left.length;
    if (this.sinceReport >= sampleRate / 30) this.report();
    return true;
  }

  /** Frames of the song between what the stretcher takes and what is heard. */
  private get delay(): number {
    return this.stretcher ? this.stretcher.inputLatency + this.stretcher.outputLatency * this.speed : 0;
  }

  private get heard(): number {
    return this.trail[0]?.from ?? this.frame;
  }

  /** As many frames as the speed asks for go in, a quantum comes out. Starts, stops and jumps are faded where they are heard. */
  private stretch(left: Float32Array, right: Float32Array): void {
    const wanted = this.playing && this.jump < 0;
    if (!wanted && this.gate <= 0) return this.park();
    this.due += left.length * this.speed;
    const count = Math.floor(this.due);
    this.due -= count;
    for (const channel of this.scratch) channel.fill(0, 0, count);
    const made = this.ended ? 0 : this.render(this.scratch[0], this.scratch[1], 0, count);
    if (made < count) this.trail.push({ from: this.frame, count: count - made, moves: false });
    this.stretcher!.process(this.scratch as unknown as Float32Array[], count, [left, right]);
    for (let i = 0; i < left.length; i++) {
      this.gate = wanted ? Math.min(1, this.gate + this.fadeStep) : Math.max(0, this.gate - this.fadeStep);
      left[i]! *= this.gate;
      right[i]! *= this.gate;
    }
    this.follow(left.length);
  }

  /** Lets go of what has been heard, with the clicks that lie on it. */
  private follow(frames: number): void {
    let over = this.trail.reduce((sum, { count }) => sum + count, 0) - this.delay;
    // What is let go ends where the quantum ends; after a start it begins within it.
    let at = frames * this.speed - over;
    while (over > 0 && this.trail.length > 0) {
      const first = this.trail[0]!;
      const count = Math.min(over, first.count);
      if (first.moves && this.gate > 0) this.clicks.pass(first.from, count, at / this.speed, this.speed);
      if (first.moves) first.from += count;
      first.count -= count;
      at += count;
      over -= count;
      if (first.count <= 1e-9) this.trail.shift();
    }
    // The song's end has been heard when only silence is left.
    if (this.ended && !this.trail.some(({ moves }) => moves)) {
      this.playing = this.ended = false;
      this.trail = [];
    }
  }

  /** Stands where it was heard last. */
  private park(): void {
    if (this.trail.length > 0) this.frame = Math.floor(this.heard);
    this.restart();
    if (this.jump >= 0) this.land(this.jump);
  }

  private restart(): void {
    this.trail = [];
    [this.due, this.fade, this.gate, this.ended] = [0, 0, 0, false];
    this.stretcher?.reset();
  }

  /** Mixes what comes next into `from` … `to`; tells how much of it there was. */
  private render(left: Float32Array, right: Float32Array, from: number, to: number): number {
    let at = from;
    while (at < to) {
      if (this.jump >= 0 && this.fade <= 0) this.land(this.jump);
      const wanted = this.playing && this.jump < 0;
      if (!wanted && this.fade <= 0) break;
      const count = this.ready(to - at);
      this.starved = count === 0 && this.playing;
      if (count === 0) {
        this.fade = 0;
        if (this.jump >= 0) continue;
        break;
      }
      this.mix(left, right, at, count, wanted ? 1 : 0);
      if (this.stretcher) this.went(count);
      else this.clicks.pass(this.frame, count, at, 1);
      at += count;
      this.frame += count;
      if (this.loopTo > this.loopFrom && this.frame === this.loopTo) this.frame = this.loopFrom;
      else if (this.frame >= this.frames) {
        if (this.stretcher) this.ended = true;
        else this.playing = false;
        this.fade = 0;
        break;
      }
    }
    return at - from;
  }

  /** Notes what the stretcher gets; neighbours are one. */
  private went(count: number): void {
    const last = this.trail.at(-1);
    if (last?.moves && Math.abs(last.from + last.count - this.frame) < 1e-6) last.count += count;
    else this.trail.push({ from: this.frame, count, moves: true });
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
        if (!message.playing) {
          this.starved = false;
          this.countdown = 0;
          this.clicks.silence();
        }
        this.report();
        break;
      case "count-in":
        this.playing = true;
        this.countdown = message.start;
        this.clicks.count(message.clicks, message.volume);
        break;
      case "clicks":
        this.clicks.set(message.frames, message.accents, message.volume);
        break;
      case "stretch":
        void this.setStretch(message.speed, message.semitones);
        break;
      case "seek":
        if (this.fade > 0 || this.gate > 0) this.jump = message.frame;
        else this.land(message.frame);
        break;
      case "loop":
        [this.loopFrom, this.loopTo] = [message.from, message.to];
        break;
    }
  }

  private land(frame: number): void {
    if (this.stretcher) this.restart();
    this.frame = Math.min(frame, this.frames);
    this.jump = -1;
    this.report();
  }

  private async setStretch(speed: number, semitones: number): Promise<void> {
    [this.speed, this.semitones] = [speed, semitones];
    const neutral = speed === 1 && semitones === 0;
    if (!neutral && !this.spare) this.spare = await (globalThis as { stemsharpStretcher?: typeof Stretcher }).stemsharpStretcher?.create(sampleRate);
    const wanted = this.speed === 1 && this.semitones === 0 ? undefined : this.spare;
    wanted?.setSemitones(this.semitones);
    if (wanted === this.stretcher) return;
    // The place that is heard stays; the way of the sound changes.
    if (this.stretcher && this.trail.length > 0) this.frame = Math.floor(this.heard);
    this.restart();
    this.stretcher = wanted;
    this.stretcher?.reset();
    this.report();
  }

  private report(): void {
    this.sinceReport = 0;
    const peaks = Float32Array.from(this.lanes, (lane) => lane.peak);
    for (const lane of this.lanes) lane.peak = 0;
    const message: FromMixer = { frame: this.jump >= 0 ? this.jump : Math.floor(this.heard), playing: this.playing, starved: this.starved, peaks };
    this.port.postMessage(message, [peaks.buffer]);
  }
}

registerProcessor("stem-mixer", StemMixer);
