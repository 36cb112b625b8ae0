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
  | { kind: "loop"; from: number; to: number };

/** What the mixer tells the page, some thirty times a second while it plays. */
export interface FromMixer {
  frame: number;
  playing: boolean;
  /** It wants to play and waits for sound. */
  starved: boolean;
  /** Largest sample of each lane since the last time, after its fader. */
  peaks: Float32Array;
}
