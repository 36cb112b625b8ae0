using System.CommandLine;
using Stemsharp.Audio;
using Stemsharp.Cli.Separating;

namespace Stemsharp.Cli.Commands;

/// <summary>
/// Options that change nothing beside the others. The original lets some pass, and so does this; but not without a line.
/// </summary>
/// <param name="Options">The options.</param>
/// <param name="Why">Follows "means nothing".</param>
/// <param name="Applies">Whether it is so here.</param>
internal sealed record UselessOptions(Option[] Options, string Why, bool Applies)
{
    /// <summary>A sentence for each reason for which an option was given in vain.</summary>
    internal static IEnumerable<string> Sentences(ParseResult line, IEnumerable<UselessOptions> rows)
    {
        foreach (UselessOptions row in rows.Where(r => r.Applies))
        {
            string[] given = [.. row.Options.Where(o => line.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            if (given.Length > 0)
            {
                yield return $"{string.Join(" and ", given)} mean{(given.Length == 1 ? "s" : "")} nothing {row.Why}";
            }
        }
    }

    /// <summary>Those of <c>separate</c> and <c>plan</c>.</summary>
    internal static IEnumerable<UselessOptions> Of(SeparateRequest request, SeparateOptions options)
    {
        EncodingOptions encoding = request.Files.Encoding;
        bool traktor = request.Files.Traktor is not null, alac = request.Files.Traktor is { Codec: TraktorStemCodec.Alac };
        bool lossless = encoding.Format.IsLossless(), floats = lossless && !request.Files.KeepDepth && encoding.SampleFormat == SampleFormat.Float32;
        string format = request.Files.Extension;
        return
        [
            new([options.Int24, options.Float32, options.Depth, options.NoDither], $"for {format}, which has no depth; choose wav or flac for that.", !lossless && !traktor),
            new([options.Float32], "for flac, which has integers of 24 bits at most; these are written.", encoding.Format == AudioFormat.Flac),
            new([options.NoDither], "for floats, which are not rounded.", floats),
            new([options.NoDither], "for AAC; a stem file with --depth is lossless.", traktor && !alac),
            new([options.Bitrate], "for a lossless stem file; leave --depth out for AAC.", alac),
            new([options.Mp3Bitrate, options.Mp3Preset], $"for {format}; choose mp3 for that.", encoding.Format != AudioFormat.Mp3),
            new([options.Clip], "with --exact-sum, which lowers all stems by one gain where one does not fit.", request.Files.ExactSum),
            new([options.OtherMethod], "without --two-stems.", request.Files.TwoStems is null),
            new([options.Seed], "without --shifts 2 or more.", request.Separator.Defaults.Shifts < 2),
            new([options.Overlap], "with --no-split: there is one piece.", !request.Separator.Defaults.Split),
            new([options.Jobs], "here: all threads always work on one track.", true),
            new([options.Fallback], "with --engine auto, which goes on with another engine anyway.", request.Engine.Engine == Engines.Auto),
            new([options.AcceptLicence], "with --offline: nothing is downloaded.", request.Offline),
            new([options.ShardBase], "without --shard auto on Slurm.", request.Shard is null),
            new([options.Pipe], "without -o -.", !request.ToStandardOutput),
            new([options.FileName, options.Layout, options.NoModelFolder, options.Overwrite, options.Resume], "with -o -, which writes no files.", request.ToStandardOutput),
        ];
    }
}
