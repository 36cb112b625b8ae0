namespace Stemsharp.Model.MDX23C;

/// <summary>The norms that a network of this kind may have.</summary>
internal enum MDX23CNorm
{
    /// <summary>Each channel by its own mean and variance.</summary>
    Instance,

    /// <summary>By what was measured in training.</summary>
    Batch,

    /// <summary>Some neighbouring channels by one mean and variance.</summary>
    Group,

    /// <summary>None.</summary>
    None,
}

/// <summary>The activations that a network of this kind may have.</summary>
internal enum MDX23CActivation
{
    Gelu,

    Relu,

    Elu,
}

/// <summary>
/// What an MDX23C (TFC-TDF v3) computes, by the names of the trainers' code where it has them. Letters: K subbands of f bins, C channels
/// at full resolution, T frames.
/// </summary>
internal sealed record MDX23CConfig
{
    /// <summary>Numbers that the first convolution takes at a position: 4·K.</summary>
    public required int Inputs { get; init; }

    /// <summary>C.</summary>
    public required int NumChannels { get; init; }

    /// <summary>Channels more from scale to scale.</summary>
    public required int Growth { get; init; }

    public required int NumScales { get; init; }

    public required int NumBlocksPerScale { get; init; }

    /// <summary>What a bottleneck along frequency divides its width by.</summary>
    public required int BottleneckFactor { get; init; }

    /// <summary>What time is divided by from scale to scale.</summary>
    public required int ScaleTime { get; init; }

    /// <summary>What frequency is divided by from scale to scale.</summary>
    public required int ScaleFrequency { get; init; }

    /// <summary>f, bins of a subband.</summary>
    public required int SubbandBins { get; init; }

    /// <summary>Stems that the network gives.</summary>
    public required int NumStems { get; init; }

    /// <summary>Whether the tensors hold what batch norms measured.</summary>
    public bool HasRunningStatistics { get; init; }

    public MDX23CNorm? Norm { get; init; }

    /// <summary>Groups of <see cref="MDX23CNorm.Group"/>.</summary>
    public int NormGroups { get; init; } = 1;

    public MDX23CActivation? Activation { get; init; }

    /// <summary>The factor of <see cref="MDX23CActivation.Elu"/>.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>What the configuration says of K; 0 where it says nothing.</summary>
    public int NumSubbands { get; init; }

    /// <summary>The FFT's points; 0 where the configuration does not say.</summary>
    public int Nfft { get; init; }

    /// <summary>Samples from frame to frame; 0 where the configuration does not say.</summary>
    public int Hop { get; init; }

    /// <summary>What the configuration says whatever the network.</summary>
    public TrainerConfig Trainer { get; init; } = new();

    /// <summary>K.</summary>
    public int Subbands => Inputs / 4;

    /// <summary>Bins that the network is shown, from 0 on.</summary>
    public int Bins => Subbands * SubbandBins;

    /// <summary>Frames have to be a multiple of it.</summary>
    public int FrameStep => (int)Math.Pow(ScaleTime, NumScales);
}
