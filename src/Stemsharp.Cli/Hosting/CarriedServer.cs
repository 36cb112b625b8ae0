#if CARRIES_SERVER
extern alias server;
#endif

namespace Stemsharp.Cli.Hosting;

/// <summary>The web server inside this program, which a build that carries its runtime, or was compiled ahead of time, has: it needs nothing that is installed.</summary>
internal static class CarriedServer
{
    /// <summary>The first argument of a process of this program that is the server.</summary>
    internal const string Word = "web-server";

#if CARRIES_SERVER
    /// <summary>Whether this build has it.</summary>
    internal static bool IsThere => true;

    /// <summary>Runs it in this process.</summary>
    /// <param name="arguments">The server's own.</param>
    /// <returns>The process's exit code.</returns>
    internal static Task<int> RunAsync(string[] arguments) => server::Stemsharp.Web.Hosting.ServeProcess.RunAsync(arguments);
#else
    /// <summary>Whether this build has it.</summary>
    internal static bool IsThere => false;

    /// <summary>Runs it in this process.</summary>
    /// <param name="arguments">The server's own.</param>
    /// <returns>The process's exit code.</returns>
    internal static Task<int> RunAsync(string[] arguments) => throw new InvalidOperationException("This build has no server inside.");
#endif
}
