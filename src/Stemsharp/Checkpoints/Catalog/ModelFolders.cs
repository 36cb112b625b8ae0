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

    private static string Home(Func<string, string?> environment) =>
        Value(environment, OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME")
        ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string? Value(Func<string, string?> environment, string name) => environment(name) is { Length: > 0 } value ? value : null;
}
