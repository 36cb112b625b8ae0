import type { Player } from "./audio/player";
import type { SongNotes } from "./contract";
import type { ExportSource } from "./practice/export";

/** What the player lends to tools for practising the song that is open. */
export interface PracticeHost {
  /** Where they stand: the element with the id "practice", hidden while it is empty. */
  readonly element: HTMLElement;
  /**
   * The transport: play, pause, seek, loop, position in frames, with "state" when any of them changes. Its `setStretch` changes speed and pitch
   * behind the mixer, where all stems are one sound and cannot drift apart; `setClicks` and `beforePlaying` are for a metronome.
   */
  readonly player: Player;
  readonly songId: string;
  readonly jobId: string;
  readonly sampleRate: number;
  readonly durationSeconds: number;
  /** What the song is called. */
  readonly title: string;
  /** The lanes that are heard, at their levels as they are now. */
  mix(): ExportSource;
  /** What the server keeps of the song, as it was when the song was opened and as it was changed since. */
  notes(): Promise<SongNotes>;
  /** Changes a part of it; the server has it a moment later. */
  change(notes: SongNotes): void;
}

/** Puts tools into their place for a song that was opened; what it answers is called when the song is closed. */
export type PracticeTools = (host: PracticeHost) => () => void;
