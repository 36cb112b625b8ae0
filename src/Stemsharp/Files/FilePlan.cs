using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Files;

/// <summary>What a song's stems become, decided when its rate and length are known.</summary>
internal sealed record FilePlan
{
    /// <summary>Frames that resampling may make beyond what the two rates tell.</summary>
    private const int SpareFrames = 64;

    /// <summary>The stems' rate in Hz.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Their channels.</summary>
    public required int Channels { get; init; }

    /// <summary>Their length in frames.</summary>
    public required long Length { get; init; }

    /// <summary>The folder that the user named, for messages; null for the first file's own.</summary>
    public string? Folder { get; init; }

    /// <summary>The files, or the tracks of the one Traktor file.</summary>
    public required IReadOnlyList<PlannedFile> Files { get; init; }

    /// <summary>What happens to samples above full scale.</summary>
    public ClipMode ClipMode { get; init; } = ClipMode.Rescale;

    /// <summary>Whether rescaling takes one gain for all files.</summary>
    public bool SharedGain { get; init; }

    /// <summary>Which of the files takes what the others lack to the mix; null for no exact sum.</summary>
    public int? Residual { get; init; }

    /// <summary>
    /// Opens the mix at <see cref="OutputRate"/>, for an exact sum at another rate than the stems': what the files add up
    /// to. Null: the mix that comes with the stems.
    /// </summary>
    public Func<IAudioReader>? OpenMix { get; init; }

    /// <summary>One Traktor file, at the path that all <see cref="Files"/> name, instead of a file for each of them.</summary>
    public TraktorStemOptions? Traktor { get; init; }

    /// <summary>Where samples wait; null for the system's folder.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Most encoders that may run at the same time; null: as many as are useful.</summary>
    public int? MostEncoders { get; init; }

    /// <summary>
    /// Whether files are written while the song is separated. Not those that are made of each other, nor where encoders have to take
    /// turns.
    /// </summary>
    public bool Streams => Residual is null && Traktor is null && !(Encodes && MostEncoders < Files.Count);

    /// <summary>Whether samples wait until the song's end, because a gain may depend on all of it.</summary>
    public bool Keeps => !Streams || ClipMode == ClipMode.Rescale;

    /// <summary>The rate at which samples wait. Resampling changes them, so that an exact sum comes after it.</summary>
    public int OutputRate => OpenMix is null ? SampleRate : Files[0].Encoding.SampleRate ?? SampleRate;

    /// <summary>Planes that wait: the files', and the mix.</summary>
    public int Planes => Files.Count + (Residual is null ? 0 : 1);

    /// <summary>Samples in a plane.</summary>
    public long PlaneLength => Channels *
        (OutputRate == SampleRate ? Length : Resampler.OutputLength(Length, SampleRate, OutputRate) + SpareFrames);

    /// <summary>Encoders that run at the same time; 0 for WAV. Where files are streamed all of them do, from the song's start.</summary>
    public int EncodersAtOnce =>
        Traktor is not null ? 1
        : !Encodes ? 0
        : Residual is not null || Streams ? Files.Count
        : Math.Min(Files.Count, MostEncoders ?? Math.Min(4, Environment.ProcessorCount));

    /// <summary>Disk that the finished files take, rather too much than too little.</summary>
    public long FileBytes => Files.Sum(f => DiskSpace.FileBytes((double)Length / SampleRate, Channels, f.Encoding, SampleRate));

    /// <summary>Disk that waiting samples take.</summary>
    public long SpoolBytes => Keeps ? StemSpool.Bytes(Planes, PlaneLength) : 0;

    private bool Encodes => Files[0].Encoding.Format != AudioFormat.Wav;
}

/// <summary>One file to be made.</summary>
/// <param name="Mixdown">What it holds.</param>
/// <param name="Path">Its final name.</param>
/// <param name="Encoding">Its format, dither and tags.</param>
internal sealed record PlannedFile(Mixdown Mixdown, string Path, EncodingOptions Encoding);
