using System.Diagnostics;
using Stemsharp.Audio;

namespace Stemsharp.Cli.Benchmarks.Pipeline;

/// <summary>What FFmpeg takes by itself for the files that it decodes and encodes for us: the limit of a run with such files.</summary>
/// <param name="DecodeSeconds">Its time for the recording; 0 where that is read without it.</param>
/// <param name="EncodeSeconds">Its time for the stems, all at once, from files; 0 where they are written without it.</param>
internal sealed record FFmpegAlone(double DecodeSeconds, double EncodeSeconds)
{
    private static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    /// <summary>All of it.</summary>
    internal double Seconds => DecodeSeconds + EncodeSeconds;

    /// <summary>Measures; null where a run needs no FFmpeg.</summary>
    /// <param name="input">The recording.</param>
    /// <param name="stems">Number of files.</param>
    /// <param name="encoding">How they are encoded.</param>
    /// <param name="folder">Takes its files.</param>
    internal static FFmpegAlone? Measure(string input, int stems, EncodingOptions encoding, string folder)
    {
        using AudioSource source = AudioSource.Open(input);
        bool decodes = source.ByFFmpeg, encodes = encoding.Format != AudioFormat.Wav && FFmpegTool.IsThere(encoding.FFmpegPath);
        if (!decodes && !encodes)
        {
            return null;
        }

        FFmpegTool tool = FFmpegTool.Find(encoding.FFmpegPath, "This measurement");
        double decode = 0, encode = 0;
        if (decodes)
        {
            string wav = Path.Combine(folder, "decoded.wav");
            long began = Stopwatch.GetTimestamp();
            Run(tool, [.. FFmpegInput.Untrusted(input), "-vn", "-c:a", "pcm_s16le", wav]);
            decode = Stopwatch.GetElapsedTime(began).TotalSeconds;
            input = wav;
        }

        if (encodes)
        {
            string[] arguments =
                [.. FFmpegInput.Untrusted(input), .. FFmpegEncoder.For(encoding.Format).Arguments(encoding, source.Info.SampleRate, tool)];
            long began = Stopwatch.GetTimestamp();
            Task.WaitAll(Enumerable.Range(0, stems)
                .Select(i => Task.Factory.StartNew(() => Run(tool, [.. arguments, Path.Combine(folder, $"alone{i}")]), TaskCreationOptions.LongRunning)));
            encode = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        return new FFmpegAlone(decode, encode);
    }

    private static void Run(FFmpegTool tool, string[] arguments) =>
        FFmpegProcess.Ask(tool.Path, [.. FFmpegInput.Common, "-y", .. arguments], Limit, "FFmpeg alone");
}
