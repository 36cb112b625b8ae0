// The API's documents, as /api/v1/openapi.json describes them.

export interface Song {
  id: string;
  name: string;
  bytes: number;
  durationSeconds: number;
  sampleRate: number;
  channels: number;
  format: string;
  title?: string;
  artist?: string;
  hasCover: boolean;
}

/** What the server keeps of a song for its players. Sent to be changed, what is left out stays as it is. */
export interface SongNotes {
  title?: string;
  artist?: string;
  levels?: Record<string, StemLevel>;
  markers?: SongMarker[];
  /** What a practice tool keeps. */
  practice?: Record<string, unknown>;
}

export interface StemLevel {
  gain: number;
  pan: number;
  mute: boolean;
}

/** A named place, or a stretch, in seconds. */
export interface SongMarker {
  name: string;
  start: number;
  end?: number;
}

export interface SongKey {
  /** Semitones above C. */
  tonic: number;
  minor: boolean;
}

/** What was found in a song; what was too weak is absent. */
export interface SongAnalysis {
  bpm?: number;
  slowestBpm?: number;
  fastestBpm?: number;
  beats?: number[];
  beatsPerBar?: number;
  firstBeat?: number;
  key?: SongKey;
}

export interface Upload {
  id: string;
  offset: number;
  song?: Song;
}

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface JobSettings {
  model?: string;
  stems?: string[] | undefined;
  twoStems?: string | undefined;
  otherMethod?: string | undefined;
  exactSum?: boolean;
  residual?: string | undefined;
  sampleFormat?: string;
  clipMode?: string;
  shifts?: number;
  overlap?: number;
}

export interface JobProgress {
  step: "waiting" | "decoding" | "ready" | "separating" | "writing";
  fraction: number;
  playableFrames: number;
  etaSeconds?: number;
  timesRealTime?: number;
}

export interface JobAudio {
  sampleRate: number;
  channels: number;
  frames: number;
  stems: string[];
}

export interface Job {
  id: string;
  songId: string;
  name: string;
  durationSeconds: number;
  state: JobState;
  settings: JobSettings;
  created: string;
  order: number;
  /** Queued, and its model has to be downloaded first. */
  waitsForModel?: boolean;
  title?: string;
  artist?: string;
  hasCover?: boolean;
  progress?: JobProgress;
  audio?: JobAudio;
  error?: string;
  warnings?: string[];
  finished?: string;
  timesRealTime?: number;
  bytes: number;
}

/** Jobs, newest first; `next` is there where older ones are, and leads to them. */
export interface JobPage {
  jobs: Job[];
  next?: string;
}

export interface Model {
  name: string;
  description: string;
  stems: string[];
  installed: boolean;
  /** Of a chain, the models that it needs. */
  models?: string[];
  /** Whether somebody else than the authors of Demucs published it. */
  byOthers?: boolean;
  /** The share of a segment that overlaps the next one, where it is known. */
  overlap?: number;
  /** A toy for trying things out. */
  isToy?: boolean;
  /** What it is recommended for: "two", "four", "six", "best", "karaoke". */
  purposes?: string[];
  /** Seconds of song a second of work, in one pass, on this machine. */
  timesRealTime?: number;
  downloadBytes?: number;
  licence?: Licence;
  download?: { fraction: number; error?: string };
  /** Bytes of its files that can be deleted, where there are any. */
  removableBytes?: number;
}

/** What goes when a model is deleted. */
export interface ModelFiles {
  files: { name: string; bytes: number }[];
  /** Other models that need one of the files. */
  sharedWith: string[];
}

/** A licence as somebody stated it. */
export interface Licence {
  text: string;
  statedBy: string;
  link?: string;
  mustBeAccepted: boolean;
}

/** Whether and how other devices of the network reach the server. */
export interface LanState {
  on: boolean;
  devices: { id: string; name: string; created: string }[];
  addresses: string[];
  code?: string;
  codeEnds?: string;
}

export interface ServerInfo {
  version: string;
  engine: string;
  defaultModel: string;
  encoders: string[];
  maxUploadBytes: number;
  maxDurationSeconds: number;
  usedDiskBytes: number;
  maxDiskBytes?: number;
  canOpenLan: boolean;
}

export interface ServerEvent {
  at: number;
  jobs?: Job[];
  next?: string;
  job?: Job;
  removed?: string;
  model?: Model;
}
