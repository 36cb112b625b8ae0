namespace Stemsharp.Web.Store;

/// <summary>
/// Where a job's stems lie. Files are called by the stem's number: a stem's name comes from the model file and is
/// nothing to build a path from.
/// </summary>
internal sealed class StemFiles(string jobFolder)
{
    public string Work => Path.Combine(jobFolder, "work");

    /// <summary>Finished steps of a chain, which outlast a server that ends in mid-song.</summary>
    public string Steps => Path.Combine(jobFolder, "steps");

    /// <summary>What a fleet's workers make.</summary>
    public string Fleet => Path.Combine(jobFolder, "fleet");

    public string Stems => Path.Combine(jobFolder, "stems");

    /// <summary>Mixes on their way to a client.</summary>
    public string Mixes => Path.Combine(jobFolder, "mixes");

    public string PeaksFolder => Path.Combine(jobFolder, "peaks");

    public string Floats(int stem) => Path.Combine(Work, $"{stem}.wav");

    /// <summary>The song as the network heard it.</summary>
    public string MixFloats => Path.Combine(Work, "mix.wav");

    public string Final(int stem, string format) => Path.Combine(Stems, $"{stem}.{format}");

    public string PeakFile(int stem) => Path.Combine(PeaksFolder, $"{stem}.peaks");
}
