using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Stemsharp.Audio;

/// <summary>
/// A running ffmpeg or ffprobe: pipes for its data, the end of what it said, and an end for it when the work is
/// cancelled or it delivers nothing for too long.
/// </summary>
internal sealed class FFmpegProcess : IDisposable
{
    private const int MessageBytes = 8192;
    private readonly Process _process;
    private readonly TimeSpan _stallLimit;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _registration;
    private readonly Timer _watchdog;
    private readonly Task _listening;
    private readonly byte[] _message = new byte[MessageBytes];
    private readonly StringBuilder _line = new();
    private int _messageLength;
    private volatile bool _stalled;
    private bool _disposed;

    /// <param name="program">The program's path.</param>
    /// <param name="arguments">One by one, not quoted.</param>
    /// <param name="stallLimit">Longest wait for data or the end.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <exception cref="ExternalToolException">It can't be started.</exception>
    public FFmpegProcess(string program, IEnumerable<string> arguments, TimeSpan stallLimit, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ProcessStartInfo start = new(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        // It would write a log file into the current folder.
        start.Environment.Remove("FFREPORT");
        start.Environment["AV_LOG_FORCE_NOCOLOR"] = "1";
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Exception error) when (error is Win32Exception or IOException or InvalidOperationException)
        {
            throw new ExternalToolException($"'{program}' can't be started: {error.Message}", error);
        }

        PipeSize.Enlarge(_process.StandardInput.BaseStream);
        PipeSize.Enlarge(_process.StandardOutput.BaseStream);
        _stallLimit = stallLimit;
        _cancellation = cancellation;
        _watchdog = new Timer(_ =>
        {
            _stalled = true;
            Kill();
        });
        _listening = Task.Run(ListenAsync, CancellationToken.None);
        _registration = cancellation.Register(Kill);
    }

    /// <summary>Told each line that it says, on another thread.</summary>
    public Action<string>? Listener { get; init; }

    /// <summary>Whether it has said anything.</summary>
    public bool HasSpoken => Volatile.Read(ref _messageLength) > 0;

    /// <summary>What it said last, in one line, without the addresses that FFmpeg puts before its messages.</summary>
    public string Message
    {
        get
        {
            string text;
            lock (_message)
            {
                text = Encoding.UTF8.GetString(_message, 0, _messageLength);
            }

            IEnumerable<string> lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(line => line.StartsWith('[') && line.IndexOf("] ", StringComparison.Ordinal) is > 0 and int end ? line[(end + 2)..] : line)
                .TakeLast(3);
            string message = string.Join("; ", lines);
            return message.Length == 0 ? "it gave no reason" : message;
        }
    }

    /// <summary>Runs a program to its end and returns what it wrote to its output.</summary>
    /// <param name="program">The program's path.</param>
    /// <param name="arguments">One by one.</param>
    /// <param name="limit">Longest wait.</param>
    /// <param name="subject">Begins the message of an error.</param>
    /// <exception cref="ExternalToolException">It does not run, fails, or takes too long.</exception>
    public static string Ask(string program, IEnumerable<string> arguments, TimeSpan limit, string subject)
    {
        using FFmpegProcess process = new(program, arguments, limit, CancellationToken.None);
        byte[] answer = process.ReadAll(1 << 20);
        int code = process.Finish(out string? fault);
        if (code != 0 || fault is not null)
        {
            throw new ExternalToolException($"{subject} failed: {fault ?? process.Message}");
        }

        return Encoding.UTF8.GetString(answer);
    }

    /// <summary>Reads up to the end of its output; what goes beyond the limit is dropped together with the process.</summary>
    public byte[] ReadAll(int limit)
    {
        using MemoryStream all = new();
        byte[] block = new byte[1 << 15];
        int got;
        while (all.Length <= limit && (got = Read(block)) > 0)
        {
            all.Write(block, 0, got);
        }

        if (all.Length > limit)
        {
            Kill();
        }

        return all.ToArray();
    }

    /// <summary>Reads what its output has; 0 at the end.</summary>
    public int Read(Span<byte> buffer)
    {
        _watchdog.Change(_stallLimit, Timeout.InfiniteTimeSpan);
        try
        {
            return _process.StandardOutput.BaseStream.Read(buffer);
        }
        finally
        {
            _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Writes to its input.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    public void Write(ReadOnlySpan<byte> buffer)
    {
        _watchdog.Change(_stallLimit, Timeout.InfiniteTimeSpan);
        try
        {
            _process.StandardInput.BaseStream.Write(buffer);
        }
        finally
        {
            _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Closes its input and waits for its end.</summary>
    /// <param name="fault">Why it was ended from here, where that is so.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public int Finish(out string? fault)
    {
        try
        {
            _process.StandardInput.BaseStream.Dispose();
        }
        catch (IOException)
        {
            // It has ended already; its exit code tells why.
        }

        if (!_process.WaitForExit(_stallLimit))
        {
            _stalled = true;
            Kill();
            _process.WaitForExit();
        }

        _cancellation.ThrowIfCancellationRequested();
        WaitForMessages();
        fault = _stalled ? $"it delivered nothing for {_stallLimit.TotalSeconds:0} s and was ended" : null;
        return _process.ExitCode;
    }

    /// <summary>Ends it before its time and waits for what it had to say.</summary>
    public void Stop()
    {
        Kill();
        WaitForMessages();
    }

    /// <summary>Throws if the work was cancelled.</summary>
    public void ThrowIfCancelled() => _cancellation.ThrowIfCancellationRequested();

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _registration.Dispose();
        Kill();
        _watchdog.Dispose();
        _process.WaitForExit(TimeSpan.FromSeconds(10));
        _process.Dispose();
    }

    // Its messages may arrive a moment after its end; a grandchild could hold the pipe open for longer.
    private void WaitForMessages() => _listening.Wait(TimeSpan.FromSeconds(5), CancellationToken.None);

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Keeps the last part of its messages, however many there are.</summary>
    private async Task ListenAsync()
    {
        byte[] block = new byte[1024];
        try
        {
            int got;
            while ((got = await _process.StandardError.BaseStream.ReadAsync(block).ConfigureAwait(false)) > 0)
            {
                lock (_message)
                {
                    int keep = Math.Min(_messageLength, MessageBytes - got);
                    _message.AsSpan(_messageLength - keep, keep).CopyTo(_message);
                    block.AsSpan(0, got).CopyTo(_message.AsSpan(keep));
                    _messageLength = keep + got;
                }

                Hear(block.AsSpan(0, got));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process is gone, and with it the pipe.
        }
    }

    private void Hear(ReadOnlySpan<byte> bytes)
    {
        if (Listener is null)
        {
            return;
        }

        // What matters in a line is ASCII; a name's letters that are cut in two stay unreadable.
        foreach (char letter in Encoding.UTF8.GetString(bytes))
        {
            if (letter != '\n')
            {
                _line.Append(letter);
                continue;
            }

            Listener(_line.ToString().TrimEnd('\r'));
            _line.Clear();
        }
    }
}
