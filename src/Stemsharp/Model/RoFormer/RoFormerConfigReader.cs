using System.Collections.Immutable;
using Stemsharp.Checkpoints;
using Stemsharp.Graph;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// A RoFormer's configuration: what its tensors tell, then the sections <c>audio</c>, <c>model</c>, <c>training</c> and <c>inference</c>
/// of the checkpoint's own arguments and of the file beside it.
/// </summary>
internal static class RoFormerConfigReader
{
    private const int DefaultNfft = 2048;

    // Some seven times what the largest public networks have at their trained lengths.
    private const double MaxNumbers = 1 << 28;

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="sections">Its configuration.</param>
    /// <exception cref="ModelException">A field has a value that is not supported: the message names it, its value and what is valid.</exception>
    public static RoFormerConfig Read(Checkpoint checkpoint, TrainerSections sections)
    {
        LookAlikes.Refuse(checkpoint);
        IReadOnlyDictionary<string, object?> model = sections["model"];
        RoFormerConfig config = checkpoint.IsSynthetic ? SyntheticRoFormers.Config(checkpoint.ClassName == MelBandRoFormerFamily.Class, model) : RoFormerShapes.Derive(checkpoint);
        config = ArgumentRule<RoFormerConfig>.Apply(RoFormerArguments.Model, config, model);
        sections.RefuseUnknown("model", RoFormerArguments.Model.Select(r => r.Name), "RoFormer");
        config = WithBands(config with { Trainer = TrainerConfig.Read(sections) });
        Check(config);
        return config;
    }

    /// <summary>Keys of the section <c>model</c> that no rule knows.</summary>
    public static IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> model) =>
        model.Keys.Where(name => RoFormerArguments.Model.All(rule => rule.Name != name));

    // The bands, and what their widths tell of channels and transform.
    private static RoFormerConfig WithBands(RoFormerConfig config)
    {
        if (config.IsMel)
        {
            int nfft = config.Nfft == 0 ? DefaultNfft : config.Nfft;
            ImmutableArray<BandOp> bands = MelBands.Of(config.BandWidths.Length, nfft, config.MelSampleRate);
            int channels = config.BandWidths[0] == 4 * bands[0].Length ? 2 : 1;
            int wrong = Enumerable.Range(0, bands.Length).FirstOrDefault(k => config.BandWidths[k] != 2 * channels * bands[k].Length, -1);
            return wrong < 0 ? config with { Bands = bands, Nfft = nfft, Channels = channels } : throw new ModelException(
                $"its band {wrong} takes {config.BandWidths[wrong]} numbers, but {bands.Length} mel bands with stft_n_fft = {nfft} at {config.MelSampleRate} Hz give it {bands[wrong].Length} bins. Give its stft_n_fft and sample_rate in the file beside it.");
        }

        // Numbers of a frame, real and imaginary: F·S pairs.
        int pairs = config.BandWidths.Sum() / 2;
        int perChannel = (config.Nfft != 0 ? config.Nfft : DefaultNfft) / 2 + 1;
        int stereo = config.Nfft != 0 || pairs == perChannel || pairs == 2 * perChannel ? pairs / perChannel : config.Stereo == false ? 1 : 2;
        int bins = config.Nfft != 0 ? config.Nfft / 2 + 1 : pairs / stereo;
        if (stereo is not (1 or 2) || bins * stereo != pairs || config.BandWidths.Any(w => w % (2 * stereo) != 0))
        {
            throw new ModelException($"its bands take {2 * pairs} numbers for a frame, which stft_n_fft = {config.Nfft} does not give in mono or stereo; the configuration is of another model.");
        }

        ImmutableArray<BandOp>.Builder contiguous = ImmutableArray.CreateBuilder<BandOp>(config.BandWidths.Length);
        int start = 0;
        foreach (int width in config.BandWidths)
        {
            contiguous.Add(new BandOp(start, width / (2 * stereo)));
            start += contiguous[^1].Length;
        }

        if (config.FreqsPerBands is { } listed && !listed.SequenceEqual(contiguous.Select(b => b.Length)))
        {
            throw new ModelException($"freqs_per_bands lists {listed.Length} bands with {listed.Sum()} bins, but its tensors have {contiguous.Count} bands, with {string.Join(", ", contiguous.Take(4).Select(b => b.Length))}, … bins; the configuration is of another model.");
        }

        return config with { Bands = contiguous.MoveToImmutable(), Nfft = 2 * (bins - 1), Channels = stereo };
    }

    private static void Check(RoFormerConfig config)
    {
        if (config.Stereo is { } stereo && stereo != (config.Channels == 2))
        {
            throw new ModelException($"stereo = {(stereo ? "True" : "False")}, but its bands are those of {config.Channels} channel(s); the configuration is of another model.");
        }

        if (config.Dim < 1 || config.Heads < 1 || config.DimHead < 2 || config.DimHead % 2 != 0)
        {
            throw new ModelException($"it has {config.Dim} channels and {config.Heads} heads of {config.DimHead}, which no RoFormer has.");
        }

        if (config.WinLength != 0 && config.WinLength != config.Nfft)
        {
            throw new ModelException($"stft_win_length = {config.WinLength} is not supported; valid is {config.Nfft}, what stft_n_fft is.");
        }

        if (config.Hop > config.Nfft)
        {
            throw new ModelException($"stft_hop_length = {config.Hop} is not supported; valid is a whole number from 1 to stft_n_fft = {config.Nfft}.");
        }

        config.Trainer.Check(config.NumStems);
        CheckChunk(config);
    }

    private static void CheckChunk(RoFormerConfig config)
    {
        int chunk = config.Trainer.ChunkSize;
        bool wholeHops = config.IsMel && !config.MatchInputAudioLength;
        if (chunk <= config.Nfft / 2 || (wholeHops && chunk % config.Hop != 0))
        {
            throw new ModelException($"chunk_size = {chunk} is not supported; valid is more than {config.Nfft / 2}{(wholeHops ? $" and a multiple of stft_hop_length = {config.Hop}" : "")}.");
        }

        // What a file claims decides how much memory is asked for, before a single weight is compared.
        double frames = chunk / config.Hop + 1, tokens = frames * config.Bands.Length * Math.Max(config.Dim, (double)config.Heads * config.DimHead);
        double output = frames * config.Bins * 2 * config.Channels * config.NumStems;
        if (Math.Max(tokens, output) > MaxNumbers)
        {
            throw new ModelException($"chunk_size = {chunk} with stft_hop_length = {config.Hop} needs {tokens:N0} numbers between two layers and {output:N0} in its stems; at most {MaxNumbers:N0} are supported.");
        }
    }
}
