using System.Runtime.InteropServices;

namespace Stemsharp.Cli.Hosting;

/// <summary>A start by a click instead of a command line: whoever clicks wants the page.</summary>
internal static partial class DesktopStart
{
    private static readonly string[] s_open = ["open"];

    /// <summary>What was given, or the command that opens the page where nothing was given and nobody reads the help.</summary>
    /// <param name="arguments">The process's own.</param>
    internal static string[] Arguments(string[] arguments) => arguments.Length == 0 && IsClick() ? s_open : arguments;

    /// <summary>Whether a start without arguments was a click: nothing is connected to a terminal, and there is a desktop.</summary>
    /// <param name="isDetached">Whether neither input nor outputs are a terminal.</param>
    /// <param name="isLinux">Whether a desktop is told by variables.</param>
    /// <param name="variable">Reads an environment variable.</param>
    internal static bool IsClick(bool isDetached, bool isLinux, Func<string, string?> variable) =>
        isDetached && (!isLinux || !string.IsNullOrEmpty(variable("DISPLAY")) || !string.IsNullOrEmpty(variable("WAYLAND_DISPLAY")));

    private static bool IsClick() => OperatingSystem.IsWindows()
        // The window is this process's own where it is the only one in it.
        ? GetConsoleProcessList(new uint[1], 1) == 1
        : IsClick(Console.IsInputRedirected && Console.IsOutputRedirected && Console.IsErrorRedirected, OperatingSystem.IsLinux(), Environment.GetEnvironmentVariable);

    [LibraryImport("kernel32", EntryPoint = "GetConsoleProcessList")]
    private static partial uint GetConsoleProcessList([Out] uint[] processes, uint count);
}
