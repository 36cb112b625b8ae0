using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Runs of a session on arrays.</summary>
internal static unsafe class SessionRuns
{
    /// <summary>Runs the model once on arrays in the order of its inputs.</summary>
    /// <returns>An array for each output.</returns>
    public static float[][] Run(this OnnxSession session, params float[][] inputs)
    {
        IBoundRun bound = session.Bind();
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i].CopyTo(new Span<float>(bound.Input(i), session.Inputs[i].Elements()));
        }

        session.Run(bound, default);
        return [.. session.Outputs.Select((output, i) => new ReadOnlySpan<float>(bound.Output(i), output.Elements()).ToArray())];
    }

    public static int Elements(this TensorInfo tensor) => (int)tensor.Dims.Aggregate(1L, (n, d) => n * d);
}
