namespace Stemsharp.Checkpoints.Catalog;

/// <summary>Where models are kept on this machine.</summary>
internal static class ModelFolders
{
    /// <summary>
    /// The cache: STEMSHARP_CACHE, else the platform's place for things that can be fetched again
    /// ($XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LOCALAPPDATA%), with <c>stemsharp</c> below it.
    /// </summary>
    public static string DefaultCache(Func<string, string?> environment)
    {
        if (Value(environment, "STEMSHARP_CACHE") is { } chosen)
        {
            return Path.GetFullPath(chosen);
        }

        string home = Home(environment);
        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Value(environment, "LOCALAPPDATA") ?? Path.Combine(home, "AppData", "Local"), "stemsharp");
        }

        if (OperatingSystem.IsMacOS())
        {
            return Path.Combine(home, "Library", "Caches", "stemsharp");
        }

        return Path.Combine(Value(environment, "XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "stemsharp");
    }

    /// <summary>Where torch.hub, and with it the original, keeps downloaded checkpoints.</summary>
    public static string TorchHub(Func<string, string?> environment)
    {
        string torch = Value(environment, "TORCH_HOME")
            ?? Path.Combine(Value(environment, "XDG_CACHE_HOME") ?? Path.Combine(Home(environment), ".cache"), "torch");
        return Path.Combine(torch, "hub", "checkpoints");
    }

    /// <summary>
    /// Where Hugging Face's programs keep what they fetch, and with them demucs 4.1: HF_HUB_CACHE, or HUGGINGFACE_HUB_CACHE; <c>hub</c>
    /// below HF_HOME; else <c>huggingface/hub</c> below $XDG_CACHE_HOME or ~/.cache.
    /// </summary>
    public static string HuggingFace(Func<string, string?> environment)
    {
        string folder = Value(environment, "HF_HUB_CACHE") ?? Value(environment, "HUGGINGFACE_HUB_CACHE")
            ?? Path.Combine(Value(environment, "HF_HOME") ?? Path.Combine(Value(environment, "XDG_CACHE_HOME") ?? Path.Combine(Home(environment), ".cache"), "huggingface"), "hub");
        return Path.GetFullPath(folder is ['~', '/' or '\\', ..] ? Path.Combine(Home(environment), folder[2..]) : folder);
    }

    /// <summary>The address of Hugging Face's hub, or of the mirror of it that HF_ENDPOINT names.</summary>
    /// <exception cref="ModelException">HF_ENDPOINT is not an https address.</exception>
    public static Uri HubEndpoint(Func<string, string?> environment)
    {
        string address = Value(environment, "HF_ENDPOINT") ?? "https://huggingface.co";
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme == Uri.UriSchemeHttps
            ? endpoint
            : throw new ModelException($"HF_ENDPOINT is '{address}'; it must be an https address, such as https://huggingface.co. Leave it unset for that one.") { Failure = ModelFailure.Download };
    }

    /// <summary>Whether the user wants nothing to be fetched from the hub (HF_HUB_OFFLINE), as for Hugging Face's programs.</summary>
    public static bool IsHubOffline(Func<string, string?> environment) =>
        Value(environment, "HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    /// <summary>
    /// Where other programs keep the same files, and where people put their own: UVR's models (<c>STEMSHARP_UVR</c>, else where its
    /// installers and its repository put them) and audio-separator's (<c>AUDIO_SEPARATOR_MODEL_DIR</c>, else its default).
    /// </summary>
    public static IReadOnlyList<string> OfOthers(Func<string, string?> environment)
    {
        string home = Home(environment);
        string[] uvr = Value(environment, "STEMSHARP_UVR") is { } chosen ? [Path.GetFullPath(chosen)]
            : OperatingSystem.IsWindows() ? [Path.Combine(Value(environment, "LOCALAPPDATA") ?? Path.Combine(home, "AppData", "Local"), "Programs", "Ultimate Vocal Remover", "models")]
            : OperatingSystem.IsMacOS() ? ["/Applications/Ultimate Vocal Remover.app/Contents/Resources/models", "/Applications/Ultimate Vocal Remover.app/Contents/Frameworks/models"]
            : [Path.Combine(home, "ultimatevocalremovergui", "models")];
        return
        [
            .. uvr.SelectMany(models => (string[])[Path.Combine(models, "MDX_Net_Models"), Path.Combine(models, "Demucs_Models", "v3_v4_repo")]),
            Path.GetFullPath(Value(environment, "AUDIO_SEPARATOR_MODEL_DIR") ?? "/tmp/audio-separator-models"),
        ];
    }

    private static string Home(Func<string, string?> environment) =>
        Value(environment, OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME")
        ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string? Value(Func<string, string?> environment, string name) => environment(name) is { Length: > 0 } value ? value : null;
}
