namespace Stemsharp.Files;

/// <summary>A stem or the mix, waiting as floats for the gain that depends on the whole song.</summary>
internal interface IWaitingSamples
{
    /// <summary>The largest absolute sample.</summary>
    float Peak { get; }

    /// <summary>Reads the next samples, channels interleaved; fewer than asked for only at the end.</summary>
    int Read(Span<float> samples);
}
