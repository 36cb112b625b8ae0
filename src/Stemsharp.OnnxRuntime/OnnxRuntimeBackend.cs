using System.Globalization;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime.Nvidia;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// Networks as exported graphs on a native onnxruntime of the user's: processors, and GPUs of many vendors by its execution providers.
/// </summary>
public sealed class OnnxRuntimeBackend : Backend
{
    /// <summary>Its <see cref="Backend.Name"/>.</summary>
    public const string BackendName = "onnxruntime";

    private readonly string? _library;
    private readonly OnnxSessionOptions _options;
    private readonly Lazy<string?> _whyAbsent;

    /// <param name="library">The library's file; null to look for it as <see cref="OnnxRuntimeLibrary"/> does.</param>
    /// <param name="options">Provider and its options; threads and device come from the separator's options. Null for the CPU.</param>
    public OnnxRuntimeBackend(string? library = null, OnnxSessionOptions? options = null)
    {
        _library = library;
        _options = options ?? new OnnxSessionOptions();
        _whyAbsent = new Lazy<string?>(() =>
        {
            try
            {
                OnnxRuntimeLibrary.Load(library);
                return null;
            }
            catch (StemsharpException e)
            {
                return $"{e.Message}{OnnxRuntimeLibrary.WhereFrom(_options.Provider)}";
            }
        });
    }

    /// <summary>
    /// Gives the .onnx file of a network for so many samples, a precision and so many pieces in a run, by exporting it where it is not there
    /// yet. Without it only exported files run.
    /// </summary>
    public Func<Network, GraphRequest, string>? GraphFor { get; init; }

    /// <summary>Where compiled engines are kept: a folder that only the user can write. Null for none; TensorRT needs one.</summary>
    public string? CacheFolder { get; init; }

    /// <inheritdoc/>
    public override string Name => BackendName;

    /// <inheritdoc/>
    public override string Title => $"a native onnxruntime of yours, provider {ProviderName}";

    /// <inheritdoc/>
    public override bool IsAutomatic => false;

    /// <inheritdoc/>
    public override string? WhyAbsent => _whyAbsent.Value;

    /// <summary>Where it runs networks.</summary>
    public ExecutionProvider Provider => _options.Provider;

    private bool IsOnProcessor => OnnxNetworkSession.IsProcessor(Provider);

    private string ProviderName => Provider.ToString().ToLowerInvariant();

    /// <inheritdoc/>
    public override string? WhyRefused(Network network, EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(settings);
        if (network.HasGraph && GraphFor is null)
        {
            return $"{network.Signature} is no exported graph; onnxruntime runs what 'stemsharp export onnx' wrote.";
        }

        if (!network.HasGraph && network.Path?.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) != true)
        {
            return $"{network.Path} is no .onnx file.";
        }

        if (!network.HasGraph && settings.Precision == EnginePrecision.Mixed)
        {
            return $"{Path.GetFileName(network.Path)} has the precision that it was exported with; leave --precision out.";
        }

        return settings.Device is null || DeviceOf(settings.Device, out string? problem) is not null ? null : problem;
    }

    /// <inheritdoc/>
    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples)
    {
        // Its graph optimiser and allocator decide; what full-size networks were seen to take, in proportion to their tensors.
        long tensors = network.Definition.Outputs.Concat(network.Definition.Inputs)
            .Sum(port => network.Definition.ShapeOf(port, samples).Aggregate(4L, (n, d) => n * d));
        long weights = network.Path is { } path && File.Exists(path) ? 2 * new FileInfo(path).Length : 0;
        return IsOnProcessor ? new EngineMemory(weights + 12 * tensors, 12 * tensors)
            : new EngineMemory(weights + 12 * tensors, 2 * tensors, weights + 12 * tensors, 12 * tensors);
    }

    /// <inheritdoc/>
    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(settings);
        int wanted = !network.HasGraph ? 1 : settings.PiecesAtOnce > 0 ? settings.PiecesAtOnce : Provider == ExecutionProvider.Cuda ? BatchTrial.Most : 1;
        return Math.Clamp(wanted, 1, Math.Max(1, settings.MostPiecesAtOnce));
    }

    /// <inheritdoc/>
    public override string Describe(EngineSettings settings) => $"onnxruntime ({ProviderNames.Of(Provider).Replace("ExecutionProvider", "", StringComparison.Ordinal)})";

    /// <inheritdoc/>
    public override IEngine Open(Network network, EngineSettings settings)
    {
        Require(network, settings);
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load(_library);
        int device = settings.Device is { } named ? DeviceOf(named, out _)!.Value : _options.Device;
        OnnxSessionOptions options = _options with
        {
            Threads = settings.Threads,
            Device = device,
            CacheFolder = CacheFolder is null ? null : PrivateFolder.Open(Path.Combine(CacheFolder, ProviderName)),
        };
        EngineIdentity identity = new(Name, Provider == ExecutionProvider.Cpu ? ProviderName : Place(device), settings.Precision);
        int? chosen = null;
        OnnxNetworkRuntime runtime = new(
            network.Definition, identity,
            samples => chosen ??= Together(library, network, options, settings, samples),
            (samples, pieces) => Load(library, network, options, settings, samples, pieces))
        {
            Messages = settings.Logger is { } logger ? RuntimeMessages.To(logger) : null,
        };
        return new SpectralEngine(network.Definition, runtime, settings.Threads);
    }

    /// <summary>An engine of one graph file, and what the file says of itself; of a waveform graph by somebody else, what its shapes say.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="library">The library's file; null to look for it.</param>
    /// <param name="options">Provider and its options.</param>
    /// <exception cref="ModelException">It is no graph of one segment, or has spectrograms and does not say how they are made.</exception>
    internal static (IEngine Engine, NetworkDefinition Definition) OpenFile(string path, string? library, OnnxSessionOptions options)
    {
        OnnxNetworkSession session = new(OnnxRuntimeLibrary.Load(library), path, options);
        try
        {
            NetworkDefinition definition = session.Definition(path);
            EngineIdentity identity = new(BackendName, options.Provider.ToString().ToLowerInvariant(), EnginePrecision.Fp32);
            int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
            return (new SpectralEngine(definition, new OnnxNetworkRuntime(definition, identity, session), threads), definition);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    // As many as are asked for; where it is left to the backend, what a GPU's memory suffices for and a trial found best.
    private int Together(OnnxRuntimeLibrary library, Network network, OnnxSessionOptions options, EngineSettings settings, int samples)
    {
        if (!network.HasGraph)
        {
            return 1;
        }

        IReadOnlyList<NvidiaGpu> gpus = Gpus();
        NvidiaGpu? gpu = options.Device < gpus.Count ? gpus[options.Device] : null;
        Action<string> say = settings.Say ?? (_ => { });
        if (settings.PiecesAtOnce > 0)
        {
            int asked = Math.Min(settings.PiecesAtOnce, Math.Max(1, settings.MostPiecesAtOnce));
            if (asked > 1)
            {
                // TensorRT would build two engines more, for minutes.
                BatchTrial.Tell(Provider == ExecutionProvider.TensorRT ? null : Kept($"x{asked}.bits"), asked, Graph, say);
            }

            return asked;
        }

        // TensorRT would build an engine for each of the numbers.
        if (Provider != ExecutionProvider.Cuda || gpu is null)
        {
            return 1;
        }

        EngineMemory memory = Estimate(network, settings, samples);
        long fitting = 1 + Math.Max(0, gpu.Memory / 2 - memory.Device) / memory.DevicePerPiece;
        int most = (int)Math.Min(Math.Min(fitting, BatchTrial.Most), Math.Max(1, settings.MostPiecesAtOnce));
        return BatchTrial.Choose(Kept("batch"), most, Graph, say);

        OnnxNetworkSession Graph(int pieces) => new(library, FileFor(pieces), options with { CountNodes = false }, network.Definition.Stems);

        string FileFor(int pieces) => GraphFor!(network, new GraphRequest(samples, settings.Precision, pieces));

        // What was found holds for a graph, a kind of device and a version of the library.
        string? Kept(string what) => options.CacheFolder is { } folder
            ? Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(FileFor(1))}-{gpu?.Architecture ?? $"{options.Device}"}-{library.Version}.{what}")
            : null;
    }

    private OnnxNetworkSession Load(OnnxRuntimeLibrary library, Network network, OnnxSessionOptions options, EngineSettings settings, int samples, int pieces)
    {
        string graph = network.HasGraph ? GraphFor!(network, new GraphRequest(samples, settings.Precision, pieces)) : network.Path!;
        string key = network is ExportedNetwork exported ? exported.Sha256[..16] : Path.GetFileNameWithoutExtension(graph);
        OnnxNetworkSession session = options.Provider == ExecutionProvider.TensorRT
            ? TensorRTEngine.Create(library, graph, key, options, network.Definition.Stems, settings.Say ?? (_ => { }))
            : network.HasGraph ? OptimizedGraph.Load(library, graph, options, network.Definition.Stems)
            : new OnnxNetworkSession(library, graph, options, network.Definition.Stems);
        session.TellNodes(settings.Say);
        if (!network.HasGraph && session.Pieces.Count > 1)
        {
            settings.Say?.Invoke(BatchTrial.Uncompared(session.Pieces.Count));
        }

        return session;
    }

    // Its number, and its name where there is a way to ask for it.
    private string Place(int device)
    {
        IReadOnlyList<NvidiaGpu> gpus = Gpus();
        return string.Create(CultureInfo.InvariantCulture, $"{ProviderName} {device}{(device < gpus.Count ? $" {gpus[device].Name}" : "")}");
    }

    private IReadOnlyList<NvidiaGpu> Gpus() => Provider is ExecutionProvider.Cuda or ExecutionProvider.TensorRT ? NvidiaGpu.FindAll(out _) : [];

    // A number, or a part of an NVIDIA GPU's name.
    private int? DeviceOf(string device, out string? problem)
    {
        problem = null;
        if (Provider == ExecutionProvider.Cpu)
        {
            problem = $"onnxruntime's provider cpu has no devices to choose from; leave --device {device} out, or choose another --provider.";
            return null;
        }

        if (int.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < 64)
        {
            return number;
        }

        IReadOnlyList<NvidiaGpu> gpus = Gpus();
        int found = gpus.ToList().FindIndex(gpu => gpu.Name.Contains(device, StringComparison.OrdinalIgnoreCase));
        if (found >= 0)
        {
            return found;
        }

        string names = gpus.Count > 0 ? $"; there are {string.Join(", ", gpus.Select((gpu, i) => $"{i} {gpu.Name}"))}" : "; give a device's number, counted from 0";
        problem = $"onnxruntime's provider {ProviderName} knows no device '{device}'{names}.";
        return null;
    }
}
