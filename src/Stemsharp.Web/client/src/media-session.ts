import { api } from "./api";
import type { Player } from "./audio/player";

/** Media keys, headphones and the lock screen, as far as the browser hands them to a page. */
export class MediaKeys {
  private silence: HTMLAudioElement | undefined;

  constructor(player: Player, seconds: () => number, rate: () => number) {
    if (!("mediaSession" in navigator)) return;
    const jump = (by: number) => player.seek(player.frame + by * rate());
    const actions: [MediaSessionAction, MediaSessionActionHandler][] = [
      ["play", () => void player.play()],
      ["pause", () => player.pause()],
      ["seekbackward", (details) => jump(-(details.seekOffset ?? 5))],
      ["seekforward", (details) => jump(details.seekOffset ?? 5)],
      ["previoustrack", () => player.seek(0)],
      ["seekto", (details) => player.seek((details.seekTime ?? 0) * rate())],
    ];
    for (const [action, handler] of actions) {
      try {
        navigator.mediaSession.setActionHandler(action, handler);
      } catch {
        // A browser that does not know an action does without.
      }
    }
    let told = "";
    player.addEventListener("state", () => {
      const playing = player.playing;
      const position = Math.min(seconds(), player.frame / rate());
      const key = `${playing} ${Math.floor(position)} ${seconds()}`;
      if (key === told) return;
      told = key;
      navigator.mediaSession.playbackState = playing ? "playing" : "paused";
      if (playing) void (this.silence ??= silent()).play().catch(() => undefined);
      else this.silence?.pause();
      if (seconds() > 0) navigator.mediaSession.setPositionState({ duration: seconds(), position, playbackRate: 1 });
    });
  }

  /** Says what is played. */
  show(songId: string, title: string, artist: string, hasCover: boolean): void {
    if (!("mediaSession" in navigator)) return;
    const artwork = [{ src: hasCover ? api.coverAddress(songId) : "/icon.svg" }];
    navigator.mediaSession.metadata = new MediaMetadata({ title, artist, album: "Stemsharp", artwork });
  }
}

/** Browsers give the keys to a page that plays a media element; the mixer is none, so a silent one plays beside it. */
function silent(): HTMLAudioElement {
  const [rate, seconds] = [8000, 6];
  const bytes = new Uint8Array(44 + rate * seconds).fill(128, 44);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => [...word].forEach((letter, i) => (bytes[at + i] = letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  [[16, 16], [24, rate], [28, rate]].forEach(([at, value]) => view.setUint32(at!, value!, true));
  [[20, 1], [22, 1], [32, 1], [34, 8]].forEach(([at, value]) => view.setUint16(at!, value!, true));
  text(36, "data");
  view.setUint32(40, rate * seconds, true);
  const audio = new Audio();
  audio.loop = true;
  audio.src = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
  return audio;
}
