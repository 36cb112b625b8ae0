namespace Stemsharp.OnnxRuntime.Binding;

/// <summary>How a session is to be made.</summary>
/// <param name="Options">What does not belong to a provider: threads, memory.</param>
/// <param name="Providers">In order of preference, all but the CPU, which is always there.</param>
/// <param name="Profile">What the path of the session's profile begins with; null for none.</param>
internal sealed record SessionPlan(OnnxSessionOptions Options, IReadOnlyList<ProviderPlan> Providers, string? Profile)
{
    /// <summary>The plan for an execution provider that the library has, or that a library of its own offers.</summary>
    public static SessionPlan Of(OnnxRuntimeLibrary library, OnnxSessionOptions options) =>
        new(options, [.. ProvidersOf(library, options)], options.CountNodes ? Path.Combine(Path.GetTempPath(), $"stemsharp-{Guid.NewGuid():N}") : null);

    private static IEnumerable<ProviderPlan> ProvidersOf(OnnxRuntimeLibrary library, OnnxSessionOptions options)
    {
        if (options.Provider == ExecutionProvider.Cpu)
        {
            yield break;
        }

        string name = ProviderNames.Of(options.Provider);
        SortedDictionary<string, string> values = ProviderNames.Options(options);
        foreach ((string key, string value) in options.ProviderOptions)
        {
            values[key] = value;
        }

        if (options.ProviderLibrary is { } own)
        {
            yield return new ProviderPlan(options.Provider, DeviceOf(library, own, name, options.Device), values);
            yield break;
        }

        IReadOnlyList<string> available = library.Providers;
        yield return available.Contains(name)
            ? new ProviderPlan(options.Provider, null, values)
            : throw new ExternalToolException($"{library.Path} (onnxruntime {library.Version}) was built without {name}; it has {string.Join(", ", available)}. Use one of these, or an onnxruntime built with {name}, or name the provider's own library (--provider-library).");
        if (options.Provider == ExecutionProvider.TensorRT)
        {
            // What TensorRT does not take.
            yield return new ProviderPlan(ExecutionProvider.Cuda, null, ProviderNames.Options(options with { Provider = ExecutionProvider.Cuda }));
        }
    }

    private static ProviderDevice DeviceOf(OnnxRuntimeLibrary library, string path, string name, int number)
    {
        ProviderDevice[] devices = [.. library.Devices(path).Where(device => device.Provider == name)];
        return number < devices.Length
            ? devices[number]
            : throw new ExternalToolException(devices.Length == 0
                ? $"{path} offers no device of {name}; it has {string.Join(", ", library.Devices(path).Select(d => d.Provider).Distinct())}. Name another --provider or another library."
                : $"{name} has no device {number}; there are {string.Join(", ", devices.Select(d => $"{d.Number} {d.Name}"))}.");
    }
}

/// <summary>A provider that a session is given.</summary>
/// <param name="Provider">Which one.</param>
/// <param name="Device">A device of a provider whose library was registered; null for a provider that the library was built with.</param>
/// <param name="Options">By the provider's own names.</param>
internal sealed record ProviderPlan(ExecutionProvider Provider, ProviderDevice? Device, IReadOnlyDictionary<string, string> Options);

/// <summary>A device as a provider offers it.</summary>
/// <param name="Provider">The provider, by onnxruntime's name.</param>
/// <param name="Number">Which of the provider's devices, counted from 0.</param>
/// <param name="Name">Its vendor and kind, for people.</param>
internal sealed record ProviderDevice(string Provider, int Number, string Name);
