namespace Stemsharp.Export.Interpretation;

/// <summary>How sums are taken: runtimes do not promise an order, so a graph is judged by a good one and by a bad one.</summary>
internal enum Summation
{
    /// <summary>As a careful runtime: products in blocks of 256 terms, other sums in sixteen partial ones.</summary>
    Blocks,

    /// <summary>Naively: every sum is one chain of single-precision additions, in the order in which the terms lie in memory.</summary>
    Chain,
}
