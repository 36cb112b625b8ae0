using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Separating;

namespace Stemsharp.Cli.Planning;

/// <summary>Keeps <c>--max-memory</c>, or refuses: what the work needs is measured before it begins.</summary>
internal static class MemoryLimit
{
    /// <exception cref="OptionException">The work needs more.</exception>
    internal static async Task RequireAsync(
        SeparateRequest request, Separator separator, InputExpansion inputs, CancellationToken cancellationToken)
    {
        if (request.MaxMemory is not { } limit)
            return;
        Calibration calibration = await Calibration
            .MeasureAsync(request, separator, inputs.Tracks.Any(WorkPlan.Decodes), cancellationToken).ConfigureAwait(false);
        if (calibration.MemoryBytes > limit)
        {
            throw new OptionException(
                $"--max-memory {Words.Bytes(limit)} is not enough: {separator.Model} needs {Words.Bytes(calibration.MemoryBytes)} here. " +
                "Fewer --threads and WAV output need less; a smaller model needs much less.");
        }
    }
}
