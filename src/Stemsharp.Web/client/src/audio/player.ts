import { blockFrames, type FromMixer, type ToMixer } from "./blocks";
import mixerUrl from "./mixer.worklet.ts?worker&url";
import stretcherUrl from "../practice/stretch.worklet.ts?worker&url";
import { StemSource } from "./stem-source";

/** Blocks that are fetched ahead of the position: some six seconds. */
const blocksAhead = 4;

/** Clicks on frames of the song, louder where `accents` is 1. */
export interface ClickTrack {
  frames: Float64Array;
  accents: Uint8Array;
  volume: number;
}

/** A count-in: clicks and the song's start, in seconds from now. */
export interface CountIn {
  clicks: number[];
  start: number;
  volume: number;
}

export interface LaneLevel {
  gain: number;
  /** −1 left … 1 right. */
  pan: number;
}

/**
 * Plays lanes in step. Fetches only what is about to be heard: a window of a few seconds per lane, whatever the
 * song's length. Tells of its state with the events "state" (playing, starved, position) and "meters".
 */
export class Player extends EventTarget {
  frame = 0;
  playing = false;
  starved = false;
  peaks: Float32Array = new Float32Array();
  loop: { from: number; to: number } | undefined;
  private context: AudioContext | undefined;
  private node: AudioWorkletNode | undefined;
  private master: GainNode | undefined;
  private volume = 1;
  private sources: StemSource[] = [];
  private frames = 0;
  private sampleRate = 44_100;
  private limit = Infinity;
  private levels: LaneLevel[] = [];
  private stretch = { speed: 1, semitones: 0 };
  private stretcherLoaded: Promise<void> | undefined;
  private clicks: ClickTrack | undefined;
  /** Asked before the song plays; what it answers is counted in. */
  beforePlaying: (() => CountIn | undefined) | undefined;
  /** Blocks that are with the mixer or on their way, by lane and number. */
  private held = new Map<string, AbortController>();

  /** Takes new lanes. The position stays where it makes sense, so that a song can be followed as it is finished. */
  open(sources: StemSource[], frames: number, sampleRate: number, keepPosition: boolean): void {
    this.dropAll();
    this.sources = sources;
    this.frames = frames;
    this.limit = frames;
    if (sampleRate !== this.sampleRate) this.closeContext();
    this.sampleRate = sampleRate;
    if (!keepPosition) {
      this.frame = 0;
      this.setLoop(undefined);
      this.pause();
    }
    this.peaks = new Float32Array(sources.length);
    this.post({ kind: "open", lanes: sources.length, frames });
    this.post({ kind: "seek", frame: this.frame });
    this.fetch();
    this.changed();
  }

  /** Frames that there are so far, of a song that is still being made. */
  setLimit(frames: number): void {
    this.limit = frames;
    this.post({ kind: "limit", frames: this.playableEnd });
    this.fetch();
  }

  /** Where playing has to wait: whole blocks only, but for the last one. */
  get playableEnd(): number {
    return this.limit >= this.frames ? this.frames : Math.floor(this.limit / blockFrames) * blockFrames;
  }

  setLevels(levels: LaneLevel[]): void {
    this.levels = levels;
    this.post({
      kind: "levels",
      left: levels.map(({ gain, pan }) => gain * Math.min(1, 1 - pan)),
      right: levels.map(({ gain, pan }) => gain * Math.min(1, 1 + pan)),
    });
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.master?.gain.setTargetAtTime(volume, this.context!.currentTime, 0.01);
  }

  get speed(): number {
    return this.stretch.speed;
  }

  get semitones(): number {
    return this.stretch.semitones;
  }

  get rate(): number {
    return this.sampleRate;
  }

  /** Frames of the song. */
  get length(): number {
    return this.frames;
  }

  /** Plays at another speed (0.5 … 1.5) and another pitch (−12 … 12 semitones). What that needs is loaded at the first call. */
  async setStretch(speed: number, semitones: number): Promise<void> {
    this.stretch = { speed, semitones };
    await this.sendStretch();
    this.changed();
  }

  /** Clicks on frames of the song while it plays; none without a track. */
  setClicks(clicks: ClickTrack | undefined): void {
    this.clicks = clicks;
    this.sendClicks();
  }

  /** Plays, after clicks where it is counted in. */
  async play(): Promise<void> {
    if (this.sources.length === 0) return;
    this.playing = true;
    this.changed();
    await this.ensureContext();
    await this.context!.resume();
    if (this.frame >= this.frames) this.seek(0);
    const countIn = this.beforePlaying?.();
    if (this.playing && countIn) {
      const clicks = countIn.clicks.map((seconds) => seconds * this.sampleRate);
      this.post({ kind: "count-in", clicks, start: countIn.start * this.sampleRate, volume: countIn.volume });
    } else if (this.playing) this.post({ kind: "play", playing: true });
    this.fetch();
  }

  pause(): void {
    this.playing = false;
    this.starved = false;
    this.post({ kind: "play", playing: false });
    this.changed();
  }

  seek(frame: number): void {
    this.frame = Math.max(0, Math.min(Math.round(frame), this.frames));
    this.post({ kind: "seek", frame: this.frame });
    this.fetch();
    this.changed();
  }

  setLoop(loop: { from: number; to: number } | undefined): void {
    this.loop = loop;
    this.post({ kind: "loop", from: loop?.from ?? 0, to: loop?.to ?? 0 });
    this.fetch();
    this.changed();
  }

  close(): void {
    this.pause();
    this.dropAll();
    this.sources = [];
    this.closeContext();
  }

  private async ensureContext(): Promise<void> {
    if (this.context) return;
    // At the stems' own rate the mixer's samples are the file's: nothing is resampled between blocks.
    const context = (this.context = new AudioContext({ sampleRate: this.sampleRate, latencyHint: "interactive" }));
    await context.audioWorklet.addModule(mixerUrl);
    if (this.context !== context) return;
    const node = new AudioWorkletNode(context, "stem-mixer", { numberOfInputs: 0, outputChannelCount: [2] });
    node.port.onmessage = (event: MessageEvent<FromMixer>) => this.take(event.data);
    this.master = new GainNode(context, { gain: this.volume });
    node.connect(this.master).connect(context.destination);
    this.node = node;
    // The mixer starts empty: it is told everything once more.
    this.dropAll();
    this.post({ kind: "open", lanes: this.sources.length, frames: this.frames });
    this.post({ kind: "limit", frames: this.playableEnd });
    this.post({ kind: "seek", frame: this.frame });
    this.post({ kind: "loop", from: this.loop?.from ?? 0, to: this.loop?.to ?? 0 });
    this.setLevels(this.levels);
    this.sendClicks();
    await this.sendStretch();
  }

  private async sendStretch(): Promise<void> {
    const context = this.context;
    if (!context || !this.node) return;
    if (this.stretch.speed !== 1 || this.stretch.semitones !== 0) await (this.stretcherLoaded ??= context.audioWorklet.addModule(stretcherUrl));
    if (this.context === context) this.post({ kind: "stretch", ...this.stretch });
  }

  private sendClicks(): void {
    this.post({ kind: "clicks", ...(this.clicks ?? { frames: new Float64Array(), accents: new Uint8Array(), volume: 0 }) });
  }

  private closeContext(): void {
    void this.context?.close();
    this.context = this.node = this.master = this.stretcherLoaded = undefined;
  }

  private take(message: FromMixer): void {
    this.frame = message.frame;
    this.peaks = message.peaks;
    if (this.playing && !message.playing && this.frame >= this.frames) this.playing = false;
    this.starved = message.starved;
    this.fetch();
    this.changed();
  }

  /** The blocks that will be heard next, a loop's way back included. */
  private window(): number[] {
    const blocks = new Set<number>();
    let block = Math.floor(this.frame / blockFrames);
    const last = Math.floor((this.frames - 1) / blockFrames);
    const inLoop = this.loop && this.frame < this.loop.to;
    for (let i = 0; i < blocksAhead; i++) {
      if (block > last) break;
      blocks.add(block);
      block++;
      if (inLoop && block * blockFrames >= this.loop!.to) block = Math.floor(this.loop!.from / blockFrames);
    }
    return [...blocks];
  }

  private fetch(): void {
    // Without a context there is nothing to hold blocks for yet.
    if (!this.node) return;
    const blocks = this.window();
    const wanted = new Set<string>();
    for (const block of blocks) {
      if (Math.min((block + 1) * blockFrames, this.frames) > this.limit) continue;
      for (let lane = 0; lane < this.sources.length; lane++) wanted.add(`${lane}:${block}`);
    }
    let dropped = false;
    for (const [key, abort] of this.held) {
      if (wanted.has(key)) continue;
      abort.abort();
      this.held.delete(key);
      dropped = true;
    }
    if (dropped) this.post({ kind: "keep", blocks });
    for (const key of wanted) if (!this.held.has(key)) void this.load(key);
  }

  private async load(key: string): Promise<void> {
    const [lane, block] = key.split(":").map(Number) as [number, number];
    const abort = new AbortController();
    this.held.set(key, abort);
    try {
      const samples = await this.sources[lane]!.read(block, this.frames, abort.signal);
      if (this.held.get(key) !== abort) return;
      this.node?.port.postMessage({ kind: "block", lane, block, samples } satisfies ToMixer, [samples.buffer]);
    } catch {
      // Another try comes with the mixer's next word, a thirtieth of a second later; a lost server is told elsewhere.
      if (this.held.get(key) === abort) setTimeout(() => this.held.get(key) === abort && this.held.delete(key), 500);
    }
  }

  private dropAll(): void {
    for (const abort of this.held.values()) abort.abort();
    this.held.clear();
  }

  private post(message: ToMixer): void {
    this.node?.port.postMessage(message);
  }

  private changed(): void {
    this.dispatchEvent(new Event("state"));
  }
}
