namespace Stemsharp.Cli.Hosting;

/// <summary>Calls back on the thread that reports, unlike <see cref="Progress{T}"/>, whose calls may come late and out of order.</summary>
internal sealed class DirectProgress<T>(Action<T> handler) : IProgress<T>
{
    public void Report(T value) => handler(value);
}
