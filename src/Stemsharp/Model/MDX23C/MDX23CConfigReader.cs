using Stemsharp.Checkpoints;

namespace Stemsharp.Model.MDX23C;

/// <summary>An MDX23C's configuration: what its tensors tell, then its YAML, which alone knows the transform.</summary>
internal static class MDX23CConfigReader
{
    // Four times what the largest public network has between two layers.
    private const double MaxNumbers = 1 << 29;

    private const int MaxChannels = 1 << 16;

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="sections">Its configuration.</param>
    /// <exception cref="ModelException">A field has a value that is not supported: the message names it, its value and what is valid.</exception>
    public static MDX23CConfig Read(Checkpoint checkpoint, TrainerSections sections)
    {
        MDX23CConfig config = checkpoint.IsSynthetic ? SyntheticMDX23C.Config(sections) : MDX23CShapes.Derive(checkpoint);
        config = ArgumentRule<MDX23CConfig>.Apply(MDX23CArguments.Model, config, sections["model"]);
        config = ArgumentRule<MDX23CConfig>.Apply(MDX23CArguments.Audio, config, sections["audio"]);
        sections.RefuseUnknown("model", MDX23CArguments.Model.Select(r => r.Name), "MDX23C");
        sections.RefuseUnknown("audio", MDX23CArguments.Audio.Select(r => r.Name).Concat(TrainerConfig.AudioRules.Select(r => r.Name)), "MDX23C");
        config = config with { Trainer = TrainerConfig.Read(sections) };
        Known(config.Nfft != 0, "audio.n_fft");
        Known(config.Hop != 0, "audio.hop_length");
        Known(config.NumSubbands != 0, "model.num_subbands");
        Known(config.Norm is not null, "model.norm");
        Known(config.Activation is not null, "model.act");
        Check(config);
        return config;
    }

    private static void Known(bool known, string key)
    {
        if (!known)
        {
            throw new ModelException($"its {key} is not known, and its tensors do not tell it. Put its YAML beside it, of the same name.");
        }
    }

    private static void Check(MDX23CConfig config)
    {
        Require(config.Inputs % 4 == 0, $"its first convolution takes {config.Inputs} numbers, which is no whole number of subbands of complex numbers in stereo");
        Require(config.NumStems >= 1, "its last convolution gives less than one stem");
        Require(config.ScaleTime >= 1 && config.ScaleFrequency >= 1, $"its scales of {config.ScaleTime} and {config.ScaleFrequency} are none");
        double frameStep = Math.Pow(config.ScaleTime, config.NumScales), binStep = Math.Pow(config.ScaleFrequency, config.NumScales);
        int most = config.NumChannels + Math.Max(0, config.Growth) * config.NumScales, least = config.NumChannels + Math.Min(0, config.Growth) * config.NumScales;
        Require(least >= 1 && most <= MaxChannels, $"its scales have {least} to {most} channels");
        Require(config.SubbandBins % binStep == 0, $"a subband of {config.SubbandBins} bins cannot be divided by {config.ScaleFrequency} {config.NumScales} times");
        Require(config.SubbandBins / binStep >= config.BottleneckFactor, $"bottleneck_factor = {config.BottleneckFactor} leaves nothing of the {config.SubbandBins / binStep} bins at its lowest scale");
        Require(config.Norm != MDX23CNorm.Batch || config.HasRunningStatistics, "norm = 'BatchNorm', but its tensors hold no running_mean");
        Require(config.Norm == MDX23CNorm.Batch || !config.HasRunningStatistics, $"its tensors hold a running_mean, so norm is 'BatchNorm' and not {config.Norm}");
        Require(config.Bins <= config.Nfft / 2 + 1, $"dim_f = {config.Bins} is more than the {config.Nfft / 2 + 1} bins of n_fft = {config.Nfft}");
        Require(config.Hop <= config.Nfft, $"hop_length = {config.Hop} is more than n_fft = {config.Nfft}");
        if (config.Norm == MDX23CNorm.Group)
        {
            Require(
                Enumerable.Range(0, config.NumScales + 1).All(i => (config.NumChannels + i * config.Growth) % config.NormGroups == 0),
                $"norm = 'GroupNorm{config.NormGroups}' does not divide its channels");
        }

        config.Trainer.Check(config.NumStems);
        int chunk = config.Trainer.ChunkSize, frames = chunk / config.Hop + 1;
        if (chunk % config.Hop != 0 || frames % frameStep != 0 || chunk <= config.Nfft / 2)
        {
            throw new ModelException(
                $"chunk_size = {chunk} is not supported; valid is a multiple of hop_length = {config.Hop} above {config.Nfft / 2} that gives a multiple of {frameStep} frames, such as {config.Hop * (Math.Ceiling(frames / frameStep) * frameStep - 1)}.");
        }

        // What a file claims decides how much memory is asked for, before a single weight is compared.
        double between = 2.0 * config.NumChannels * frames * config.SubbandBins, output = 4.0 * config.NumStems * frames * config.Bins;
        Require(Math.Max(between, output) <= MaxNumbers, $"chunk_size = {chunk} with hop_length = {config.Hop} needs {between:N0} numbers between two layers and {output:N0} in its stems; at most {MaxNumbers:N0} are supported");

        static void Require(bool valid, string problem)
        {
            if (!valid)
            {
                throw new ModelException($"{problem}; the configuration is of another model, or of none.");
            }
        }
    }
}
