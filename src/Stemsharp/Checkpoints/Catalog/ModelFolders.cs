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
