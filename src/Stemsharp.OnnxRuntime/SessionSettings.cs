using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.OnnxRuntime;

/// <summary>Makes onnxruntime's settings of a session, with the execution provider.</summary>
internal static class SessionSettings
{
    public static ISessionSettings Create(OnnxRuntimeLibrary library, OnnxSessionOptions options)
    {
        ISessionSettings settings = library.Try("prepare a session", library.Binding.CreateSettings);
        try
        {
            library.Try("set a session option", () => settings.Configure(options));
            Append(library, settings, options);
            if (options.CountNodes)
            {
                library.Try("profile", () => settings.Profile(Path.Combine(Path.GetTempPath(), $"stemsharp-{Guid.NewGuid():N}")));
            }

            return settings;
        }
        catch
        {
            settings.Dispose();
            throw;
        }
    }

    private static void Append(OnnxRuntimeLibrary library, ISessionSettings settings, OnnxSessionOptions options)
    {
        if (options.Provider == ExecutionProvider.Cpu)
        {
            return;
        }

        string name = ProviderNames.Of(options.Provider);
        SortedDictionary<string, string> values = ProviderNames.Options(options);
        foreach ((string key, string value) in options.ProviderOptions)
        {
            values[key] = value;
        }

        if (options.ProviderLibrary is { } own)
        {
            ProviderDevice device = DeviceOf(library, own, name, options.Device);
            library.Try($"use {name}", () => settings.Append(device, values));
            return;
        }

        IReadOnlyList<string> available = library.Providers;
        if (!available.Contains(name))
        {
            throw new ExternalToolException($"{library.Path} (onnxruntime {library.Version}) was built without {name}; it has {string.Join(", ", available)}. Use one of these, or an onnxruntime built with {name}, or name the provider's own library (--provider-library).");
        }

        library.Try($"use {name}", () => settings.Append(options.Provider, values));
        if (options.Provider == ExecutionProvider.TensorRT)
        {
            // What TensorRT does not take.
            SortedDictionary<string, string> cuda = ProviderNames.Options(options with { Provider = ExecutionProvider.Cuda });
            library.Try($"use {ProviderNames.Of(ExecutionProvider.Cuda)}", () => settings.Append(ExecutionProvider.Cuda, cuda));
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
