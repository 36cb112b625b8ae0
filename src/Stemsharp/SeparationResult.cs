using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Files;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>What is known about a song before its first block comes.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Stems">The stems that come, in order.</param>
/// <param name="SampleRate">Their rate in Hz: the model's.</param>
/// <param name="Channels">Their channels: 2.</param>
/// <param name="Length">Their length in samples per channel at <paramref name="SampleRate"/>.</param>
/// <param name="SourceSampleRate">The input's own rate in Hz.</param>
/// <param name="SourceChannels">The input's own number of channels.</param>
public sealed record SeparationInfo(
    string Model,
    IReadOnlyList<string> Stems,
    int SampleRate,
    int Channels,
    long Length,
    int SourceSampleRate,
    int SourceChannels)
{
    /// <summary>The length in time.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Length / SampleRate);
}

/// <summary>What a separation did.</summary>
/// <param name="Info">The song and its stems.</param>
/// <param name="Segments">Runs of the network, silent segments not counted.</param>
/// <param name="SilentSegments">Segments of digital silence, which cost nothing.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Peaks">Each stem's largest absolute sample; above 1 it clips unless it is scaled on saving.</param>
/// <param name="Engines">
/// Which engine made which segments, in order: one entry as a rule, more where one failed and another went on. Empty when all was silent.
/// </param>
public sealed record SeparationSummary(
    SeparationInfo Info,
    long Segments,
    long SilentSegments,
    TimeSpan Elapsed,
    IReadOnlyList<float> Peaks,
    IReadOnlyList<EngineShare> Engines)
{
    /// <summary>What was odd about the input, such as damage that its decoder met, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The last engine's own description; empty when all was silent.</summary>
    public string Engine => Engines.Count > 0 ? Engines[^1].Description : "";
}

/// <summary>A song's stems in memory.</summary>
public sealed class SeparationResult
{
    private readonly ResultOrigin _origin;
    private readonly float[][] _mix;
    private readonly float[][][] _stems;

    internal SeparationResult(SeparationSummary summary, ResultOrigin origin, float[][] mix, float[][][] stems)
    {
        Summary = summary;
        _origin = origin;
        _mix = mix;
        _stems = stems;
        Stems = StemNames.Zip(stems, (name, samples) => KeyValuePair.Create(name, (IReadOnlyList<float[]>)samples)).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>What was done.</summary>
    public SeparationSummary Summary { get; }

    /// <summary>The stems' names, in the model's order.</summary>
    public IReadOnlyList<string> StemNames => Summary.Info.Stems;

    /// <summary>The stems by name, each as [channel][sample].</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<float[]>> Stems { get; }

    /// <summary>The stems' rate in Hz.</summary>
    public int SampleRate => Summary.Info.SampleRate;

    /// <summary>The mix as the model heard it, [channel][sample]: resampled, two channels.</summary>
    public IReadOnlyList<float[]> Mix => _mix;

    /// <summary>A stem's samples, [channel][sample].</summary>
    /// <param name="stem">Its name.</param>
    /// <exception cref="OptionException">There is no such stem among <see cref="StemNames"/>.</exception>
    public IReadOnlyList<float[]> this[string stem] => TryGetStem(stem, out IReadOnlyList<float[]>? samples)
        ? samples
        : throw new OptionException($"There is no stem '{stem}' in this result; it has {string.Join(", ", StemNames)}.");

    /// <summary>Looks for a stem.</summary>
    /// <param name="stem">Its name.</param>
    /// <param name="samples">Its samples, [channel][sample].</param>
    /// <returns>Whether it is among <see cref="StemNames"/>.</returns>
    public bool TryGetStem(string stem, [NotNullWhen(true)] out IReadOnlyList<float[]>? samples) => Stems.TryGetValue(stem, out samples);

    /// <summary>The mix less a stem, such as the accompaniment of the vocals: new arrays, [channel][sample].</summary>
    /// <param name="stem">Its name.</param>
    /// <exception cref="OptionException">There is no such stem among <see cref="StemNames"/>.</exception>
    public IReadOnlyList<float[]> Without(string stem)
    {
        IReadOnlyList<float[]> samples = this[stem];
        float[][] rest = [.. _mix.Select(channel => new float[channel.Length])];
        for (int c = 0; c < rest.Length; c++)
        {
            TensorPrimitives.Subtract(_mix[c], samples[c], rest[c]);
        }

        return rest;
    }

    /// <summary>Reads a stem from its start, interleaved, as players and writers take samples.</summary>
    /// <param name="stem">Its name.</param>
    /// <exception cref="OptionException">There is no such stem among <see cref="StemNames"/>.</exception>
    public IAudioReader OpenReader(string stem) => new PlanarReader(this[stem], SampleRate);

    /// <summary>Writes the stems into files, as <see cref="StemSeparator.SeparateToFilesAsync(AudioInput, string, StemFileOptions?, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)"/> does.</summary>
    /// <param name="folder">Where files go; made if it does not exist.</param>
    /// <param name="files">Format, names, levels; null for the defaults. Of the input only its rate is still known: its tags and depth are not.</param>
    /// <param name="cancellationToken">Ends encoders; nothing is left of the files then.</param>
    /// <exception cref="OptionException">Options that exclude each other, need what is not here, or name files that cannot be.</exception>
    /// <exception cref="OutputException">A file cannot be written.</exception>
    /// <exception cref="ExternalToolException">The format needs FFmpeg, which is missing, too old, or lacks the encoder.</exception>
    public Task<SeparatedFiles> SaveAsync(string folder, StemFileOptions? files = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        files = (files ?? new StemFileOptions()).Resolved();
        OptionException.Require(
            !files.CopyTags && !files.KeepDepth,
            $"Stems in memory know neither the tags nor the depth of their song: give {nameof(StemFileOptions.Encoding)} what they should have, or use {nameof(StemSeparator.SeparateToFilesAsync)}.");
        files.Validate(_origin.ModelStems, StemNames.Count < _origin.ModelStems.Count ? StemNames : null, SampleRate, _mix.Length);
        return Task.Run(() => Save(folder, files, cancellationToken), cancellationToken);
    }

    /// <summary>Writes one stem into a file; the file name's extension says in which format.</summary>
    /// <param name="stem">Its name.</param>
    /// <param name="path">The file, ending in .wav, .flac, .mp3, .m4a, .opus or .ogg; its folder is made if it does not exist.</param>
    /// <param name="encoding">Depth, bit rate, tags; null for the defaults. Its format is not looked at.</param>
    /// <param name="cancellationToken">Ends the encoder; nothing is left of the file then.</param>
    /// <exception cref="OptionException">There is no such stem, or the extension means no format.</exception>
    /// <exception cref="OutputException">The file cannot be written.</exception>
    /// <exception cref="ExternalToolException">The format needs FFmpeg, which is missing, too old, or lacks the encoder.</exception>
    public async Task SaveStemAsync(string stem, string path, EncodingOptions? encoding = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _ = this[stem];
        string full = Path.GetFullPath(path);
        StemFileOptions files = new()
        {
            Encoding = (encoding ?? new EncodingOptions()) with { Format = AudioFormats.FromPath(path) },
            TwoStems = stem,
            OtherMethod = OtherMethod.None,
            FileName = (_, _, _) => Path.GetFileName(full),
        };
        await SaveAsync(Path.GetDirectoryName(full)!, files, cancellationToken).ConfigureAwait(false);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private SeparatedFiles Save(string folder, StemFileOptions files, CancellationToken cancellationToken)
    {
        SeparationInfo info = Summary.Info;
        AudioInput mix = AudioInput.FromReaders(() => new PlanarReader(_mix, SampleRate), SampleRate, _mix.Length, info.Length, _origin.Track, isCostly: false);
        using OpenedInput source = OpenedInput.Open(mix, null, cancellationToken);
        StemFilePlanner planner = new(files, folder, source)
        {
            Names = files.Layout == StemFileLayout.AudioSeparator ? _origin.Names : null,
            CancellationToken = cancellationToken,
        };
        using FileSink sink = new(planner.Plan, cancellationToken);
        ParallelWorkers workers = new(Environment.ProcessorCount);
        SeparatedBlock memory = new(_stems.Length, _mix.Length) { Workers = workers };
        StemBlock block = new(info, memory);
        sink.Begin(info);
        for (long start = 0; start < info.Length; start += memory.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            memory.Start = start;
            memory.Length = (int)Math.Min(SeparatedBlock.Capacity, info.Length - start);
            for (int c = 0; c < _mix.Length; c++)
            {
                _mix[c].AsSpan((int)start, memory.Length).CopyTo(memory.Mix[c]);
                for (int s = 0; s < _stems.Length; s++)
                {
                    _stems[s][c].AsSpan((int)start, memory.Length).CopyTo(memory.Stems[s][c]);
                }
            }

            sink.Write(block);
        }

        sink.Finish(workers);
        return SeparatedFiles.Of(Summary, sink, Summary.Warnings);
    }
}

/// <summary>What files need to know of a result beside its samples.</summary>
/// <param name="Track">What the song is called.</param>
/// <param name="ModelStems">All stems of the model, wanted or not.</param>
/// <param name="Names">How audio-separator would call the files.</param>
internal sealed record ResultOrigin(string Track, IReadOnlyList<string> ModelStems, AudioSeparatorNames Names);
