import type { Waveform } from "../audio/waveform";
import type { View } from "./view";

/** Sizes a canvas to its box at the screen's own resolution. */
function prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | undefined {
  const scale = Math.min(2, devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (width === 0 || height === 0) return undefined;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  return context;
}

/** Bars of three pixels, mirrored where the sound is: easier on the eye than every sample. */
export function paintWaveform(canvas: HTMLCanvasElement, waveform: Waveform | undefined, frames: number, loudness: number, view: View): void {
  const context = prepare(canvas);
  if (!context || !waveform || frames === 0) return;
  const { width, height } = canvas;
  const scale = Math.min(2, devicePixelRatio || 1);
  const bar = Math.max(2, Math.round(2 * scale));
  const step = bar + Math.round(scale);
  const peaks = waveform.pairs.length / 2;
  const peaksPerBar = ((frames * view.span) / waveform.framesPerPeak / width) * step;
  const half = (height / 2) * loudness;
  context.fillStyle = getComputedStyle(canvas).color;
  // Bars stand on a grid of the song, so that they keep their shape while it is scrolled.
  const start = (frames * view.from) / waveform.framesPerPeak / peaksPerBar;
  for (let i = Math.floor(start); (i - start) * step < width; i++) {
    const first = Math.floor(i * peaksPerBar);
    const last = Math.min(peaks, Math.max(first + 1, Math.floor((i + 1) * peaksPerBar)));
    if (first >= peaks) break;
    let low = 0;
    let high = 0;
    for (let peak = first; peak < last; peak++) {
      low = Math.min(low, waveform.pairs[2 * peak]!);
      high = Math.max(high, waveform.pairs[2 * peak + 1]!);
    }
    const top = height / 2 - (high / 127) * half;
    const bottom = height / 2 - (low / 127) * half;
    context.fillRect(Math.round((i - start) * step), Math.min(top, height / 2 - scale / 2), bar, Math.max(bottom - top, scale));
  }
}

/** From black over violet and orange to white: dark is silent in both themes. */
const stops: [number, number, number][] = [[10, 7, 18], [74, 29, 120], [190, 55, 110], [250, 150, 60], [255, 248, 210]];

/** Levels of a stretch of a stem, column by column, low frequencies first. */
export interface Spectrum {
  from: number;
  to: number;
  columns: number;
  bins: number;
  levels: Uint8Array;
}

export function paintSpectrogram(canvas: HTMLCanvasElement, spectrum: Spectrum, view: View): void {
  const context = prepare(canvas);
  if (!context) return;
  const { columns, bins, levels } = spectrum;
  const image = new ImageData(columns, bins);
  for (let column = 0; column < columns; column++) {
    for (let bin = 0; bin < bins; bin++) {
      const place = (levels[column * bins + bin]! / 255) * (stops.length - 1);
      const low = Math.min(stops.length - 2, Math.floor(place));
      const at = ((bins - 1 - bin) * columns + column) * 4;
      for (let c = 0; c < 3; c++) {
        image.data[at + c] = stops[low]![c]! + (stops[low + 1]![c]! - stops[low]![c]!) * (place - low);
      }
      image.data[at + 3] = 255;
    }
  }
  const picture = new OffscreenCanvas(columns, bins);
  picture.getContext("2d")!.putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  const left = view.toScreen(spectrum.from) * canvas.width;
  context.drawImage(picture, left, 0, view.toScreen(spectrum.to) * canvas.width - left, canvas.height);
}
