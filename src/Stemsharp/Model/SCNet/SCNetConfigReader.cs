using Stemsharp.Checkpoints;

namespace Stemsharp.Model.SCNet;

/// <summary>An SCNet's configuration: what its tensors tell, then its YAML.</summary>
internal static class SCNetConfigReader
{
    // Four times what the largest public network has between two layers.
    private const double MaxNumbers = 1 << 28;

    private const int MaxChannels = 1 << 14;

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="sections">Its configuration.</param>
    /// <exception cref="ModelException">A field has a value that is not supported: the message names it, its value and what is valid.</exception>
    public static SCNetConfig Read(Checkpoint checkpoint, TrainerSections sections)
    {
        LookAlikes.Refuse(checkpoint);
        SCNetConfig config = checkpoint.IsSynthetic ? SyntheticSCNets.Config(sections) : SCNetShapes.Derive(checkpoint);
        config = ArgumentRule<SCNetConfig>.Apply(SCNetArguments.Model, config, sections["model"]);
        config = ArgumentRule<SCNetConfig>.Apply(SCNetArguments.Audio, config, sections["audio"]);
        sections.RefuseUnknown("model", SCNetArguments.Model.Select(r => r.Name), "SCNet");
        sections.RefuseUnknown("audio", SCNetArguments.Audio.Select(r => r.Name).Concat(TrainerConfig.AudioRules.Select(r => r.Name)), "SCNet");
        config = config with { Trainer = TrainerConfig.Read(sections) };
        Check(config);
        return config;
    }

    private static void Check(SCNetConfig config)
    {
        Require(config.Dims[0] == 4, $"its first convolutions take {config.Dims[0]} channels, where a spectrogram in stereo has 4");
        Require(config.NumStems >= 1 && config.Expand >= 1, $"it gives {config.NumStems} stems by LSTMs of {config.Expand} times their channels");
        Require(config.Dims.All(d => d <= MaxChannels) && config.Dims[^1] * (long)config.Expand <= MaxChannels, "it has more channels than any SCNet");
        Require(config.NumDplayer % 2 == 0, $"num_dplayer = {config.NumDplayer} is odd; its last layer would leave a spectrum of a spectrogram");
        Require(config.ConvKernel % 2 == 1, $"conv_kernel = {config.ConvKernel} has no middle; odd ones are supported");
        Require(config.Dims.Skip(1).All(d => (int)(d / config.Compress) >= 1), $"compress = {config.Compress} leaves no channels");
        Require(config.WinSize == 0 || config.WinSize == config.Nfft, $"win_size = {config.WinSize} is not supported; valid is {config.Nfft}, what nfft is");
        Require(config.Hop <= config.Nfft, $"hop_size = {config.Hop} is more than nfft = {config.Nfft}");
        for (int b = 0; b < SCNetConfig.Bands; b++)
        {
            Require(config.BandKernel[b] >= config.BandStride[b], $"band_stride = {config.BandStride[b]} is more than band_kernel = {config.BandKernel[b]}");
        }

        config.Trainer.Check(config.NumStems);
        int chunk = config.Trainer.ChunkSize;
        Require(chunk > config.Nfft / 2, $"chunk_size = {chunk} is not supported; valid is more than {config.Nfft / 2}");

        // What a file claims decides how much memory is asked for, before a single weight is compared.
        double frames = chunk / config.Hop + 3.0;
        int rows = config.Bins;
        for (int i = 0; i < config.Levels; i++)
        {
            int[] ends = config.Split(rows);
            int compressed = 0;
            for (int b = 0; b < SCNetConfig.Bands; b++)
            {
                int own = ends[b + 1] - ends[b];
                (int before, int after) = config.Padding(b, own);
                Require(own > 0 && own + before + after >= config.BandKernel[b], $"band {b} of level {i} has {own} rows of {rows}, fewer than its kernel of {config.BandKernel[b]} takes");
                compressed += config.Compressed(b, own);
            }

            double between = 2.0 * config.Dims[i + 1] * compressed * frames;
            Require(between <= MaxNumbers, $"chunk_size = {chunk} with hop_size = {config.Hop} needs {between:N0} numbers between two layers; at most {MaxNumbers:N0} are supported");
            rows = compressed;
        }

        double states = 2.0 * rows * frames * config.Dims[^1] * config.Expand * 2, output = 4.0 * config.NumStems * config.Bins * frames;
        Require(Math.Max(states, output) <= MaxNumbers, $"chunk_size = {chunk} with hop_size = {config.Hop} needs {states:N0} numbers in its LSTMs and {output:N0} in its stems; at most {MaxNumbers:N0} are supported");

        static void Require(bool valid, string problem)
        {
            if (!valid)
            {
                throw new ModelException($"{problem}. Check that its YAML is the one it was trained with.");
            }
        }
    }
}
