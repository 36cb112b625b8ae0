using Stemsharp.Checkpoints;

namespace Stemsharp.Model.SCNet;

/// <summary>What an SCNet's tensors tell of it: all but its transform, where bands begin, and strides.</summary>
internal static class SCNetShapes
{
    private const int Most = 64;

    /// <summary>Whether these are the tensors of an SCNet, or of something that looks alike.</summary>
    public static bool IsSCNet(IEnumerable<string> names) =>
        names.Any(n => n.StartsWith("encoder.0.SDlayer.", StringComparison.Ordinal) || n.StartsWith("sd_blocks.0.", StringComparison.Ordinal));

    /// <summary>A config with all that shapes tell.</summary>
    /// <exception cref="ModelException">A tensor that every SCNet has is missing, or has another shape.</exception>
    public static SCNetConfig Derive(Checkpoint checkpoint)
    {
        TensorShapes shapes = new(checkpoint, "SCNet");
        int levels = shapes.Count("encoder.{0}.SDlayer.convs.0.weight", Most), width = shapes.Find($"encoder.{levels - 1}.SDlayer.convs.0.weight", 4)[0];
        IReadOnlyList<int> module = shapes.Find("encoder.0.conv_modules.0.layers.0.6.weight", 3);
        return new SCNetConfig
        {
            Dims = [.. Enumerable.Range(0, levels).Select(i => shapes.Find($"encoder.{i}.SDlayer.convs.0.weight", 4)[1]), width],
            BandKernel = [.. Enumerable.Range(0, SCNetConfig.Bands).Select(b => shapes.Find($"encoder.0.SDlayer.convs.{b}.weight", 4)[2])],
            ConvDepths = [.. Enumerable.Range(0, SCNetConfig.Bands).Select(b => shapes.Count($"encoder.0.conv_modules.{b}.layers.{{0}}.6.weight", Most))],
            ConvKernel = shapes.Find("encoder.0.conv_modules.0.layers.0.1.weight", 3)[2],
            Compress = Math.Max(1, (double)module[0] / module[1]),
            NumDplayer = shapes.Count("separation_net.dp_modules.{0}.lstm_layers.0.weight_ih_l0", Most),
            Expand = shapes.Find("separation_net.dp_modules.0.lstm_layers.0.weight_hh_l0", 2)[1] / width,
            NumStems = shapes.Find($"decoder.{levels - 1}.1.convtrs.0.weight", 4)[1] / 4,
        };
    }
}
