using System.Globalization;
using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Which convolutions a mixed graph computes in single precision: those of the encoders, whose rounding the skip
/// connections carry to the end, of the residual blocks, whose norms magnify what comes before them, and of the
/// outermost decoders. The transformer and the inner decoders, three quarters of the multiply-adds, are in half.
/// </summary>
internal static class MixedPolicy
{
    /// <param name="node">A convolution of the model, or the norm behind one.</param>
    /// <param name="depth">How many encoders each branch has.</param>
    public static bool IsSingle(Node node, int depth)
    {
        string[] path = node.Name.Split('.');
        bool numbered = path.Length > 1 && int.TryParse(path[1], CultureInfo.InvariantCulture, out _);
        int fromOutside = numbered ? depth - 1 - int.Parse(path[1], CultureInfo.InvariantCulture) : 0;
        return path[0] switch
        {
            "encoder" or "tencoder" => true,
            "decoder" when fromOutside <= 1 => true,
            "tdecoder" when fromOutside == 0 => true,
            _ => path.Contains("dconv") || path[0].StartsWith("channel_", StringComparison.Ordinal),
        };
    }
}
