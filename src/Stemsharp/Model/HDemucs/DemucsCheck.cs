namespace Stemsharp.Model.HDemucs;

/// <summary>Whether arguments that are valid one by one fit together, seen before anything is built of them.</summary>
internal static class DemucsCheck
{
    // Some times what the largest official segment, 112 s, has between two layers.
    private const double MaxActivation = 1 << 29;

    private const int MaxChannels = 65536, LocalHeads = 4;

    /// <exception cref="ModelException">Names the arguments, their values and what is valid.</exception>
    public static void Require(DemucsConfig config)
    {
        if (config.Sources.IsEmpty)
        {
            throw new ModelException("its stems' names are not known. Give them, and what else its training set, in a JSON file beside it, of the same name: {\"sources\": [\"drums\", …]}.");
        }

        double inner = config.Channels * Math.Pow(config.Growth, config.Depth - 1);
        if (Math.Max(inner, (config.ChannelsTime ?? 0) * Math.Pow(config.Growth, config.Depth - 1)) > MaxChannels)
        {
            throw new ModelException($"channels = {config.Channels}, growth = {config.Growth:R} and depth = {config.Depth} give {inner:N0} inner channels; at most {MaxChannels:N0} are supported.");
        }

        if (config.IsHybrid)
        {
            Hybrid(config);
        }
        else if (config.KernelSize < config.Stride || (config.Resample && config.Stride % 2 != 0))
        {
            throw new ModelException($"stride = {config.Stride} with kernel_size = {config.KernelSize} and resample = {config.Resample} is not supported; a stride up to the kernel is, an even one where resample is True.");
        }

        Attention(config);
        double positions = config.IsHybrid ? (double)config.Bins * config.SegmentSamples / config.HopLength : (config.Resample ? 2.0 : 1.0) * config.SegmentSamples;
        double largest = Math.Max(2 * config.AudioChannels * config.Sources.Length * positions, Math.Max(config.Channels, config.ChannelsTime ?? 0) * positions / config.Stride);
        if (largest > MaxActivation)
        {
            throw new ModelException($"its configuration needs {largest:N0} numbers between two layers; at most {MaxActivation:N0} are supported. The usual cause is the segment of {config.Segment} s.");
        }
    }

    private static void Hybrid(DemucsConfig config)
    {
        if (config.KernelSize != 2 * config.Stride)
        {
            throw new ModelException($"kernel_size = {config.KernelSize} is not supported with stride = {config.Stride}; twice the stride is.");
        }

        if (!config.Cac && config.WienerIters > 0)
        {
            throw new ModelException($"it needs iterated Wiener filtering (wiener_iters = {config.WienerIters} with cac = False), which is not supported; wiener_iters = 0, the mixture's phase, is.");
        }

        foreach (HDemucsLayer layer in HDemucsPlan.Of(config).Layers.Where(l => l.Bands.Length > 0))
        {
            _ = (layer.EncoderBands(), layer.DecoderBands());
        }
    }

    private static void Attention(DemucsConfig config)
    {
        if (config.DconvMode == 0 || config.DconvDepth == 0)
        {
            return;
        }

        IEnumerable<int> widths = config.IsHybrid
            ? HDemucsPlan.Of(config).Layers.Where(l => l.Number >= config.DconvAttn).SelectMany(l => (int[])[l.Channels, l.IsTime || l.IsMerge ? l.Channels : l.TimeChannels])
            : Enumerable.Range(config.DconvAttn, Math.Max(0, config.Depth - config.DconvAttn)).Select(i => config.Grown(config.Channels, i));
        foreach (int width in widths)
        {
            int hidden = (int)(width / config.DconvComp);
            if (hidden == 0 || hidden % LocalHeads != 0)
            {
                throw new ModelException($"dconv_attn = {config.DconvAttn} is not supported with {width} channels and dconv_comp = {config.DconvComp:R}: attention needs a multiple of {LocalHeads} hidden channels, not {hidden}.");
            }
        }
    }
}
