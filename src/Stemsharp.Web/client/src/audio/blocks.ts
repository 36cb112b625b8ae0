/** Frames in a block, the unit in which stems are fetched, kept and dropped: about a second and a half. */
export const blockFrames = 65_536;

/** What the page tells the mixer. Samples are stereo, interleaved. */
export type ToMixer =
  | { kind: "open"; lanes: number; frames: number }
  | { kind: "block"; lane: number; block: number; samples: Float32Array }
  | { kind: "keep"; blocks: number[] }
  | { kind: "limit"; frames: number }
  | { kind: "levels"; left: number[]; right: number[] }
  | { kind: "play"; playing: boolean }
  | { kind: "seek"; frame: number }
  | { kind: "loop"; from: number; to: number }
  /** Speed 1 and 0 semitones are the song itself, sample by sample; anything else needs the stretcher's module. */
  | { kind: "stretch"; speed: number; semitones: number }
  /** Clicks on frames of the song, in order, where `accents` is 1 louder; none where it is empty. */
  | { kind: "clicks"; frames: Float64Array; accents: Uint8Array; volume: number }
  /** Plays after clicks: `clicks` are frames of output from now on, `start` is when the song is heard. */
  | { kind: "count-in"; clicks: number[]; start: number; volume: number };

/** What the mixer tells the page, some thirty times a second while it plays. */
export interface FromMixer {
  /** The frame that is heard; with a stretcher the mixer has read further. */
  frame: number;
  playing: boolean;
  /** It wants to play and waits for sound. */
  starved: boolean;
  /** Largest sample of each lane since the last time, after its fader. */
  peaks: Float32Array;
}
