using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Cli.Tests;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>A worker as a process of its own, with what it has told so far.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _reading, _output;

    private WorkerProcess(Process process, Action<JsonElement> told)
    {
        _process = process;
        Pid = process.Id;
        _reading = ReadAsync(told);
        _output = process.StandardOutput.ReadToEndAsync();
    }

    internal int Pid { get; }

    internal bool HasExited => _process.HasExited;

    internal int ExitCode => _process.ExitCode;

    /// <summary>Whether it was killed on purpose, perhaps while it was being stopped.</summary>
    internal bool WasKilled { get; private set; }

    /// <summary>Starts one.</summary>
    /// <param name="queue">Where it takes jobs from.</param>
    /// <param name="told">Gets each event that it tells, also what it told before it was killed.</param>
    /// <param name="options">Further options.</param>
    internal static WorkerProcess Start(string queue, Action<JsonElement> told, params string[] options) => Start(queue, told, [], options);

    /// <summary>Starts one by another program, as one that puts it elsewhere.</summary>
    /// <param name="queue">Where it takes jobs from.</param>
    /// <param name="told">Gets each event that it tells.</param>
    /// <param name="prefix">The program, with its arguments.</param>
    /// <param name="options">Further options.</param>
    internal static WorkerProcess Start(string queue, Action<JsonElement> told, IReadOnlyList<string> prefix, params string[] options) =>
        new(ChildProcess.Start(["work", "--queue", queue, "--threads", "1", "--progress", "json", .. options], prefix: prefix), told);

    /// <summary>kill -9.</summary>
    internal async Task KillAsync()
    {
        WasKilled = true;
        _process.Kill();
        await EndAsync();
    }

    /// <summary>Sends a signal, by its name.</summary>
    internal void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-s", name, $"{Pid}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has ended.</summary>
    internal async Task EndAsync()
    {
        await _process.WaitForExitAsync();
        await Task.WhenAll(_reading, _output);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task ReadAsync(Action<JsonElement> told)
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            // A kill may cut the last line off.
            if (line.StartsWith('{') && line.EndsWith('}'))
            {
                using JsonDocument json = JsonDocument.Parse(line);
                told(json.RootElement.Clone());
            }
        }
    }
}
