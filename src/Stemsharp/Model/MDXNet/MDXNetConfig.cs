namespace Stemsharp.Model.MDXNet;

/// <summary>Everything that is known of an MDX-Net file.</summary>
internal sealed record MDXNetConfig
{
    /// <summary>Samples from one frame to the next, in every such network.</summary>
    public const int Hop = 1024;

    /// <summary>Points of the transform; 0 as long as they are not known.</summary>
    public int Nfft { get; init; }

    /// <summary>Bins that the network takes and gives (<c>dim_f</c>): the file says them.</summary>
    public int Bins { get; init; }

    /// <summary>Frames of a piece (<c>dim_t</c>): the file says them.</summary>
    public int Frames { get; init; }

    /// <summary>What the stem is multiplied by.</summary>
    public double Compensate { get; init; } = 1;

    /// <summary>The stem that the network gives, in UVR's words; empty as long as it is not known.</summary>
    public string PrimaryStem { get; init; } = "";

    /// <summary>Whether the network is run a second time on the negative sound, and the mean of both is taken: noise of its own goes.</summary>
    public bool Denoise { get; init; }

    /// <summary>Samples of a piece: the frames' last one has its middle at its end.</summary>
    public int Samples => Hop * (Frames - 1);

    /// <summary>The stem's name here: <c>No Crowd</c> is no_crowd.</summary>
    public string Stem => Word(PrimaryStem);

    /// <summary>The name of what is left of the mix: vocals and instrumental are each other's, crowd is no_crowd's and no_bass bass's.</summary>
    public string Complement => StemPairs.Other(Stem);

    private static string Word(string name) => name.Trim().ToLowerInvariant().Replace(' ', '_');
}
