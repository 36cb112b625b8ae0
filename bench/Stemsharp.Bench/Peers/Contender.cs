using System.Diagnostics;
using System.Runtime.InteropServices;
using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.OnnxRuntime;
using Stemsharp.Separation;

namespace Stemsharp.Bench.Peers;

/// <summary>Somebody who runs the network: ours, or onnxruntime with one of two graphs.</summary>
/// <param name="Key">What its process is started with, and what its graph's file is called.</param>
/// <param name="Name">As in the table.</param>
internal sealed record Contender(string Key, string Name)
{
    public static IReadOnlyList<Contender> All { get; } =
    [
        new("ours", "Stemsharp"),
        new("best", "onnxruntime, this project's graph"),
        new("published", "onnxruntime, graph in the published form"),
    ];

    public bool IsOurs => this == All[0];

    /// <summary>The network ready to run, with its transforms, from the files that <see cref="Prepare"/> wrote.</summary>
    public (SegmentRunner Runner, ITimedEngine Timer) Load(string folder, int threads)
    {
        using Checkpoint checkpoint = Checkpoint.Open(CheckpointIn(folder));
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        if (IsOurs)
        {
            Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
            CpuEngine cpu = new(graph, new CheckpointWeights(checkpoint, config, graph), threads);
            TimedCpuEngine timed = new(cpu);
            return (new SegmentRunner(timed, config.Nfft, cpu.Workers), timed);
        }

        TimedOnnxEngine engine = new(Path.Combine(folder, $"{Key}.onnx"), threads, new SegmentShape(
            config.Sources.Length, config.AudioChannels, config.Bins, config.Frames(config.SegmentSamples), config.SegmentSamples));
        return (new SegmentRunner(engine, config.Nfft, new ParallelWorkers(threads)), engine);
    }

    /// <summary>Writes the checkpoint and the graphs. In a process of its own, so that it counts for nobody.</summary>
    public static void Prepare(string model, string folder)
    {
        string path = Path.Combine(folder, "model.th");
        if (model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal))
        {
            using Checkpoint synthetic = SyntheticCheckpoint.Open(model);
            CheckpointConversion.Save(synthetic, path);
        }
        else
        {
            File.Copy(model, Path.ChangeExtension(path, Path.GetExtension(model)));
        }

        foreach (Contender contender in All.Where(c => !c.IsOurs))
        {
            Onnx.OnnxRuntimePeer.Write(CheckpointIn(folder), OnnxGraphKind.Spectrogram, contender.Key == "published", Path.Combine(folder, $"{contender.Key}.onnx"));
        }
    }

    private static string CheckpointIn(string folder) => Directory.GetFiles(folder, "model.*").Single();
}

/// <summary>An engine that says how long the network alone took in its last run.</summary>
internal interface ITimedEngine
{
    double Seconds { get; }
}

/// <summary>Our engine, timed.</summary>
internal sealed unsafe class TimedCpuEngine(CpuEngine engine) : ISegmentEngine, ISegmentBuffers, ITimedEngine
{
    public double Seconds { get; private set; }

    public SegmentShape Shape => engine.Shape;

    public string Description => engine.Description;

    public float* Spectrogram => engine.Spectrogram;

    public float* Waveform => engine.Waveform;

    public float* Spectrograms => engine.Spectrograms;

    public float* Waveforms => engine.Waveforms;

    public void Run(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        engine.Run(cancellationToken);
        Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken) =>
        throw new NotSupportedException("The runner uses the engine's own memory.");

    public void Dispose() => engine.Dispose();
}

/// <summary>onnxruntime on a graph file, timed; it reads and writes the transforms' memory, so nothing is copied.</summary>
internal sealed unsafe class TimedOnnxEngine(string path, int threads, SegmentShape shape) : ISegmentEngine, ISegmentBuffers, ITimedEngine
{
    private readonly OnnxSession _session = new(OnnxRuntimeLibrary.Load(), path, new OnnxSessionOptions { Threads = threads });
    private readonly float[] _spectrogram = Pinned(shape.SpectrogramLength), _waveform = Pinned(shape.WaveformLength);
    private readonly float[] _spectrograms = Pinned(shape.SpectrogramsLength), _waveforms = Pinned(shape.WaveformsLength);

    public double Seconds { get; private set; }

    public SegmentShape Shape => shape;

    public string Description => $"onnxruntime {_session.Library.Version} ({threads} threads)";

    public float* Spectrogram => AddressOf(_spectrogram);

    public float* Waveform => AddressOf(_waveform);

    public float* Spectrograms => AddressOf(_spectrograms);

    public float* Waveforms => AddressOf(_waveforms);

    public void Run(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        _session.Run([_spectrogram, _waveform], [_spectrograms, _waveforms], cancellationToken);
        Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken) =>
        throw new NotSupportedException("The runner uses the engine's own memory.");

    public void Dispose() => _session.Dispose();

    private static float[] Pinned(int length) => GC.AllocateArray<float>(length, pinned: true);

    private static float* AddressOf(float[] array) => (float*)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
}
