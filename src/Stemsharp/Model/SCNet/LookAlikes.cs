using Stemsharp.Checkpoints;

namespace Stemsharp.Model.SCNet;

/// <summary>Networks that are called SCNet and compute something else: each is told by tensors that only it has.</summary>
internal static class LookAlikes
{
    private static readonly (string Start, string What)[] s_known =
    [
        ("pos_embed_f", "masks (SCNet Masked)"),
        ("mask_layer.", "masks (SCNet Masked)"),
        ("first_conv.", "transformers instead of LSTMs (SCNet Tran)"),
        ("separation_net.dp_modules.0.time_layer.", "transformers instead of LSTMs (SCNet Tran)"),
        ("separation_net.dp_modules.0.freq_layer.", "transformers instead of LSTMs (SCNet Tran)"),
        ("sd_blocks.", "blocks of another author's code (SCNet unofficial)"),
        ("dualpath_blocks.", "blocks of another author's code (SCNet unofficial)"),
        ("su_blocks.", "blocks of another author's code (SCNet unofficial)"),
    ];

    /// <summary>Refuses a checkpoint that is known to be another network.</summary>
    /// <exception cref="ModelException">Says which, and by which tensor it is told.</exception>
    public static void Refuse(Checkpoint checkpoint)
    {
        foreach (StoredTensor tensor in checkpoint.Tensors)
        {
            foreach ((string start, string what) in s_known)
            {
                if (tensor.Name.StartsWith(start, StringComparison.Ordinal))
                {
                    throw new ModelException($"it is an SCNet with {what}, which is not supported; its tensor {tensor.Name} tells. Plain ones are, small, large, XL and XL IHF.");
                }
            }
        }
    }
}
