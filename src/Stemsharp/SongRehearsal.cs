using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// A fraction of a second of silence from a file to files, with an engine that only copies, so that a process's first song finds the code
/// around the network compiled: a thousand methods, a tenth of a second. Observers and logs are told nothing of it.
/// </summary>
internal static class SongRehearsal
{
    // A tenth of a second at the usual rate; with three of them there is a first, a middle and a last piece.
    private const int Samples = 4410, Pieces = 3;
    private static int s_rehearsed;

    /// <summary>Goes through it, once in a process, and not where everything is compiled already. Never fails.</summary>
    /// <param name="source">The model whose shapes it has.</param>
    /// <param name="options">What the separator was opened with.</param>
    public static void Run(ModelSource source, SeparatorOptions options)
    {
        if (RuntimeFeature.IsDynamicCodeCompiled && Interlocked.Exchange(ref s_rehearsed, 1) == 0)
        {
            try
            {
                RunUnobservedAsync(source, options).GetAwaiter().GetResult();
            }
#pragma warning disable CA1031 // The song that follows says what is wrong.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    /// <summary>Goes through it in a folder that is removed, and without a word to observers.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">What the separator was opened with.</param>
    /// <returns>The files that were made, and are no more.</returns>
    internal static async Task<SeparatedFiles> RunUnobservedAsync(ModelSource source, SeparatorOptions options)
    {
        SeparationTelemetry.Ignore();
        string temporary = options.Defaults.TemporaryFolder ?? Path.GetTempPath();
        string folder = Directory.Exists(temporary) ? Path.Combine(temporary, Path.GetRandomFileName()) : throw new DirectoryNotFoundException(temporary);
        Directory.CreateDirectory(folder);
        try
        {
            return await SeparateAsync(source, options, folder).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<SeparatedFiles> SeparateAsync(ModelSource source, SeparatorOptions options, string folder)
    {
        string song = Path.Combine(folder, "song.wav");
        NetworkDefinition first = source.Members[0].Definition;
        using (IAudioWriter writer = AudioFiles.Create(song, first.SampleRate, first.Channels, new EncodingOptions { SampleFormat = SampleFormat.Int16 }))
        {
            // Not quite silent: silence needs no network.
            float[] samples = new float[Pieces * Samples * first.Channels];
            samples.AsSpan().Fill(0.01f);
            writer.Write(samples);
            writer.Complete();
        }

        CopyBackend copies = new();
        ModelSource shapes = new(source.Name, source.Stems, source.SampleRate, [.. source.Members.Select(member => new ModelMember(new Shapes(member.Definition), member.Weights))]);
        await using Separator separator = Separator.Open(shapes, new SeparatorOptions
        {
            Engine = copies.Name,
            Backends = [copies],
            Stems = options.Stems,
            Threads = options.Threads,
            Defaults = options.Defaults with { Shifts = 0, Segment = null, Split = true, Timeline = null, WorkFolder = null },
        });
        return await separator.SeparateToFilesAsync(song, Path.Combine(folder, "stems")).ConfigureAwait(false);
    }

    /// <summary>A network without graph and tensors, whose pieces are short.</summary>
    private sealed class Shapes(NetworkDefinition definition) : Network(Shortened(definition), "shapes", "shapes", null)
    {
        internal override bool HasGraph => false;

        internal override Graph.Graph Record(int samples) => throw new NotSupportedException();

        internal override INetworkWeights OpenWeights(Graph.Graph graph) => throw new NotSupportedException();

        internal override string ComputeFingerprint() => "";

        private static NetworkDefinition Shortened(NetworkDefinition definition)
        {
            NetworkDefinition shortened = definition.At(Samples);
            return shortened with { Cut = shortened.Cut with { BorderSamples = Math.Min(shortened.Cut.BorderSamples, Samples / 4) }, Transform = null };
        }
    }
}
