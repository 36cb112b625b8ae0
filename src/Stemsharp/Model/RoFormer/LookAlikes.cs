using System.Text.RegularExpressions;
using Stemsharp.Checkpoints;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// Networks that are called RoFormers and hold most of their tensors, but compute something else: each is told by a tensor that only it
/// has, so that it is refused by its name and not by a list of leftovers.
/// </summary>
internal static partial class LookAlikes
{
    private static readonly (Regex Tensor, string What)[] s_known =
    [
        (LinearAttention(), "linear attention (linear_transformer_depth above 0)"),
        (Pope(), "PoPE positions (use_pope)"),
        (ValueResidual(), "value residuals (use_value_residual_learning, add_value_residual)"),
        (HyperConnections(), "hyper-connections (num_residual_streams above 1)"),
        (HyperAce(), "HyperACE masks"),
        (Refiner(), "an axial refiner behind its masks"),
        (Lora(), "low-rank adapters (LoRA); merge them into its weights first"),
        (Conformer(), "convolutions or state spaces in its layers (conformers, Mamba)"),
    ];

    /// <summary>Refuses a checkpoint that is known to be another network.</summary>
    /// <exception cref="ModelException">Says which, and by which tensor it is told.</exception>
    public static void Refuse(Checkpoint checkpoint)
    {
        foreach (StoredTensor tensor in checkpoint.Tensors)
        {
            foreach ((Regex regex, string what) in s_known)
            {
                if (regex.IsMatch(tensor.Name))
                {
                    throw new ModelException($"it is a RoFormer with {what}, which is not supported; its tensor {tensor.Name} tells.");
                }
            }
        }

        if (checkpoint.Tensors.FirstOrDefault(t => t.Name.StartsWith("mask_estimators.0.to_freqs.0.", StringComparison.Ordinal)) is { } mask
            && checkpoint.Tensors.All(t => t.Name != "mask_estimators.0.to_freqs.0.0.0.weight"))
        {
            throw new ModelException($"it is a RoFormer whose masks are not made of linear layers (FNO, or another variant), which is not supported; its tensor {mask.Name} tells.");
        }
    }

    /// <summary>
    /// Biases that the original form of one six-stem network has where RoFormers have none, and that are all zero: then they change
    /// nothing.
    /// </summary>
    /// <exception cref="ModelException">One is not zero.</exception>
    public static IReadOnlySet<string> ZeroBiases(Checkpoint checkpoint)
    {
        HashSet<string> result = new(StringComparer.Ordinal);
        foreach (StoredTensor tensor in checkpoint.Tensors.Where(t => SharedBias().IsMatch(t.Name) && t.Type.IsFloatingPoint()))
        {
            float[] values = new float[tensor.Count];
            tensor.CopyTo(values);
            if (values.AsSpan().ContainsAnyExcept(0f))
            {
                throw new ModelException($"it is a RoFormer with biases in its attention (use_shared_bias), which are supported only where they are zero; its tensor {tensor.Name} is not.");
            }

            result.Add(tensor.Name);
        }

        return result;
    }

    [GeneratedRegex(@"^layers\.\d+\.2\.|\.temperature$")]
    private static partial Regex LinearAttention();

    [GeneratedRegex("pope_embed")]
    private static partial Regex Pope();

    [GeneratedRegex("value_residual_mix")]
    private static partial Regex ValueResidual();

    [GeneratedRegex(@"\.branch\.|hyper_conn")]
    private static partial Regex HyperConnections();

    [GeneratedRegex(@"\.segm\.")]
    private static partial Regex HyperAce();

    [GeneratedRegex("refiner")]
    private static partial Regex Refiner();

    [GeneratedRegex("lora_")]
    private static partial Regex Lora();

    [GeneratedRegex(@"^layers\..*(conv|mamba|A_log)")]
    private static partial Regex Conformer();

    [GeneratedRegex(@"\.to_qkv\.bias$|\.to_out\.0\.bias$|linear_\d+_bias_\d+$")]
    private static partial Regex SharedBias();
}
