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
        IReadOnlyList<string> available = library.Providers;
        if (!available.Contains(name))
        {
            throw new ExternalToolException($"{library.Path} (onnxruntime {library.Version}) was built without {name}; it has {string.Join(", ", available)}. Use one of these, or an onnxruntime built with {name}.");
        }

        SortedDictionary<string, string> values = ProviderNames.Options(options);
        foreach ((string key, string value) in options.ProviderOptions)
        {
            values[key] = value;
        }

        library.Try($"use {name}", () => settings.Append(options.Provider, values));
        if (options.Provider == ExecutionProvider.TensorRT)
        {
            // What TensorRT does not take.
            SortedDictionary<string, string> cuda = ProviderNames.Options(options with { Provider = ExecutionProvider.Cuda });
            library.Try($"use {ProviderNames.Of(ExecutionProvider.Cuda)}", () => settings.Append(ExecutionProvider.Cuda, cuda));
        }
    }
}
