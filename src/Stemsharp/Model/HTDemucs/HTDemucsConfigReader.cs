using Stemsharp.Checkpoints;

namespace Stemsharp.Model.HTDemucs;

/// <summary>
/// A checkpoint's configuration: from the constructor arguments in it, or else from its tensors' shapes; a JSON
/// file beside the checkpoint goes over either.
/// </summary>
internal static class HTDemucsConfigReader
{
    // Over ten times what htdemucs has between its first layers (8.3 million) and in its transformer (1.4 million).
    private const double MaxActivation = 1 << 27, MaxTokens = 1 << 24;

    private static readonly HTDemucsConfig Defaults = new() { Sources = [] };

    /// <exception cref="ModelException">
    /// An argument has a value that is not supported: the message names it, its value and what is valid.
    /// </exception>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="arguments">Its constructor arguments by name; null when it has none.</param>
    /// <param name="overrides">Those that a file beside it gives; null where there is none.</param>
    public static HTDemucsConfig Read(Checkpoint checkpoint, IReadOnlyDictionary<string, object?>? arguments, IReadOnlyDictionary<string, object?>? overrides)
    {
        try
        {
            HTDemucsConfig config = arguments is not null ? Apply(Defaults, arguments) : HTDemucsShapes.Derive(checkpoint);
            if (overrides is not null)
            {
                config = Apply(config, overrides);
            }

            Check(config);
            return config;
        }
        catch (ModelException e)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Arguments that the original's constructor does not have. It drops them with a warning (older checkpoints
    /// carry some), and so does this reader.
    /// </summary>
    public static IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) =>
        arguments.Keys.Where(name => HTDemucsArguments.Rules.All(rule => rule.Name != name));

    /// <summary>
    /// Whether the original gives a model of this config the parameter without ever using it: the checkpoint has
    /// it, the graph does not ask for it.
    /// </summary>
    public static bool IsUnused(HTDemucsConfig config, string parameter) =>
        (config.TLayers == 0 && (parameter.StartsWith("channel_upsampler", StringComparison.Ordinal) || parameter.StartsWith("channel_downsampler", StringComparison.Ordinal)))
        || (!config.TNormFirst && parameter.StartsWith("crosstransformer.layers", StringComparison.Ordinal) && parameter.Contains(".norm3.", StringComparison.Ordinal));

    // In the rules' order: segment comes after samplerate, which it is counted in.
    private static HTDemucsConfig Apply(HTDemucsConfig config, IReadOnlyDictionary<string, object?> arguments) =>
        ArgumentRule<HTDemucsConfig>.Apply(HTDemucsArguments.Rules, config, arguments);

    private static void Check(HTDemucsConfig config)
    {
        if (config.Sources.IsEmpty)
        {
            throw new ModelException("its stems' names are not known. Give them in a JSON file beside it, of the same name: {\"sources\": [\"drums\", …]}.");
        }

        if (config.TLayers > 0 && config.ChannelsTime is int time && time != config.Channels)
        {
            throw new ModelException($"channels_time = {time} with channels = {config.Channels} is not supported; the transformer needs the same number in both branches.");
        }

        long inner = config.Channels;
        for (int i = 1; i < config.Depth; i++)
        {
            inner *= config.Growth;
        }

        if (inner > 65536)
        {
            throw new ModelException($"channels = {config.Channels}, growth = {config.Growth} and depth = {config.Depth} give {inner:N0} inner channels; at most 65,536 are supported.");
        }

        long dim = config.BottomChannels > 0 ? config.BottomChannels : inner;
        if (config.TLayers > 0 && dim % config.THeads != 0)
        {
            throw new ModelException($"t_heads = {config.THeads} is not supported; valid is a number that divides the transformer's {dim} channels.");
        }

        CheckSize(config, dim);
    }

    // What a file claims decides how much memory is asked for, before a single weight is compared.
    private static void CheckSize(HTDemucsConfig config, long dim)
    {
        double reduction = Math.Pow(config.Stride, config.Depth), samples = config.SegmentSamples, bins = config.Bins;
        double first = Math.Max(config.ChannelsTime ?? config.Channels, config.Channels) * Math.Max(samples, bins * config.Frames(config.SegmentSamples)) / config.Stride;
        double tokens = config.TLayers > 0 ? dim * Math.Max(samples, bins * config.Frames(config.SegmentSamples)) / reduction : 0;
        double output = 2.0 * config.AudioChannels * config.Sources.Length * bins * config.Frames(config.SegmentSamples);
        if (Math.Max(output, first) > MaxActivation || tokens > MaxTokens)
        {
            throw new ModelException($"its configuration needs {Math.Max(output, first):N0} numbers between two layers and {tokens:N0} in the transformer; at most {MaxActivation:N0} and {MaxTokens:N0} are supported. The usual cause is the segment of {config.SegmentNumerator}/{config.SegmentDenominator} s.");
        }
    }
}
