namespace Stemsharp.Export.Interpretation;

/// <summary>
/// What the operations of an exported program work on, whatever format it came in: singles, row-major. Halves
/// are kept as the singles that they are.
/// </summary>
internal interface IOperand
{
    /// <summary>At least <see cref="Elements"/> values.</summary>
    float[] Data { get; }

    int[] Shape { get; }

    int Elements { get; }
}
