using System.Globalization;

namespace Stemsharp.Cli.Planning;

/// <summary>Resident memory of this process and of the programs that it runs. Other systems than Linux tell only its own.</summary>
internal static class ProcessTree
{
    /// <summary>All of it together, in bytes; pages that several processes share count for each.</summary>
    internal static long Bytes() => Environment.WorkingSet + Children(Environment.ProcessId).Sum(c => c.Bytes);

    /// <summary>The largest program that this process runs now; 0 if there is none, or if the system does not tell.</summary>
    internal static long LargestChildBytes() => Children(Environment.ProcessId).Select(c => c.Bytes).DefaultIfEmpty(0).Max();

    private static IEnumerable<(int Process, long Bytes)> Children(int parent)
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        try
        {
            int[] children =
            [
                .. Directory.EnumerateDirectories($"/proc/{parent}/task")
                    .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Select(c => int.Parse(c, CultureInfo.InvariantCulture)),
            ];
            // Until it runs its own program, a child is seen with this process's memory.
            children = [.. children.Where(c => Program(c) != Program(parent))];
            return children.Select(c => (c, Resident(c))).Concat(children.SelectMany(Children)).ToArray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A thread or a child has just ended, or the kernel lists no children.
            return [];
        }
    }

    private static string? Program(int process) => File.ResolveLinkTarget($"/proc/{process}/exe", returnFinalTarget: false)?.FullName;

    private static long Resident(int process)
    {
        try
        {
            return long.Parse(File.ReadAllText($"/proc/{process}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}

/// <summary>Looks at the memory again and again until it is disposed.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private readonly Action _look;
    private readonly Timer _timer;
    private int _busy;

    /// <param name="interval">From one look to the next.</param>
    /// <param name="look">Looks, on a thread of the pool; never twice at once.</param>
    internal MemoryWatch(TimeSpan interval, Action look)
    {
        _look = look;
        _timer = new Timer(_ => Look(), null, interval, interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _busy, 1) == 1)
        {
            return;
        }

        try
        {
            _look();
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }
}
