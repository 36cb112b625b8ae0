namespace Stemsharp.Chains;

/// <summary>One step of a <see cref="SeparationChain"/>: a model, or several as an ensemble, runs over one sound.</summary>
/// <param name="Name">Its name, for messages and resuming.</param>
/// <param name="Input">What it takes apart.</param>
/// <param name="Models">The models: one, or at least two for an ensemble.</param>
/// <param name="Ensemble">How an ensemble's versions become one; null for a single model.</param>
/// <param name="Stems">Which stems are taken, and what the chain calls them.</param>
public sealed record ChainStep(string Name, ChainSum Input, IReadOnlyList<ChainModel> Models, ChainEnsemble? Ensemble, IReadOnlyList<ChainStem> Stems);

/// <summary>A model of a step, and how it runs. What is left out is as the separator's options say.</summary>
/// <param name="Model">A known name or a file, as <see cref="SeparatorOptions.Model"/>.</param>
public sealed record ChainModel(string Model)
{
    /// <inheritdoc cref="SeparationOptions.Overlap"/>
    public double? Overlap { get; init; }

    /// <inheritdoc cref="SeparationOptions.Shifts"/>
    public int? Shifts { get; init; }

    /// <inheritdoc cref="SeparationOptions.Seed"/>
    public int? Seed { get; init; }

    /// <inheritdoc cref="SeparationOptions.Segment"/>
    public double? Segment { get; init; }
}

/// <summary>How several models' versions of a stem become one.</summary>
/// <param name="Algorithm">The rule.</param>
/// <param name="Weights">A weight for each model, for averages; null for equal ones.</param>
public sealed record ChainEnsemble(EnsembleAlgorithm Algorithm, IReadOnlyList<double>? Weights);

/// <summary>A stem that a step takes from its models.</summary>
/// <param name="Stem">What the models call it. Case does not count, nor which of the usual words for vocals and the rest it is.</param>
/// <param name="Name">What the chain calls it.</param>
public sealed record ChainStem(string Stem, string Name);

/// <summary>A stem that a chain gives.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sum">What it is.</param>
public sealed record ChainOutput(string Name, ChainSum Sum);
